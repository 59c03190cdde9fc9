import math
from html.parser import HTMLParser

import pandas as pd
import pytest

from simulator.plan.plan import Objective, Prices
from simulator.results import summarise
from simulator.results.display import give_or_take, label, share_served, shorten, text_table
from simulator.words import MILLISECONDS, unit_of


def run(build, *latencies, **changes):
    plan = build.plan(**changes)
    return summarise(plan, build.traces(plan, *([build.Request(30.0, one)] for one in latencies)))


def test_labels_have_units():
    assert label("latency_p999_s") == "latency p99.9 (ms)"
    assert label("latency_p99_s", unit=unit_of("latency_p99_s", (90.0,))) == "latency p99 (s)"
    assert label("throughput_per_s") == "throughput (/s)"
    assert label("availability_ratio") == "availability (%)"
    assert label("latency_p9999_s") == "latency p99.99 (ms)"
    assert label("requests") == "requests"
    assert label("cost_per_hour", "USD") == "cost per hour (USD)"


def test_long_names_are_shortened():
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    lines = text_table(("name", "value"), [("n" * 300, "1")])
    assert [len(line) for line in lines] == [100, 100]


def test_a_short_name_leaves_its_room_to_a_long_one():
    lines = text_table(("deployment", "policies", "value"), [("microservices", "none", "1" * 74)], 2)
    assert lines[1].split()[:2] == ["microservices", "none"]


def test_a_share_is_rounded_like_any_other_but_what_lacks_a_little_is_not_all():
    assert [share_served(share) for share in (10930 / 15987, 1.0, 0.999987)] == ["68.37 %", "100 %", "99.9987 %"]


def test_the_text_says_what_matters(build):
    asked = (Objective("buy", 0, "p99", 0.99, 0.25), Objective("sure", 0, "errorRate", math.nan, 0.01))
    text = str(run(build, 0.1, 0.3, objectives=asked, prices=Prices("USD", 0.04, 0.005, 0.02)))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "shop as microservices: 2 replications"
    assert lines[1].startswith("requests arriving in [20 s, 200 s), seed 1, reference engine, 95 % intervals")
    assert "requests 2" in lines
    assert "latency mean (ms) 200" in lines  # of two replications, 0.1 and 0.3 s
    assert "cost per hour (USD) 0.1475" in lines
    assert "front 1 50 50 150 0.0 20 0" in lines
    assert "buy front.buy p99 250 ms 298 ms 100 % MISSED, not sure" in lines
    assert "sure front.buy errorRate 1 % 0 % - met" in lines
    assert any(line.startswith("warning: latency_mean_s is not known") for line in lines)


def test_what_is_unknown_is_not_shown(build):
    text = str(run(build, 0.1))
    assert "cost" not in text
    assert "±" not in text
    assert "slo" not in text
    assert "degraded" not in text
    plan = build.plan()
    assert "latency mean" not in str(summarise(plan, build.traces(plan, [])))


def test_no_line_is_longer_than_100_columns(build):
    long = "a-service-with-a-name-that-never-ends-" * 4
    asked = (Objective(long, 0, "errorRate", math.nan, 1e-7), Objective(long, 1, "p99", 0.99, 123456.0))
    results = run(
        build, 1e5, 3e5, objectives=asked, names=(long, f"{long}x"), endpoints=(f"{long}.buy", long),
        units=(long, f"{long}x"), topology=long, deployment=long, warnings=(f"look at {long}",),
        prices=Prices("USD", 1e12, 0.0, 0.0),
    )  # fmt: skip
    lengths = [len(line) for line in str(results).splitlines()]
    assert max(lengths) <= 100
    assert len(lengths) > 20


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)
        assert not {"src", "href", "onerror"} & {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_whole_and_its_names_are_only_text(build):
    evil = "<img src=x onerror=alert(1)>"
    asked = (Objective(evil, 0, "p99", 0.99, 0.25),)
    results = run(
        build, 0.1, 0.3, names=(evil, "a&b"), topology=evil, deployment=evil, endpoints=(evil, "b"),
        units=(evil, "b"), objectives=asked, warnings=(evil,), workloads=((evil, (0,)),),
    )  # fmt: skip
    reader = Reader()
    reader.feed(results._repr_html_())
    assert reader.open == []
    assert "img" not in reader.tags
    assert reader.tags.count("table") == 3
    assert reader.text.count(evil) == 4  # service, slo, its endpoint, warning
    assert "a&b" in reader.text
    assert f"{evil} as {evil}: 2 replications" in reader.text
    assert "100 %" in reader.text


@pytest.mark.parametrize(
    ("half_width", "high", "shown"),
    [
        (0.0, 0.2, ("200", "")),
        (1e-16, 0.2, ("200", "")),
        (math.nan, math.nan, ("200", "")),
        (0.05, 0.25, ("200.0", "± 50.0")),
        (0.1, 0.35, ("200", "(150 to 350)")),
    ],
)
def test_an_interval_is_give_or_take_unless_it_is_longer_on_one_side(half_width, high, shown):
    row = {"mean": 0.2, "half_width": half_width, "low": 0.2 - min(half_width, 0.05), "high": high}
    assert give_or_take("latency_mean_s", pd.DataFrame([row], index=["latency_mean_s"]), MILLISECONDS) == shown
