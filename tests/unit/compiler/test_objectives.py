import math

SERVICES = "services: {a: {steps: [{cpu: 1ms}, {call: b.x}]}, b: {endpoints: {x: {steps: []}, y: {steps: []}}}}"


def test_objectives_stand_by_slo_and_percentile(plan_of):
    plan = plan_of(f"""
    {SERVICES}
    workload: {{call: a, rate: 1/s}}
    slos:
      second: {{call: b.x, mean: 5ms}}
      first: {{call: a, errorRate: 0.1%, p999: 900ms, p50: 20ms, p99: 300ms, mean: 30ms}}
      unreached: {{call: b.y, p99: 1s}}
    """)
    assert [(one.slo, one.endpoint, one.quantity, one.limit) for one in plan.objectives] == [
        ("first", 0, "p50", 0.02),
        ("first", 0, "p99", 0.3),
        ("first", 0, "p999", 0.9),
        ("first", 0, "mean", 0.03),
        ("first", 0, "errorRate", 0.001),
        ("second", 1, "mean", 0.005),
    ]
    assert [one.probability for one in plan.objectives[:3]] == [0.5, 0.99, 0.999]
    assert all(math.isnan(one.probability) for one in plan.objectives[3:])
