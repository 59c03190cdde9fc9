"""Rows by journey, and of which journeys the headline latencies are."""

import numpy as np

from simulator.results import summarise
from simulator.results.journeys import journey_section, journeys, mixture


def mixed(build, *requests, **changes):
    plan = build.plan(workloads=(("shoppers", (0,)), ("robots", (1,))), **changes)
    return summarise(plan, build.traces(plan, list(requests)))


def test_each_journey_has_its_share_and_its_latency(build):
    buys = [build.Request(30.0 + k, 0.3) for k in range(3)]
    results = mixed(build, *buys, build.Request(60.0, 0.01, workload=1, entry=1))
    table = journeys(results)
    assert list(table.index) == [("shoppers", "front.buy"), ("robots", "back")]
    assert table["share"].tolist() == [0.75, 0.25]
    np.testing.assert_allclose(table["latency_mean_s"], [0.3, 0.01])
    said = "latency is of all journeys together: front.buy 75 %, back 25 %"
    assert mixture(table) == said
    text, shown = journey_section(results)
    assert text == said
    assert shown.head[:2] == ("journey", "share (%)")
    assert [row[:2] for row in shown.rows] == [("front.buy", "75"), ("back", "25")]
    assert said in str(results)
    assert said in results._repr_html_()


def test_one_journey_needs_no_word(build):
    plan = build.plan()
    results = summarise(plan, build.traces(plan, [build.Request(30.0, 0.3)]))
    assert (mixture(journeys(results)), journey_section(results)) == ("", ())
    assert "journey" not in str(results)


def test_nobody_has_come(build):
    assert mixture(journeys(mixed(build))) == ""
