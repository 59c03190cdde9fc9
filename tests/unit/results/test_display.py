import json
import math
from html.parser import HTMLParser

import pandas as pd
import pytest

from simulator.plan.layout import Outcome
from simulator.plan.plan import Objective, Prices
from simulator.results import summarise
from simulator.results.display import give_or_take, share_served
from simulator.words import MILLISECONDS


def run(build, *latencies, **changes):
    plan = build.plan(**changes)
    return summarise(plan, build.traces(plan, *([build.Request(30.0, one)] for one in latencies)))


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


def exported(build, *stories, **changes):
    plan = build.plan(**changes)
    return summarise(plan, build.traces(plan, *stories)).to_dict()


def test_json_holds_all_of_it_without_nan(build):
    asked = (Objective("buy", 0, "p99", 0.99, float("inf")),)
    for stories in ([[]], [[build.Request(30.0, 0.1)]]):
        text = json.dumps(exported(build, *stories, objectives=asked), allow_nan=False)
        assert set(json.loads(text)) == {
            *("summary", "intervals", "services", "units", "endpoints", "breakdown", "outcomes"),
            *("objectives", "met", "warnings", "provenance"),
        }


def test_values(build):
    story = [build.Request(30.0, 0.1), build.Request(31.0, 0.2, Outcome.ERROR)]
    result = exported(build, story, objectives=(Objective("buy", 0, "errorRate", float("nan"), 0.1),))
    assert result["summary"]["requests"] == 2
    assert isinstance(result["summary"]["requests"], int)
    assert result["summary"]["latency_mean_s"] == pytest.approx(0.1)
    assert result["summary"]["cost_per_hour"] is None
    assert result["intervals"]["latency_mean_s"]["half_width"] is None
    assert result["services"]["front"]["errors"] == 1
    assert result["services"]["back"]["waiting_time_s"] is None
    assert result["units"]["front"]["cores"] == 2
    assert result["endpoints"][0]["endpoint"] == "front.buy"
    assert result["endpoints"][0]["calls"] == 2
    assert result["breakdown"]["front"]["service_s"] == pytest.approx(0.1)
    assert result["outcomes"]["shoppers"]["error"] == 1
    assert result["objectives"][0] | {"low": 0, "high": 0} == {
        "slo": "buy", "endpoint": "front.buy", "quantity": "errorRate", "limit": 0.1, "value": 0.5,
        "low": 0, "high": 0, "met": False, "straddles": False,
        "served_ratio": 0.5, "reason": "", "until": "answered",
    }  # fmt: skip
    assert result["met"] is False
    assert result["provenance"]["seed"] == 1
    assert any("one replication" in warning for warning in result["warnings"])
