import pytest

from simulator.plan.explain import WIDTH, describe_time, explain

TEXT = """
name: shop
simulation: {{duration: 5m, warmup: 30s, seed: 3, replications: 2}}
network:
  latency: 500us
  serialization: 50us
  links: [{{from: order, to: payment, latency: {{dist: exponential, mean: 1ms}}, loss: 0.1%, errorRate: 2%}}]
services:
  cart: {{concurrency: 8, queue: {{capacity: 4, discipline: LIFO}}, endpoints: {{
    checkout: {{steps: [{{cpu: {{dist: lognormal, mean: 3ms, cv: 0.8}}}}, {{call: order}}]}},
    view: {{steps: [], errorRate: 5%}}}}}}
  order:
    resources: {{cpu: 500m, memory: 256Mi}}
    speed: 1.5
    steps:
      - {{cpu: 8ms, probability: 0.3, times: 2}}
      - {{parallel: [{{call: payment, timeout: 300ms}}, {{steps: [{{sleep: 1ms}}, {{send: stock}}]}}]}}
      - {{choose: [{{weight: 95, steps: []}}, {{weight: 5, steps: [{{sleep: 80ms}}]}}]}}
  payment: {{kind: external, loadBalancer: ROUND_ROBIN, steps: [{{sleep: 90ms}}]}}
  stock: {{kind: database, replicas: 2, scheduling: PS, loadBalancer: {{choiceCount: all}}, concurrency: 1,
    steps: [{{cpu: 4ms}}]}}
  idle: {{steps: []}}
workload:
  shoppers: {{call: cart.checkout, rate: 20/s}}
  lookers: {{calls: [{{call: cart.view, weight: 3}}, {{call: cart.checkout}}], startRate: 1/s, arrivals: even,
    stages: [{{target: 5/s, duration: 5m}}, {{target: 5/s, duration: 5m}}]}}
  tills: {{call: cart.view, users: 30, thinkTime: {{dist: exponential, mean: 6s}}}}
  replayed: {{call: cart.view, replay: {replay}}}
slos: {{fast: {{call: cart.checkout, p99: 300ms, errorRate: 0.1%}}}}
prices: {{currency: EUR, vcpuHour: 0.04, gibHour: 0.005, unitHour: 0.02}}
"""

EXPECTED = """\
plan of shop, deployment microservices
digest {digest}
run 5m, warmup 30s, drain 1m, 2 replications from seed 3, confidence 95%

units
  cart: 1 replica, 1 cpu each, cores FIFO, 8 slots, queue of 4 LIFO, LEAST_REQUEST of 2
    hosts cart (service, pace 1)
  order: 1 replica, 500m cpu each, 256Mi memory, cores FIFO, slots without limit, LEAST_REQUEST of 2
    hosts order (service, pace 0.75)
  payment: 1 replica, 1 cpu each, cores FIFO, slots without limit, ROUND_ROBIN, not priced
    hosts payment (external, pace 1)
  stock: 2 replicas, 1 cpu each, cores PS, 1 slot, queue without limit FIFO, LEAST_REQUEST of all
    hosts stock (database, pace 1)

workloads
  lookers: evenly spaced arrivals, from 1/s to 5/s for 5m, then at 5/s for 5m
    75% cart.view over the network
    25% cart.checkout over the network
  replayed: 3 arrivals replayed, from 500ms to 2s
    100% cart.view over the network
  shoppers: Poisson arrivals, at 20/s
    100% cart.checkout over the network
  tills: 30 users, who think exponential (mean 6s) before each request
    100% cart.view over the network

programs
  cart.checkout at cart
    0    cpu lognormal (mean 3ms, cv 0.8)
    1    call order over the network (latency 500us, serialization 50us)
  cart.view at cart, fails 5%
         nothing
  order at order
    4    maybe, with probability 30%
    5      repeat 2 times
    6        cpu 8ms
    8    parallel
           branch 0
    9        call payment over the network (latency exponential (mean 1ms), loss 0.1%, error rate
                 2%, serialization 50us, timeout 300ms)
           branch 1
   11        sleep 1ms
   12        send stock over the network (latency 500us, serialization 50us)
   14    choose
           option 0, 95%: nothing
           option 1, 5%
   16        sleep 80ms
  payment at payment
   19    sleep 90ms
  stock at stock
   21    cpu 4ms

objectives
  fast: p99 of cart.checkout at most 300ms
  fast: errorRate of cart.checkout at most 0.1%

prices per hour in EUR: 0.04 a core, 0.005 a GiB, 0.02 a unit

warnings
  idle: no workload reaches it; it is left out of the plan and of the cost"""


@pytest.fixture
def shop(plan_of, tmp_path):
    (tmp_path / "arrivals.csv").write_text("arrival_s\n0.5\n0.5\n2\n")
    return lambda deployment: plan_of(TEXT.format(replay=tmp_path / "arrivals.csv"), deployment)


def test_a_plan_in_words(shop):
    plan = shop("microservices")
    assert explain(plan) == EXPECTED.format(digest=plan.digest())
    assert plan.explain() == explain(plan)


def test_calls_inside_a_process_say_so(plan_of):
    text = """
    services: {a: {steps: [{call: b}, {send: b}]}, b: {steps: []}}
    workload: {call: a, rate: 1/s}
    """
    lines = plan_of(text, "monolith").explain().splitlines()
    assert lines[lines.index("programs") :] == [
        "programs",
        "  a at monolith",
        "    0    call b in process",
        "    1    send b in process",
        "  b at monolith",
        "         nothing",
    ]


def test_an_automatic_warmup_and_a_single_run(plan_of):
    text = """
    simulation: {warmup: auto, replications: 1}
    services: {a: {steps: [{cpu: 1ms}]}}
    workload: {call: a, stages: [{target: 5/s, duration: 0s}]}
    """
    lines = plan_of(text).explain().splitlines()
    assert lines[2] == ("run 10m, warmup found by MSER-5, drain 1m, 1 replication from seed 1, confidence 95%")
    assert "  workload: Poisson arrivals, none" in lines


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("5ms", "5ms"),
        ("0s", "0s"),
        ("{dist: exponential, mean: 12ms}", "exponential (mean 12ms)"),
        ("{dist: uniform, min: 1ms, max: 4ms}", "uniform (mean 2.5ms, 1ms to 4ms)"),
        ("{dist: normal, mean: 10ms, cv: 0.2}", "normal (mean 10ms, cv 0.2)"),
        ("{dist: lognormal, p50: 6ms, p99: 25ms}", "lognormal (mean 7.242ms, cv 0.676)"),
        ("{dist: pareto, p50: 1ms, p99: 13ms}", "pareto (mean 1.843ms, cv inf)"),
        ("{dist: hyperexponential, mean: 1ms, cv: 3}", "hyperexponential (mean 1ms, cv 3)"),
        (
            "{dist: empirical, quantiles: {p0: 0ms, p50: 1ms, p100: 5ms}}",
            "empirical (mean 1.75ms, cv 0.861, 3 quantiles)",
        ),
    ],
)
def test_times_in_words(plan_of, given, words):
    plan = plan_of(f"{{services: {{a: {{steps: [{{sleep: {given}}}]}}}}, workload: {{call: a, rate: 1/s}}}}")
    assert describe_time(plan, 0) == words


def test_lines_fit(shop):
    for deployment in ("microservices", "monolith"):
        assert max(map(len, shop(deployment).explain().splitlines())) <= WIDTH == 100
