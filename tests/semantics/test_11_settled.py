"""Rule 11.24: when all is done that a request has set off."""

import math

import pytest

import simulator as sim

LINK = "network: {links: [{from: a, to: b, latency: 10t}]}"


def completions(run):
    """In ticks, None where there is none, in the order of arrivals."""
    return [None if s != s else s * 512 for s in run.result.requests["completion_s"]]


def test_11_24_what_a_send_sets_off_is_part_of_its_request(run):
    one = run(
        """
        a: {steps: [{cpu: 4t}, {send: b}, {cpu: 1t}]}
        b: {steps: [{cpu: 6t}, {send: c}]}
        c: {steps: [{sleep: 30t}]}
        """,
        at=[0, 100],
        extra=LINK,
    )
    assert one.latencies == [5, 5]
    assert completions(one) == [4 + 10 + 6 + 30] * 2
    summary = one.result.summary
    assert summary["completion_mean_s"] * 512 == summary["completion_p99_s"] * 512 == 50
    assert summary["latency_mean_s"] * 512 == 5
    assert summary["unsettled_ratio"] == 0


def test_11_24_the_end_of_the_request_is_among_those_that_count(run):
    one = run("a: {steps: [{send: b}, {cpu: 40t}]}\nb: {steps: [{cpu: 6t}]}", extra=LINK)
    assert one.latencies == completions(one) == [40]


def test_11_24_who_gave_up_leaves_work_behind(run):
    one = run("a: {steps: [{call: b, timeout: 12t}]}\nb: {steps: [{cpu: 20t}]}", at=[0, 200], extra=LINK)
    assert one.outcomes == ["error", "error"]
    assert one.latencies == [12, 12]
    assert completions(one) == [10 + 20] * 2
    # The completions of the summary are of those that were served.
    assert math.isnan(one.result.summary["completion_mean_s"])
    assert one.result.summary["unsettled_ratio"] == 0


def test_11_24_a_handler_that_waits_for_a_slot_is_left(run):
    # The second message waits at b from 10 + 1 until 10 + 20, and works until 50.
    b = "b: {concurrency: 1, steps: [{cpu: 20t}]}"
    one = run(f"a: {{steps: [{{send: b}}]}}\n{b}", at=[0, 1], extra=LINK)
    assert completions(one) == [30, 49]


@pytest.mark.parametrize(
    ("b", "extra"),
    [
        ("{concurrency: 1, queue: {capacity: 0}, steps: [{cpu: 20t}]}", ""),
        ("{steps: [{cpu: 20t}]}", "faults: [{at: 5t, for: 100t, target: b, kill: {}}]"),
        ("{steps: [{cpu: 20t}]}", "faults: [{at: 0t, for: 100t, target: b, partition: {}}]"),
        ("{steps: [{cpu: 20t}]}", "faults: [{at: 0t, for: 100t, target: b, abort: {percentage: 100}}]"),
    ],
    ids=["rejected", "refused by a dead replica", "lost", "met by a link error"],
)
def test_11_24_a_message_that_begins_no_handler_ends_nothing(run, b, extra):
    text = f"a: {{steps: [{{cpu: 2t}}, {{send: b}}]}}\nb: {b}"
    one = run(text, at=[0, 1], extra=f"{LINK}\n{extra}")
    first = 32 if "capacity" in b else 2
    assert completions(one) == [first, 3]  # a works on one after the other
    assert one.latencies == [2, 3]
    assert one.result.summary["unsettled_ratio"] == 0


def test_11_24_a_handler_that_dies_has_ended_and_a_visit_in_the_queue_was_none(run):
    one = run(
        "a: {steps: [{send: b}]}\nb: {concurrency: 1, steps: [{cpu: 20t}]}",
        at=[0, 1],
        extra=f"{LINK}\nfaults: [{{at: 25t, for: 100t, target: b, kill: {{}}}}]",
    )
    assert completions(one) == [25, 0]


def test_11_24_a_death_takes_what_was_sent_inside_a_process(run):
    one = run(
        "a: {steps: [{send: b}, {cpu: 2t}]}\nb: {steps: [{sleep: 20t}]}",
        deployment="monolith",
        extra="faults: [{at: 9t, for: 5t, target: a, kill: {}}]",
    )
    assert one.latencies == [2]
    assert completions(one) == [9]
    alive = run("a: {steps: [{send: b}, {cpu: 2t}]}\nb: {steps: [{sleep: 20t}]}", deployment="monolith")
    assert completions(alive) == [20]


def test_11_24_what_outlives_the_run_is_unsettled(run):
    one = run(
        "a: {steps: [{send: b}, {cpu: 1t}]}\nb: {steps: [{sleep: 3000t}]}",
        at=[0, 1000],
        extra=LINK,
        drain="2500t",
        duration="1024t",
    )
    assert completions(one) == [3010, None]
    summary = one.result.summary
    assert summary["unsettled_ratio"] == 0.5
    assert summary["unfinished"] == 0
    assert summary["completion_mean_s"] * 512 == 3010
    assert any("not settled" in text for text in one.result.warnings)


def test_11_24_an_unfinished_request_is_unsettled(run):
    one = run("a: {steps: [{sleep: 5000t}]}", at=[0])
    assert completions(one) == [None]
    assert one.result.summary["unsettled_ratio"] == 1.0


def test_11_24_the_loser_of_a_hedge_works_on(run):
    one = run(
        """
        a: {steps: [{call: b, hedge: {after: 5t}}]}
        b: {replicas: 2, loadBalancer: {simple: ROUND_ROBIN}, steps: [{sleep: 8t}]}
        """,
    )
    assert one.latencies == [8]
    assert completions(one) == [13]


def test_11_24_a_handler_that_is_dropped_as_its_caller_gives_up_has_ended(run):
    # b waits 5 ticks for c, works for 15, and begins nothing more at its deadline; c sleeps on until 50.
    one = run(
        """
        a: {steps: [{call: b, timeout: 20t, deadline: propagate}]}
        b: {steps: [{call: c, timeout: 5t, fallback: {steps: []}}, {cpu: 15t}, {cpu: 1t}]}
        c: {steps: [{sleep: 50t}]}
        """,
    )
    assert one.latencies == [20]
    assert completions(one) == [50]


# -- objectives

CHAIN = """
a: {steps: [{cpu: 4t}, {send: b}, {cpu: 1t}]}
b: {steps: [{sleep: 6t}, {send: c}]}
c: {steps: [{sleep: 30t}]}
"""


def judged(run, slos, **options):
    """Value and verdict of each objective, times in ticks."""
    one = run(CHAIN, extra=f"{LINK}\nslos: {slos}", **options)
    rows = one.result.objectives.set_index(["slo", "quantity"])
    return {
        name: (row["value"] * (1 if name[1] == "errorRate" else 512), bool(row["met"])) for name, row in rows.iterrows()
    }


def test_11_24_an_slo_may_be_of_the_settled_request(run):
    slos = "{now: {call: a, p50: 5t, mean: 5t}, then: {call: a, until: settled, p50: 49t, mean: 50t, errorRate: 0%}}"
    assert judged(run, slos, at=[0, 100]) == {
        ("now", "p50"): (5, True),
        ("now", "mean"): (5, True),
        ("then", "p50"): (50, False),
        ("then", "mean"): (50, True),
        ("then", "errorRate"): (0, True),
    }


def test_11_24_at_any_detail_and_of_one_of_several_entries(run):
    slos = "{then: {call: a, until: settled, p50: 50t}}"
    assert judged(run, slos, detail="summary") == {("then", "p50"): (50, True)}
    workload = "{calls: [{call: a}, {call: b}], rate: 256/s, arrivals: even}"
    found = judged(run, slos, workload=workload, at=[], duration="64t", detail="requests")
    assert found[("then", "p50")][0] > 40  # b's requests settle after 36


def test_11_24_what_has_not_settled_counts_as_failed(run):
    slos = "{now: {call: a, errorRate: 0%}, then: {call: a, until: settled, p50: 1s, errorRate: 40%}}"
    found = judged(run, slos, at=[0, 1000], drain="20t")
    assert found == {("now", "errorRate"): (0, True), ("then", "p50"): (50, True), ("then", "errorRate"): (0.5, False)}


def test_11_10_an_slo_on_the_target_of_a_send_is_of_the_sends(run):
    # b is 10 ticks away and sleeps for 6; c is called from b's process to another without a link.
    slos = "{b: {call: b, p50: 16t, mean: 15t, errorRate: 0%}, c: {call: c, p50: 30t}}"
    assert judged(run, slos, at=[0, 100]) == {
        ("b", "p50"): (16, True),
        ("b", "mean"): (16, False),
        ("b", "errorRate"): (0, True),
        ("c", "p50"): (30, True),
    }


def test_11_10_sends_that_fail_are_lost_or_have_not_ended_fail(run):
    faults = "faults: [{at: 0t, for: 60t, target: b, kill: {}}]"
    one = run(CHAIN, at=[0, 100, 1000], drain="20t", extra=f"{LINK}\n{faults}\nslos: {{b: {{call: b, errorRate: 0%}}}}")
    # The first is refused, the second works, the third message comes at 1014 and would end at 1020.
    assert one.result.objectives["value"].tolist() == [1 / 3]
    table = one.result.services
    assert table.loc["b", ["sends", "failed_sends", "unawaited_failed"]].tolist() == [3, 1, 1]
    assert table.loc["b", "unawaited_per_s"] == 1.5
    late = run(CHAIN, at=[0, 1020], drain="1t", extra=f"{LINK}\nslos: {{b: {{call: b, errorRate: 0%}}}}")
    assert late.result.objectives["value"].tolist() == [0.5]
    assert late.result.services.loc["b", ["failed_sends", "unawaited_failed"]].tolist() == [0, 1]


@pytest.mark.parametrize("call", ["b", "a.x"])
def test_11_24_until_settled_is_of_what_a_workload_enters(call):
    text = f"""
    services: {{a: {{endpoints: {{x: {{steps: []}}, y: {{steps: [{{call: b}}]}}}}}}, b: {{steps: []}}}}
    workload: {{call: a.y, rate: 1/s}}
    slos: {{o: {{call: {call}, until: settled, p99: 1s}}}}
    """
    with pytest.raises(sim.TopologyError, match=f"no workload enters at `{call}`"):
        sim.loads(text)
    sim.loads(text.replace(f"call: {call}, until", "call: a.y, until"))
