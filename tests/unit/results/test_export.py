import json

import numpy as np
import pytest

from simulator.plan.layout import Outcome
from simulator.plan.plan import Objective
from simulator.results import summarise
from simulator.results.export import plain


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
        "served_ratio": 0.5, "reason": "",
    }  # fmt: skip
    assert result["met"] is False
    assert result["provenance"]["seed"] == 1
    assert any("one replication" in warning for warning in result["warnings"])


def test_plain_values():
    given = {1: (np.float64("nan"), np.int64(3), np.bool_(True), float("-inf"), None, "a")}
    assert plain(given) == {"1": [None, 3, True, None, None, "a"]}
    assert type(plain(np.int64(3))) is int
