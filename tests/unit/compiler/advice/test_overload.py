"""What becomes of a unit that is asked for too much: its queue grows only where nothing bounds it (rule 16.6)."""

import pytest

import simulator as sim
from simulator.compiler.napkin import napkin

FILE = """
network: {{latency: 1ms}}
services:
  a: {{{own}steps: [{{call: b{policy}}}]}}
  b: {{{limit}steps: [{{cpu: 100ms}}]}}
workload: {{call: a, rate: 12/s{workload}}}
"""


def about_b(plan_of, policy="", limit="", own="", workload=""):
    plan = plan_of(FILE.format(policy=policy, limit=limit, own=own, workload=workload))
    return " ".join(warning for warning in plan.warnings if warning.startswith("b: offered"))


def test_a_queue_without_a_bound_grows(plan_of):
    assert "unstable, its queue grows" in about_b(plan_of)
    # a timeout frees the caller only: what it has left stays in the queue
    assert "unstable, its queue grows" in about_b(plan_of, ", timeout: 1s")


@pytest.mark.parametrize(
    ("policy", "limit", "own", "told"),
    [
        ("", "concurrency: 2, queue: {capacity: 5}, ", "", "it rejects requests"),
        (", bulkhead: {maxConcurrentCalls: 5}", "", "", "its callers' bulkheads reject the rest"),
        (", timeout: 1s, deadline: propagate", "", "", "what is too late for its callers is dropped"),
        (", circuitBreaker: {}", "", "", "circuit breakers may keep out the rest"),
        ("", "", "concurrency: 4, ", "who waits holds a slot of a"),
    ],
)
def test_what_bounds_it(plan_of, policy, limit, own, told):
    said = about_b(plan_of, policy, limit, own)
    assert told in said
    assert "unstable" not in said


AGAIN = """
network: {{latency: 1ms}}
services:
  a: {{steps: [{steps}]}}
  b: {{steps: [{{cpu: 10ms}}]}}
  c: {{steps: [{{call: b}}]}}
workload: {{call: a, rate: {rate}/s{policy}}}
"""


@pytest.mark.parametrize(
    ("steps", "rate", "policy", "unstable"),
    [
        ("{call: b, times: 2, timeout: 1s}", 60, "", False),  # 1.2 cores, and 0.6 once the first of two is late
        ("{call: b, times: 2, timeout: 1s}", 101, "", True),  # the first alone is too much
        ("{call: b, times: 2}", 60, "", True),  # who waits for ever asks again some time
        ("{call: b, timeout: 1s}, {call: b}", 60, "", False),
        ("{call: b}, {call: b, timeout: 1s}", 60, "", True),  # what is left out comes after b
        ("{call: c, timeout: 1s}, {call: b}", 60, "", False),  # by way of c, which goes on waiting
        ("{parallel: [{call: b, timeout: 1s}, {call: b}]}", 60, "", True),  # side by side, nothing is left out
        ("{call: b, timeout: 1s, fallback: {steps: [{sleep: 1ms}]}}, {call: b}", 60, "", True),
        ("{call: b, times: 2, retries: {attempts: 2, perTryTimeout: 1s}}", 60, "", True),  # 3 tries
    ],
)  # fmt: skip
def test_callers_that_run_out_of_time_ask_for_less(plan_of, steps, rate, policy, unstable):
    plan = plan_of(AGAIN.format(steps=steps, rate=rate, policy=policy))
    said = " ".join(warning for warning in plan.warnings if warning.startswith("b: offered"))
    assert ("unstable, its queue grows" in said) == unstable
    assert ("until callers run out of time" in said) != unstable


def test_what_callers_leave_out_keeps_the_queue_short():
    """Simulated: the longest latency is two timeouts and the work, although more is asked for than b can do."""
    text = AGAIN.format(steps="{call: b, times: 2, timeout: 1s}", rate=60, policy="")
    topology = sim.loads(f"{text}\nsimulation: {{duration: 100s, warmup: 20s, replications: 2}}\n")
    result = sim.simulate(topology)
    assert float(result.services.loc["b", "queue_length"]) < 2.0 * 60  # two calls of a second each, at most
    assert float(result.summary["latency_p99_s"]) < 2.1


@pytest.mark.parametrize(("permits", "unstable"), [(9, False), (11, True)])
def test_a_rate_limit_bounds_it_if_it_is_below_what_it_can_do(plan_of, permits, unstable):
    said = about_b(plan_of, limit=f"rateLimit: {{limitForPeriod: {permits}, limitRefreshPeriod: 1s}}, ")
    assert ("unstable" in said) == unstable
    assert said == "" or "offered load 1.1 cores" in said  # what the limit lets through


def test_behind_a_rate_limit_comes_less(plan_of):
    """The limit of a keeps b from being asked for more than it can do."""
    own = "rateLimit: {limitForPeriod: 9, limitRefreshPeriod: 1s}, "
    assert about_b(plan_of, own=own) == ""


def test_always_busy_is_no_growth_where_nothing_varies(plan_of):
    even = about_b(plan_of, workload=", arrivals: even").replace("12/s", "10/s")
    assert "unstable" in even  # above what it can do
    plan = plan_of("services: {a: {steps: [{cpu: 100ms}]}}\nworkload: {call: a, rate: 10/s, arrivals: even}")
    assert "unstable" not in " ".join(plan.warnings)
    assert "busy all the time" in " ".join(plan.warnings)
    plan = plan_of("services: {a: {steps: [{cpu: 100ms}]}}\nworkload: {call: a, rate: 10/s}")
    assert "unstable" in " ".join(plan.warnings)


BOTH = """
services: {{s: {{{queue}steps: [{{cpu: 10ms}}]}}}}
workload: {{web: {{call: s, rate: {rate}/s}}, batch: {{call: s, users: {users}, thinkTime: 100ms}}}}
"""


@pytest.mark.parametrize(
    ("rate", "users", "most", "busy"),
    [
        (50, 20, 50.0, True),  # 20 / 110 ms are 182/s, and web leaves 50
        (50, 5, 5 / 0.11, False),  # 45/s
        (120, 20, 100.0, False),  # web alone is too much, and is told so
    ],
)
def test_users_have_what_open_workloads_leave(plan_of, rate, users, most, busy):
    """Rule 16.5."""
    plan = plan_of(BOTH.format(rate=rate, users=users, queue=""))
    (row,) = napkin(plan).closed
    assert row.throughput_high == pytest.approx(most)
    told = "s: the users of batch take all that web leaves (0.5 of 1 cores): it is busy all the time"
    assert (told in " ".join(plan.warnings)) == busy
    assert "the users of batch are not in `used`: they take what the open workloads leave" in str(napkin(plan))


def test_where_requests_are_turned_away_users_may_have_all(plan_of):
    (row,) = napkin(plan_of(BOTH.format(rate=50, users=20, queue="concurrency: 4, queue: {capacity: 4}, "))).closed
    assert row.throughput_high == pytest.approx(100.0)
