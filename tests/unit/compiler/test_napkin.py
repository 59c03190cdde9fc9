import math

import pytest

from simulator.compiler import napkin

MIXED = """
network: {latency: 1ms, serialization: 100us}
services:
  a:
    concurrency: 8
    steps:
      - cpu: 2ms
      - parallel: [{call: b, times: 2}, {call: c, probability: 0.5}]
      - choose: [{weight: 95, steps: []}, {weight: 5, steps: [{sleep: 80ms}]}]
      - send: m
  b: {speed: 2, replicas: 2, steps: [{cpu: {dist: exponential, mean: 4ms}}]}
  c: {resources: {cpu: 500m}, steps: [{cpu: 3ms}]}
  m: {steps: [{cpu: 1ms}]}
workload:
  shoppers: {call: a, rate: 100/s}
  viewers: {calls: [{call: a}, {call: b}], rate: 50/s}
"""


def test_units_and_their_bottleneck(plan_of):
    result = napkin(plan_of(MIXED))
    units = {row.unit: row for row in result.units}
    assert list(units) == ["a", "b", "c", "m"]
    assert [row.visits_per_s for row in result.units] == pytest.approx([125.0, 275.0, 62.5, 125.0])
    assert [row.visits_per_request for row in result.units] == pytest.approx(
        [125 / 150, 275 / 150, 62.5 / 150, 125 / 150]
    )
    assert [row.offered_load for row in result.units] == pytest.approx([0.325, 0.575, 0.2, 0.1375])
    assert [row.capacity for row in result.units] == pytest.approx([1.0, 2.0, 0.5, 1.0])
    assert [row.utilisation for row in result.units] == pytest.approx([0.325, 0.2875, 0.4, 0.1375])
    assert (units["a"].slots_held, units["a"].slots) == (pytest.approx(1.8375), 8.0)
    assert units["a"].slot_utilisation == pytest.approx(1.8375 / 8)
    assert (units["b"].slots, units["b"].slot_utilisation) == (math.inf, 0.0)
    assert result.arrival_rate == 150.0
    assert (result.bottleneck, result.saturation_rate) == ("c", pytest.approx(375.0))


def test_slots_can_be_the_bottleneck(plan_of):
    result = napkin(plan_of(MIXED.replace("concurrency: 8", "concurrency: 2")))
    assert (result.bottleneck, result.saturation_rate) == ("a", pytest.approx(150.0 * 2 / 1.8375))


def test_services(plan_of):
    result = napkin(plan_of(MIXED))
    assert [(row.service, row.unit) for row in result.services] == [("a", "a"), ("b", "b"), ("c", "c"), ("m", "m")]
    assert [row.visits_per_s for row in result.services] == pytest.approx([125.0, 275.0, 62.5, 125.0])
    # b: 275 visits, of which 25 from the edge without packing: 575 ms of work; c: 3.2 ms on half a core
    assert [row.cpu_s for row in result.services] == pytest.approx([0.0026, 0.575 / 275, 0.0064, 0.0011])
    assert [row.offered_load for row in result.services] == pytest.approx([0.325, 0.575, 0.2, 0.1375])


def test_visits_of_a_unit_are_those_from_outside(plan_of):
    result = napkin(plan_of(MIXED, "monolith"))
    (unit,) = result.units
    assert (unit.visits_per_s, unit.visits_per_request) == (150.0, pytest.approx(1.0))
    assert [row.visits_per_s for row in result.services] == pytest.approx([125.0, 275.0, 62.5, 125.0])


def test_entries(plan_of):
    result = napkin(plan_of(MIXED))
    assert [(row.workload, row.endpoint, row.arrival_rate) for row in result.entries] == [
        ("shoppers", "a", 100.0),
        ("viewers", "a", 25.0),
        ("viewers", "b", 25.0),
    ]
    assert [row.least_latency_s for row in result.entries] == pytest.approx([0.0147, 0.0147, 0.002])
    assert result.closed == ()


CLOSED = """
services: {{a: {{replicas: 2, {more}steps: [{{cpu: 10ms}}, {{sleep: 40ms}}]}}}}
workload: {{call: a, users: {users}, thinkTime: {{dist: exponential, mean: 950ms}}}}
"""


@pytest.mark.parametrize(
    ("users", "more", "throughput", "latency"),
    [
        (100, "", 100.0, 0.05),  # 100 / (0.95 + 0.05)
        (400, "", 200.0, 1.05),  # two cores make 200 of 10 ms; 400 / 200 - 0.95
        (400, "concurrency: 3, ", 120.0, 400 / 120 - 0.95),  # six slots of 50 ms
        (0, "", 0.0, 0.05),
    ],
)
def test_bounds_of_closed_workloads(plan_of, users, more, throughput, latency):
    result = napkin(plan_of(CLOSED.format(users=users, more=more)))
    (row,) = result.closed
    assert (row.workload, row.users, row.think_s, row.bottleneck) == ("workload", users, 0.95, "a")
    assert row.throughput_high == pytest.approx(throughput)
    assert row.latency_low_s == pytest.approx(latency)
    assert (result.arrival_rate, result.bottleneck, result.saturation_rate) == (0.0, None, math.inf)
    assert result.units[0].visits_per_request == 1.0


def test_nothing_limits_a_pure_delay(plan_of):
    (row,) = napkin(plan_of("{services: {a: {steps: [{sleep: 50ms}]}}, workload: {call: a, users: 10}}")).closed
    assert (row.bottleneck, row.throughput_high, row.latency_low_s) == ("", pytest.approx(200.0), pytest.approx(0.05))


def test_a_unit_without_replicas_saturates_at_once(plan_of):
    result = napkin(plan_of(MIXED.replace("replicas: 2", "replicas: 0")))
    assert (result.bottleneck, result.saturation_rate) == ("b", 0.0)
    (row,) = napkin(plan_of(CLOSED.format(users=5, more="").replace("replicas: 2", "replicas: 0"))).closed
    assert (row.throughput_high, row.latency_low_s) == (0.0, math.inf)


def test_it_is_rendered_as_tables(plan_of):
    assert (
        str(napkin(plan_of(MIXED)))
        == """\
napkin of deployment microservices: expected values, as if nobody waited
arrival rate 150/s at the peak of the open workloads
bottleneck c: saturates at 375/s
waiting at callees holds slots too: a may let less through than this says

units
  unit  replicas  visits/s  a request    load  cores  used (%)  slots held     slots  slots used (%)
  a            1     125.0      0.833  0.3250    1.0     32.50       1.838         8           22.97
  b            2     275.0      1.833  0.5750    2.0     28.75       0.575  no limit            0.00
  c            1      62.5      0.417  0.2000    0.5     40.00       0.400  no limit            0.00
  m            1     125.0      0.833  0.1375    1.0     13.75       0.138  no limit            0.00

services
  service  unit  visits/s  a request  cpu (ms)    load
  a        a        125.0      0.833     2.600  0.3250
  b        b        275.0      1.833     2.091  0.5750
  c        c         62.5      0.417     6.400  0.2000
  m        m        125.0      0.833     1.100  0.1375

entries
  workload  endpoint  arrivals/s  least latency (ms)
  shoppers  a                100                14.7
  viewers   a                 25                14.7
  viewers   b                 25                 2.0"""
    )


def test_closed_workloads_are_rendered_too(plan_of):
    text = str(napkin(plan_of(CLOSED.format(users=400, more=""))))
    assert text.endswith("""\
closed workloads (bounds)
  workload  users  think (ms)  bottleneck  throughput <=  latency >= (ms)
  workload    400         950           a            200            1,050""")
    assert "arrival rate" not in text
    assert "bottleneck a:" not in text


def test_ordinary_names_fit_in_a_hundred_columns(plan_of):
    text = str(
        napkin(
            plan_of(
                MIXED.replace("100/s", "1234/s")
                .replace("m:", "notifications:")
                .replace("send: m", "send: notifications")
            )
        )
    )
    assert max(map(len, text.splitlines())) <= 100
