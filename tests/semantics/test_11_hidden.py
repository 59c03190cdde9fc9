"""Rules 11.12 and 11.16 to 11.19: what no request's outcome tells."""

from __future__ import annotations

import pytest

import simulator as sim
from simulator.units import parse_duration


def warned(result, word):
    """The warnings with a word in them."""
    return [text for text in result.warnings if word in text]


def simulate(text, **settings):
    settings = {"replications": 1, "duration": "10s", "warmup": 0, "engine": "compiled", **settings}
    return sim.simulate(sim.loads(text), **settings)


# -- 11.16: calls as their callers see them

OUTAGE = """
services:
  web: {steps: [{call: pay, timeout: 500ms, fallback: {steps: []}}, {call: slow, timeout: 20ms, fallback: {steps: []}}]}
  pay: {steps: [{sleep: 5ms}]}
  slow: {steps: [{sleep: 50ms}]}
workload: {call: web, rate: 10/s, arrivals: even}
faults: [{at: 3.95s, for: 2s, target: pay, kill: {}}]
"""


def test_11_16_a_dead_and_a_slow_service_have_failed_calls_and_no_failed_visit():
    result = simulate(OUTAGE)
    table = result.services
    assert table["calls"].to_dict() == {"web": 100, "pay": 100, "slow": 100}
    assert table["failed_calls"].to_dict() == {"web": 0, "pay": 20, "slow": 100}
    assert table["errors"].to_dict() == {"web": 0, "pay": 0, "slow": 0}
    text, page = str(result), result._repr_html_()
    assert any(line.startswith("service") and line.endswith("failed") for line in text.splitlines())
    assert ">failed</th>" in page
    assert [line.split()[-1] for line in text.splitlines() if line.startswith(("pay ", "slow "))] == ["20", "100"]


def test_11_16_re_tries_are_part_of_their_call():
    text = """
    services:
      web: {steps: [{call: pay, retries: {attempts: 2, backoff: 0ms}, fallback: {steps: []}}]}
      pay: {errorRate: 100%, steps: []}
    workload: {call: web, rate: 10/s, arrivals: even}
    """
    row = simulate(text).services.loc["pay"]
    assert (row["calls"], row["failed_calls"], row["errors"]) == (100, 100, 300)


# -- 11.17: sends


def sending(how, *, deployments="", faults="[]", link="{}"):
    return f"""
    network: {{links: [{{from: web, to: mailer, {link[1:-1]}}}]}}
    services:
      web: {{steps: [{{send: mailer}}]}}
      mailer: {how}
    workload: {{call: web, rate: 10/s, arrivals: even}}
    faults: {faults}
    {deployments}
    """


DEAD = "[{at: 3.95s, for: 2s, target: mailer, kill: {}}]"
CUT = "[{at: 3.95s, for: 2s, target: mailer, partition: {}}]"
ABORTED = "[{at: 3.95s, for: 2s, target: mailer, abort: {}}]"
SENDS = {
    "dead": (sending("{steps: []}", faults=DEAD), 20, "20 unreachable"),
    "dies with it": (sending("{steps: [{sleep: 90ms}]}", faults=DEAD), 21, "1 error, 20 unreachable"),
    "lost": (sending("{steps: []}", link="{loss: 100%}"), 100, "100 lost"),
    "cut off": (sending("{steps: []}", faults=CUT), 20, "20 lost"),
    "aborted": (sending("{steps: []}", faults=ABORTED), 20, "20 error"),
    "rejected": (
        sending("{concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 150ms}]}"), 50, "50 rejected"
    ),
    "limited": (sending("{rateLimit: {limitForPeriod: 4, limitRefreshPeriod: 1s}, steps: []}"), 60, "60 rejected"),
    "fails": (sending("{errorRate: 100%, steps: []}"), 100, "100 error"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "failed", "ways"), SENDS.values(), ids=SENDS)
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_11_17_sends_that_fail_are_counted_at_their_target_and_said(text, failed, ways, engine):
    result = simulate(text, engine=engine)
    row = result.services.loc["mailer"]
    assert (row["sends"], row["failed_sends"], row["calls"]) == (100, failed, 0)
    assert result.summary["availability_ratio"] == 1.0
    (warning,) = warned(result, "sends to mailer")
    assert warning == f"{failed} of 100 sends to mailer failed: {ways}; they are in no request's outcome"


def test_11_17_inside_a_process_too():
    result = sim.simulate(
        sim.loads(sending("{errorRate: 100%, steps: []}")), "monolith", duration="10s", warmup=0, replications=1
    )
    assert result.services.loc["mailer", ["sends", "failed_sends"]].tolist() == [100, 100]


def test_11_17_sends_that_arrive_are_not_mentioned():
    result = simulate(sending("{steps: [{sleep: 1ms}]}"))
    assert result.services.loc["mailer", ["sends", "failed_sends"]].tolist() == [100, 0]
    assert warned(result, "sends") == []


# -- 11.12: breakers that let nobody pass

STUCK = """
network: {links: [{from: a, to: b, loss: 5%}]}
services:
  a:
    steps:
      - call: b
        circuitBreaker: {slidingWindowSize: 10, minimumNumberOfCalls: 10, waitDurationInOpenState: 2s,
                         permittedNumberOfCallsInHalfOpenState: 5}
  b: {steps: [{sleep: 5ms}], errorRate: 1%}
workload: {call: a, rate: 20/s}
faults: [{at: 60s, for: 5s, target: b, abort: {}}]
simulation: {duration: 3m, warmup: 0s, replications: 3}
"""


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_11_12_a_breaker_that_is_stuck_in_half_open_counts_as_open_and_is_said(engine):
    result = sim.simulate(sim.loads(STUCK), engine=engine, detail="requests")
    (warning,) = warned(result, "HALF_OPEN")
    assert warning.startswith("the circuit breaker of a towards b is stuck in HALF_OPEN since 6")
    assert "of its 5 permitted calls were never answered" in warning
    assert "give the call a timeout" in warning
    refused = (result.requests["cause"] == "circuit_open@b").groupby(result.requests["replication"]).mean()
    assert result.services.loc["b", "breaker_open_ratio"] == pytest.approx(refused.mean(), abs=0.02)


def test_11_12_with_a_timeout_it_is_not():
    result = simulate(STUCK.replace("{call: b", "{call: b").replace("- call: b", "- call: b\n        timeout: 1s"),
                      duration="2m", engine="compiled")  # fmt: skip
    assert warned(result, "HALF_OPEN") == []


# -- 11.18: replicas without a call


@pytest.mark.parametrize(
    ("balancer", "requests", "said"),
    [
        ("ROUND_ROBIN", 2, "replica 3 of 3 of pay got no call (ROUND_ROBIN, 2 calls)"),
        ("ROUND_ROBIN", 1, "replicas 2, 3 of 3 of pay got no call (ROUND_ROBIN, 1 calls)"),
        ("ROUND_ROBIN", 3, None),
    ],
)
def test_11_18_a_replica_that_nobody_calls_is_said(tmp_path, balancer, requests, said):
    (tmp_path / "at.csv").write_text("arrival_s\n" + "".join(f"{n}.5\n" for n in range(requests)))
    text = f"""
    services: {{pay: {{replicas: 3, loadBalancer: {balancer}, steps: [{{cpu: 1ms}}]}}}}
    workload: {{call: pay, replay: at.csv}}
    """
    result = sim.simulate(sim.loads(text, base=tmp_path), duration="10s", warmup=0, replications=1, engine="compiled")
    assert warned(result, "got no call") == ([said] if said else [])


def test_11_18_one_user_and_a_ring():
    text = """
    services: {pay: {replicas: 8, loadBalancer: CONSISTENT_HASH, steps: [{cpu: 1ms}]}}
    workload: {call: pay, users: 1, thinkTime: 100ms}
    """
    (warning,) = warned(simulate(text), "got no call")
    assert warning.startswith("7 of the 8 replicas of pay got no call (CONSISTENT_HASH, ")


# -- 11.19: deadlocks

POOLS = """
network: {{latency: 1ms}}
services:
  a:
    concurrency: {slots}
    resources: {{cpu: 4}}
    endpoints:
      foo: {{steps: [{{cpu: 1ms}}, {{call: {through}.foo{more}}}]}}
      bar: {{steps: [{{cpu: 1ms}}]}}
  b:
    concurrency: {slots}
    resources: {{cpu: 4}}
    endpoints:
      foo: {{steps: [{{cpu: 1ms}}]}}
      bar: {{steps: [{{cpu: 1ms}}, {{call: a.bar{more}}}]}}
  between: {{endpoints: {{foo: {{steps: [{{call: b.foo}}]}}}}}}
workload:
  x: {{call: a.foo, rate: 200/s}}
  y: {{call: b.bar, rate: 200/s}}
"""


@pytest.mark.parametrize("through", ["b", "between"])
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_11_19_slots_that_wait_for_each_other_are_a_deadlock_and_no_overload(engine, through):
    text = POOLS.format(slots=2, through=through, more="")
    result = simulate(text, duration="30s", engine=engine)
    (warning,) = warned(result, "deadlock")
    assert "all slots of a and b are held by visits that wait for a slot of these same replicas" in warning
    assert warned(result, "unstable") == []
    ends = result.requests["arrival_s"] + result.requests["latency_s"]
    since = parse_duration(warning.split("since ")[1].split(":")[0].replace(" ", ""))
    assert since == pytest.approx(ends.max(), abs=0.1)


def test_11_19_with_a_timeout_there_is_none():
    result = simulate(POOLS.format(slots=2, through="b", more=", timeout: 100ms"), duration="20s", engine="compiled")
    assert warned(result, "deadlock") == []


def test_11_19_overload_is_none():
    text = POOLS.format(slots=8, through="b", more="").replace("a.foo, rate: 200/s", "a.foo, rate: 5000/s")
    result = simulate(text.replace("b.bar, rate: 200/s", "b.foo, rate: 200/s"), duration="3s", engine="compiled")
    assert warned(result, "deadlock") == []
    assert warned(result, "unstable")
