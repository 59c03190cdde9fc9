"""Section 1: time, horizon, drain; and instants that are equal on paper, counted by hand on grids of decimals."""

from __future__ import annotations

import math

import pytest

from simulator.rules.nanoseconds import NEVER, SECOND
from simulator.rules.randomness import child, mix
from simulator.rules.variates import sample

MS, TENTH = SECOND // 1000, SECOND // 10
EXPONENTIAL = 1
FAILING = "b: {errorRate: 100%, steps: []}"


def test_1_1_the_horizon_is_exclusive(run):
    seen = run("a: {steps: []}", at=[0, 1023, 1024, 1030])
    assert seen.arrivals == [0, 1023]
    assert seen.result.summary["requests"] == 2


def test_1_1_also_for_a_rate(run):
    seen = run("a: {steps: []}", workload="{call: a, rate: 512/s, arrivals: even}", duration="20t")
    assert seen.arrivals == list(range(20))


def test_1_2_events_at_the_end_of_the_drain_do_not_happen(run):
    """The run of 10 ticks is drained for 6: what would end at 16 does not."""
    seen = run("a: {steps: [{sleep: 8t}]}", at=[1, 7, 8, 9], duration="10t", drain="6t")
    assert seen.ends == [9, 15, None, None]
    assert seen.outcomes == ["ok", "ok", "unfinished", "unfinished"]


def test_1_2_what_was_sent_is_drained_too(run):
    seen = run("a: {steps: [{send: b}]}\nb: {steps: [{sleep: 8t}]}", at=[7, 8], duration="10t", drain="6t")
    assert seen.ends == [7, 8]
    assert seen.spans("b") == [(7, 15, "ok"), (8, None, "unfinished")]


def test_1_2_without_a_drain_what_is_in_flight_is_unfinished_and_levels_are_whole(run):
    seen = run("a: {steps: [{cpu: 8t}]}", at=[0, 60], duration="64t", drain="0s")
    assert seen.outcomes == ["ok", "unfinished"]
    assert seen.number("a", "utilisation_ratio") == (8 + 4) / 64
    assert seen.number("a", "arrival_rate_per_s") == 2 * 512 / 64
    assert seen.result.summary["throughput_per_s"] == 1 * 512 / 64


@pytest.mark.parametrize("deployment", ["microservices", "monolith"])
def test_a_request_without_work_takes_no_time(run, deployment):
    seen = run("a: {steps: [{call: b}]}\nb: {steps: []}", at=[3], deployment=deployment)
    assert seen.ends == [3]
    assert seen.outcomes == ["ok"]


# -- whole nanoseconds


def times(seen, target: str = "a") -> list[tuple[int | None, int | None]]:
    """Start and end of the attempts at a service, in nanoseconds."""
    rows = seen.result.attempts.query("target == @target")
    return list(zip(seen.whole(rows["start_s"]), seen.whole(rows["end_s"]), strict=True))


def lengths(seen, target: str = "a") -> list[int | None]:
    return [None if end is None else end - start for start, end in times(seen, target)]


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("1ns", 1), ("999ns", 999), ("1us", 1000), ("1234567ns", 1_234_567), ("100ms", TENTH), ("300ms", 3 * TENTH),
        ("700ms", 7 * TENTH), ("1.1s", 11 * TENTH), ("2.675s", 2675 * MS), ("1.000000001s", SECOND + 1),
        ("1.5ns", 2), ("2.5ns", 3), ("2.4ns", 2), ("0.5ns", 1), ("1s0.5ns", SECOND + 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", ["sleep", "cpu"])
def test_1_1_what_is_written_is_exact_or_rounded_half_up(run, step, written, nanoseconds):
    seen = run(f"a: {{steps: [{{{step}: {written}}}]}}", at=[0, 2000], duration="4s", drain="4s")
    assert lengths(seen) == [nanoseconds, nanoseconds]


@pytest.mark.parametrize("grid", [("100ms", "200ms"), ("200ms", "100ms"), ("100ms", "100ms", "100ms")])
def test_1_3_a_wait_is_added_to_now(run, grid):
    steps = ", ".join(f"{{sleep: {one}}}" for one in grid)
    seen = run(f"a: {{steps: [{steps}]}}", workload="{call: a, rate: 10/s, arrivals: even}", duration="10s")
    assert times(seen) == [(k * TENTH, (k + 3) * TENTH) for k in range(100)]


@pytest.mark.parametrize("step", ["sleep", "cpu"])
def test_1_4_what_is_drawn_is_rounded_once_half_up(run, stream, step):
    """A mean of 20 ns: what is lost by rounding is seen."""
    n = 40
    seen = run(f"a: {{steps: [{{{step}: {{dist: exponential, mean: 20ns}}}}]}}", at=range(n))
    expected = []
    for number in range(n):
        visit = child(child(number, stream("request workload"), 0), stream("entry workload -> a"), 0)
        seconds = sample(EXPONENTIAL, 20e-9, 0.0, 0.0, mix(1, 0), visit, stream(f"{step} a/0"), 0)
        expected.append(math.floor(seconds * 1e9 + 0.5))
    assert lengths(seen) == expected
    assert len(set(expected)) > 10


def test_1_4_each_message_is_rounded(run, stream):
    """The answer's latency is a draw of its own."""
    link = "network: {links: [{from: workload, to: a, latency: {dist: exponential, mean: 20ns}}]}"
    seen = run("a: {steps: []}", at=range(40), extra=link)
    expected = []
    for number in range(40):
        visit = child(child(number, stream("request workload"), 0), stream("entry workload -> a"), 0)
        drawn = [
            sample(EXPONENTIAL, 20e-9, 0.0, 0.0, mix(1, 0), visit, stream("latency workload->a"), k) for k in (0, 1)
        ]
        expected.append(sum(math.floor(seconds * 1e9 + 0.5) for seconds in drawn))
    assert lengths(seen) == expected


@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
@pytest.mark.parametrize(
    ("keys", "step", "factors", "nanoseconds"),
    [
        ("speed: 3", "cpu: 10ns", [], 3),  # 3.33
        ("speed: 2", "cpu: 5ns", [], 3),  # 2.5
        ("speed: 3", "cpu: 10ns", [2], 7),  # 6.67, not twice 3
        ("", "cpu: 1ns", [1.5, 1.5], 2),  # 2.25, not 1.5 times 2
        ("", "sleep: 1ns", [1.5, 1.5], 2),
        ("speed: 3", "sleep: 10ns", [0.25], 3),  # 2.5: speed is of cores
        ("resources: {cpu: 700m}", "cpu: 1ns", [7], 10),
        ("", "cpu: 1ns", [0.25], 0),
    ],
)
def test_1_4_work_is_rounded_after_all_that_makes_it_slower(run, scheduling, keys, step, factors, nanoseconds):
    faults = "".join(f"\n  - {{at: 0s, for: 1s, target: a, slow: {{factor: {factor}}}}}" for factor in factors)
    services = f"a: {{{keys}{', ' if keys else ''}scheduling: {scheduling}, steps: [{{{step}}}]}}"
    seen = run(services, extra=f"faults:{faults}" if faults else "")
    assert lengths(seen) == [nanoseconds]


def test_1_4_it_is_rounded_when_it_begins_with_a_core(run):
    """Each of 3.33, one after the other; the second begins at 3 and is slower by then."""
    services = "a: {speed: 3, steps: [{cpu: 10ns}]}"
    assert [end for _, end in times(run(services, at=[0, 0, 0]))] == [3, 6, 9]
    slow = "faults: [{at: 1ns, for: 4ns, target: a, slow: {factor: 2}}]"
    assert [end for _, end in times(run(services, at=[0, 0, 0], extra=slow))] == [3, 10, 13]


def test_1_4_times_add_up_exactly(run):
    """The parts of a latency are the latency, to the nanosecond."""
    drawn = "{dist: exponential, mean: 3ms}"
    services = f"""
    a: {{concurrency: 2, steps: [{{cpu: {drawn}}}, {{call: b, timeout: 9ms, retries: {{attempts: 3, jitter: full}}}}]}}
    b: {{scheduling: PS, steps: [{{cpu: {drawn}}}, {{sleep: {drawn}}}]}}
    """
    for seed in range(5):
        seen = run(services, at=[0, 0, 1, 1, 2, 3, 3], extra=f"network: {{latency: {drawn}}}", seed=seed)
        served = seen.result.requests["outcome"] == "ok"
        latency = sum(end - start for (start, end), ok in zip(times(seen), served, strict=True) if ok)
        # the table has means, in seconds
        assert abs(seen.result.breakdown.to_numpy().sum() * served.sum() * 1e9 - latency) < 0.01


LONG = "{dist: exponential, mean: 600000h}"
SLOW = "faults: [{at: 0s, for: 9s, target: a, slow: {factor: 1000000}}]"


@pytest.mark.parametrize(
    ("services", "extra"),
    [
        (f"a: {{steps: [{{sleep: {LONG}}}]}}", ""),
        (f"a: {{steps: [{{cpu: {LONG}}}]}}", ""),
        (f"a: {{scheduling: PS, steps: [{{cpu: {LONG}}}]}}", ""),
        (f"a: {{steps: [{{sleep: {LONG}}}]}}", SLOW),
        (f"a: {{scheduling: PS, steps: [{{cpu: {LONG}}}]}}", SLOW),
        ("a: {steps: []}", f"network: {{links: [{{from: workload, to: a, latency: {LONG}}}]}}"),
        ("a: {steps: [{call: b, timeout: 640000h}]}\nb: {steps: []}",
         "network: {links: [{from: a, to: b, loss: 100%}]}"),
        (f"a: {{steps: [{{call: b, timeout: {LONG}}}]}}\nb: {{steps: []}}",
         "network: {links: [{from: a, to: b, loss: 100%}]}"),
        (f"a: {{failures: {{mtbf: {LONG}, mttr: {LONG}}}, startup: {LONG}, steps: [{{sleep: 9h}}]}}", ""),
        (f"a: {{startup: {LONG}, healthCheck: 640000h, replicas: 2, steps: [{{sleep: 9h}}]}}",
         "faults: [{at: 0s, target: a, kill: {replicas: 1}}]"),
        ("a: {steps: [{call: b, retries: {attempts: 3, backoff: 500000h, maxBackoff: 640000h}}]}\n" + FAILING, ""),
    ],
)  # fmt: skip
def test_1_4_what_comes_to_2_to_the_61_is_never(run, services, extra):
    """A third of these draws are longer than 73 years."""
    seen = run(services, at=range(0, 1000, 25), extra=extra)
    unfinished = [outcome in ("unfinished", "unreachable") for outcome in seen.outcomes]
    assert all(unfinished)
    assert "unfinished" in seen.outcomes


def test_1_4_users_who_think_for_so_long_do_not_come(run):
    seen = run("a: {steps: []}", workload=f"{{call: a, users: 50, thinkTime: {LONG}}}")
    assert seen.arrivals == []


def test_never_is_a_power_of_two():
    assert NEVER == 2**61


# -- equal instants: the counts are worked out by hand


def even(run, services: str, rate: int = 10, duration: str = "10s", extra: str = ""):
    """Requests at 0, 1/rate, 2/rate ..."""
    return run(services, workload=f"{{call: a, rate: {rate}/s, arrivals: even}}", duration=duration, extra=extra)


def found(seen, outcome: str) -> list[int]:
    """The numbers of the requests that ended so."""
    return [number for number, one in enumerate(seen.outcomes) if one == outcome]


@pytest.mark.parametrize(
    ("rate", "duration", "limit", "period", "admitted"),
    [
        (10, "100s", 1, "100ms", range(1000)),  # each period has its request
        (10, "10s", 3, "300ms", range(100)),
        (10, "10s", 7, "700ms", range(100)),
        (10, "10s", 11, "1.1s", range(100)),
        (5, "10s", 1, "200ms", range(50)),
        (40, "10s", 1, "25ms", range(400)),
        (1000, "1s", 1, "1ms", range(1000)),
        (30, "10s", 3, "100ms", range(300)),  # 33333333, 66666667, 100000000 ns
        (7, "10s", 7, "1s", range(70)),
        (10, "10s", 1, "200ms", range(0, 100, 2)),
        (10, "10s", 1, "300ms", range(0, 100, 3)),
        (10, "10s", 1, "700ms", range(0, 100, 7)),
        (10, "10s", 2, "300ms", [k for k in range(100) if k % 3 < 2]),
        (100, "1s", 1, "30ms", range(0, 100, 3)),
    ],
)
def test_1_1_a_rate_limit(run, rate, duration, limit, period, admitted):
    limits = f"rateLimit: {{limitForPeriod: {limit}, limitRefreshPeriod: {period}, timeoutDuration: 0s}}"
    seen = even(run, f"a: {{{limits}, steps: [{{cpu: 1ms}}]}}", rate, duration)
    assert found(seen, "ok") == list(admitted)
    assert set(seen.outcomes) <= {"ok", "rejected"}


@pytest.mark.parametrize(
    ("patience", "admitted"),
    [
        # one in 200 ms: who comes amid a period takes the permit of the next one, if it may wait for 100 ms
        ("100ms", [0, *range(1, 100, 2)]), ("99999999ns", range(0, 100, 2)),
        # who comes as a period begins, whose permit was taken, takes that of the next one
        ("200ms", [0, 1, *range(2, 100, 2)]), ("199999999ns", [0, *range(1, 100, 2)]),
    ],
)  # fmt: skip
def test_1_1_a_wait_for_a_permit(run, patience, admitted):
    limits = f"rateLimit: {{limitForPeriod: 1, limitRefreshPeriod: 200ms, timeoutDuration: {patience}}}"
    seen = even(run, f"a: {{{limits}, steps: []}}")
    assert found(seen, "ok") == list(admitted)
    if patience == "100ms":
        assert [length for length in lengths(seen) if length != TENTH] == [0]


@pytest.mark.parametrize(
    ("at", "lasts", "first", "last"),
    [
        ("100ms", "200ms", 1, 2), ("300ms", "300ms", 3, 5), ("700ms", "100ms", 7, 7), ("0s", "300ms", 0, 2),
        ("600ms", "1.1s", 6, 16), ("1.1s", "2.2s", 11, 32), ("2.9s", "700ms", 29, 35),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "fault", ["abort: {}", "partition: {}", "delay: {fixedDelay: 3ms}", "slow: {factor: 3}", "pause: {}", "kill: {}"]
)
def test_1_1_a_fault(run, fault, at, lasts, first, last):
    """It is on from its beginning to just before its end: it meets the requests from `first` to `last`."""
    extra = f"faults: [{{at: {at}, for: {lasts}, target: a, {fault}}}]"
    seen = even(run, "a: {steps: [{sleep: 1ms}]}", duration="4s", extra=extra)
    ends = zip(lengths(seen), seen.outcomes, strict=True)
    assert [k for k, end in enumerate(ends) if end != (MS, "ok")] == [*range(first, last + 1)]


@pytest.mark.parametrize(
    ("rate", "duration", "wait", "step"),
    [
        (10, "100s", "200ms", 2), (10, "10s", "100ms", 1), (10, "10s", "300ms", 3), (10, "10s", "700ms", 7),
        (10, "10s", "1.1s", 11), (10, "10s", "250ms", 3), (100, "1s", "30ms", 3), (100, "1s", "70ms", 7),
        (5, "10s", "600ms", 3),
    ],
)  # fmt: skip
def test_1_1_a_breaker_that_waits(run, rate, duration, wait, step):
    """A try that passes fails, and opens it for as long again."""
    breaker = f"slidingWindowSize: 1, permittedNumberOfCallsInHalfOpenState: 1, waitDurationInOpenState: {wait}"
    seen = even(run, f"a: {{steps: [{{call: b, circuitBreaker: {{{breaker}}}}}]}}\n{FAILING}", rate, duration)
    assert [k for k, cause in enumerate(seen.causes) if cause == "error@b"] == [*range(0, len(seen.causes), step)]
    assert set(seen.causes) <= {"error@b", "circuit_open@b"}


@pytest.mark.parametrize(("longer", "outcome"), [("", "ok"), ("1ns", "error")])
@pytest.mark.parametrize("threshold", ["10ms", "100ms", "300ms"])
def test_1_1_what_takes_as_long_as_the_threshold_is_not_slow(run, threshold, longer, outcome):
    breaker = f"slowCallDurationThreshold: {threshold}, slowCallRateThreshold: 1, slidingWindowSize: 1"
    services = (
        f"a: {{steps: [{{call: b, circuitBreaker: {{{breaker}}}}}]}}\nb: {{steps: [{{sleep: {threshold}{longer}}}]}}"
    )
    assert set(even(run, services, 7).outcomes[10:]) == {outcome}


@pytest.mark.parametrize(
    ("at", "lasts", "startup", "missed"),
    [
        ("100ms", "100ms", "100ms", [1, 2]), ("100ms", "200ms", "0s", [1, 2]), ("100ms", "0s", "200ms", [1, 2]),
        ("200ms", "300ms", "100ms", [2, 3, 4, 5]), ("700ms", "0s", "100ms", [7]), ("300ms", "0s", "0s", []),
        ("1.1s", "1.1s", "1.1s", range(11, 33)), ("100ms", "100ms", "100000001ns", [1, 2, 3]),
    ],
)  # fmt: skip
def test_1_1_a_replica_that_starts_again(run, at, lasts, startup, missed):
    """Who arrives as it is ready is served."""
    extra = f"faults: [{{at: {at}, for: {lasts}, target: a, kill: {{}}}}]"
    seen = even(run, f"a: {{startup: {startup}, steps: []}}", duration="4s", extra=extra)
    assert found(seen, "unreachable") == list(missed)


@pytest.mark.parametrize(
    ("at", "check", "sent"),
    [
        ("100ms", "200ms", [1, 2]),
        ("700ms", "100ms", [7]),
        ("300ms", "300ms", [3, 4, 5]),
        ("1.1s", "2.2s", range(11, 33)),
    ],
)
def test_1_1_a_health_check(run, at, check, sent):
    """The dead replica gets what comes before its death is known; who comes as it is known is sent to nobody."""
    extra = f"faults: [{{at: {at}, for: 1m, target: a, kill: {{}}}}]"
    seen = even(run, f"a: {{healthCheck: {check}, steps: []}}", duration="4s", extra=extra)
    to_the_dead = [k for k, replica in enumerate(seen.replicas("a")) if replica == 0 and seen.outcomes[k] != "ok"]
    assert to_the_dead == list(sent)


@pytest.mark.parametrize(
    ("interval", "base", "tried"),
    [
        # out for the base, twice, three times ..., and back at the look of that very instant, to fail at once
        ("100ms", "100ms", [0, 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 66, 78, 91]),
        ("100ms", "300ms", [0, 3, 9, 18, 30, 45, 63, 84]),
        ("200ms", "200ms", [0, 2, 6, 12, 20, 30, 42, 56, 72, 90]),
        ("700ms", "700ms", [0, 7, 21, 42, 70]),
        # back at the next multiple of 0.3 s after 0.1, 0.2, 0.3 ...
        ("300ms", "100ms", [0, 3, 6, 9, 15, 21, 27, 36, 45, 54, 66, 78, 90]),
    ],
)
def test_1_1_an_ejected_replica(run, interval, base, tried):
    detection = f"{{consecutive5xxErrors: 1, maxEjectionPercent: 100, interval: {interval}, baseEjectionTime: {base}}}"
    seen = even(run, f"a: {{outlierDetection: {detection}, errorRate: 100%, steps: []}}")
    assert found(seen, "error") == tried
    assert set(seen.outcomes) == {"error", "unreachable"}


@pytest.mark.parametrize(
    ("stages", "start", "number"),
    [
        ([("10/s", "300ms")], 10, 3), ([("10/s", "700ms")], 10, 7), ([("10/s", "1.1s")], 10, 11),
        ([("10/s", "100ms"), ("10/s", "200ms")], 10, 3), ([("100/s", "290ms")], 100, 29),
        ([("100/s", "290ms"), ("100/s", "10ms")], 100, 30), ([("20/s", "1s")], 0, 10),
        ([("100/s", "70ms")], 100, 7),
    ],
)  # fmt: skip
def test_1_1_a_stage_ends_just_before_its_end(run, stages, start, number):
    """The arrival that would be at its very end is of the next stage, and none comes after the last."""
    text = ", ".join(f"{{target: {target}, duration: {duration}}}" for target, duration in stages)
    seen = run("a: {steps: []}", workload=f"{{call: a, startRate: {start}/s, stages: [{text}], arrivals: even}}")
    assert len(seen.outcomes) == number


GRID = [("1ms", "3ms", "5ms"), ("1ms", "8ms", "10ms"), ("1500us", "7ms", "10ms"), ("100ms", "100ms", "300ms")]
"""Two messages and a sleep between them take as long as the third."""


def just_before(written: str) -> str:
    return f"{int(written.removesuffix('ms')) * MS - 1}ns"


@pytest.mark.parametrize(("latency", "sleep", "whole"), GRID)
@pytest.mark.parametrize(
    "policy",
    [
        "timeout: {}", "timeout: {}, retries: {{attempts: 1, backoff: 1ms}}", "timeout: {}, deadline: propagate",
        "retries: {{attempts: 0, perTryTimeout: {}}}",
        "timeout: 1m, hedge: {{after: 2m}}, retries: {{attempts: 0, perTryTimeout: {}}}",
    ],
)  # fmt: skip
def test_1_1_an_answer_at_the_end_of_its_timeout_is_in_time(run, latency, sleep, whole, policy):
    extra = f"network: {{latency: {latency}}}"

    def answered(within: str):
        services = f"a: {{steps: [{{call: b, {policy.format(within)}}}]}}\nb: {{steps: [{{sleep: {sleep}}}]}}"
        return even(run, services, 7, "4s", extra)

    in_time, late = answered(whole), answered(just_before(whole))
    assert in_time.outcomes == ["ok"] * 28
    assert late.outcomes == ["error"] * 28
    assert late.causes == ["timeout@b"] * 28
    assert {one - other for one, other in zip(lengths(in_time, "b"), lengths(late, "b"), strict=True)} == {1}


@pytest.mark.parametrize(("latency", "sleep", "whole"), GRID)
def test_1_1_an_answer_as_a_hedge_is_due_is_first(run, latency, sleep, whole):
    services = f"a: {{steps: [{{call: b, hedge: {{after: {whole}}}}}]}}\nb: {{steps: [{{sleep: {sleep}}}]}}"
    extra = f"network: {{latency: {latency}}}"
    assert len(even(run, services, 7, "4s", extra).spans("b")) == 28
    hedged = even(run, services.replace(whole, just_before(whole)), 7, "4s", extra)
    assert len(hedged.spans("b")) == 2 * 28


@pytest.mark.parametrize(
    ("lasts", "retries", "starts"),
    [
        # at 0, 0.1, 0.2 ... until the fault has ended
        ("300ms", "attempts: 20, backoff: 100ms, maxBackoff: 100ms", range(4)),
        ("700ms", "attempts: 20, backoff: 100ms, maxBackoff: 100ms", range(8)),
        ("1.1s", "attempts: 20, backoff: 100ms, maxBackoff: 100ms", range(12)),
        # twice as long each time
        ("300ms", "attempts: 20, backoff: 100ms, maxBackoff: 10s", [0, 1, 3]),
        ("1.5s", "attempts: 20, backoff: 100ms, maxBackoff: 10s", [0, 1, 3, 7, 15]),
    ],
)
def test_1_1_a_try_after_a_backoff(run, lasts, retries, starts):
    services = f"a: {{steps: [{{call: b, retries: {{{retries}, jitter: none}}}}]}}\nb: {{steps: []}}"
    seen = run(services, extra=f"faults: [{{at: 0s, for: {lasts}, target: b, abort: {{}}}}]")
    assert [start for start, _ in times(seen, "b")] == [k * TENTH for k in starts]
    assert seen.outcomes == ["ok"]


@pytest.mark.parametrize(
    ("patience", "served"),
    [
        # one place, held for 0.3 s: freed at 0.3 when the wait of the second ends, of the third goes on
        ("200ms", [0, *range(1, 100, 3)]),
        ("199999999ns", [0, *range(2, 100, 3)]),
    ],
)
def test_1_1_a_place_that_is_freed_as_the_wait_for_it_ends(run, patience, served):
    bulkhead = f"bulkhead: {{maxConcurrentCalls: 1, maxWaitDuration: {patience}}}"
    seen = even(run, f"a: {{steps: [{{call: b, {bulkhead}}}]}}\nb: {{steps: [{{sleep: 100ms}}, {{sleep: 200ms}}]}}")
    assert found(seen, "ok") == served


@pytest.mark.parametrize(
    ("steps", "served"),
    [
        (["100ms"], 1), (["100ms", "200ms"], 3), (["100ms", "100ms", "100ms"], 3), (["700ms"], 7),
        (["100ms", "200ms", "400ms"], 7), (["100000001ns"], 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", ["cpu", "sleep"])
def test_1_1_a_slot_that_is_freed_as_somebody_arrives(run, step, steps, served):
    text = ", ".join(f"{{{step}: {one}}}" for one in steps)
    seen = even(run, f"a: {{concurrency: 1, queue: {{capacity: 0}}, steps: [{text}]}}")
    assert found(seen, "ok") == list(range(0, 100, served))


@pytest.mark.parametrize(
    ("think", "work", "first", "cycle"),
    [("100ms", "200ms", 1, 3), ("100ms", "600ms", 1, 7), ("300ms", "100ms", 3, 4), ("400ms", "200ms", 4, 6),
     ("1s", "100ms", 10, 11)],
)  # fmt: skip
def test_1_1_a_user_asks_until_the_horizon(run, think, work, first, cycle):
    """Who thinks 0.4 s and is served in 0.2 would ask at 10 s: that is the horizon."""
    workload = f"{{call: a, users: 1, thinkTime: {think}}}"
    seen = run(f"a: {{steps: [{{sleep: {work}}}]}}", workload=workload, duration="10s")
    assert seen.whole(seen.result.requests["arrival_s"]) == [k * TENTH for k in range(first, 100, cycle)]


@pytest.mark.parametrize("rate", [1, 10, 40, 250])
@pytest.mark.parametrize("horizon", ["700ms", "1.1s", "2.3s"])
def test_1_1_nothing_arrives_at_the_horizon(run, rate, horizon):
    tenths = {"700ms": 7, "1.1s": 11, "2.3s": 23}[horizon]
    assert len(even(run, "a: {steps: []}", rate, horizon).outcomes) == -(-tenths * rate // 10)
