"""`simulate`: its parameters, what a Ctrl-C leaves, and the same bytes wherever it runs."""

import json
from threading import Semaphore

import pandas as pd
import pytest

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.errors import EngineError
from simulator.experiments import replicate
from simulator.experiments.simulation import with_settings


def content(result):
    """All that a result says, but when it was made."""
    made = result.to_dict()
    del made["provenance"]["created"]
    return made


@pytest.mark.usefixtures("nothing_compiled")
def test_the_files_settings_are_used(shop):
    made = sim.simulate(shop).provenance
    assert (made["deployment"], made["seed"], made["replications"]) == ("microservices", 3, 3)
    assert (made["duration_s"], made["warmup_s"], made["confidence"]) == (20.0, 2.0, 0.95)
    assert (made["detail"], made["engine"], made["engine_reason"]) == (
        "requests", "reference", "less work than compiling the fastest would take",
    )  # fmt: skip
    assert made["plan_digest"] == sim.compile(shop).digest()


@pytest.mark.parametrize("times", [("15s", "5s"), (15.0, 5.0), (15, 5)])
def test_settings_take_their_place(shop, times):
    duration, warmup = times
    result = sim.simulate(
        shop, "monolith", seed=8, replications=2, duration=duration, warmup=warmup, confidence="90%",
        engine="reference", detail="attempts",
    )  # fmt: skip
    made = result.provenance
    assert (made["deployment"], made["seed"], made["replications"]) == ("monolith", 8, 2)
    assert (made["duration_s"], made["warmup_s"], made["confidence"]) == (15.0, 5.0, 0.9)
    assert (made["detail"], made["engine_reason"]) == ("attempts", "asked for")
    assert result.requests["arrival_s"].max() < 15.0
    assert len(result.attempts) > len(result.requests)


def test_settings_are_those_of_the_file(shop):
    changed = shop.replace({"simulation.seed": 8, "simulation.duration": "15s", "simulation.confidence": 0.9})
    assert with_settings(shop, seed=8, duration="15s", confidence=0.9, warmup=None) == changed
    assert with_settings(shop, seed=None) is shop
    assert content(sim.simulate(changed)) == content(sim.simulate(shop, seed=8, duration="15s", confidence=0.9))


def test_a_shorter_interval_is_asked_for(shop):
    wide, narrow = (sim.simulate(shop, confidence=level).intervals["half_width"] for level in (0.99, 0.5))
    assert wide["latency_mean_s"] > 2.0 * narrow["latency_mean_s"] > 0.0


def test_warmup_may_be_left_to_mser_5(shop):
    made = sim.simulate(shop, warmup="auto", replications=1).provenance
    assert made["warmup_auto"]


def test_detail_decides_what_is_recorded(shop):
    summary = sim.simulate(shop, detail="summary", replications=1)
    with pytest.raises(sim.ResultError, match='run with detail="requests"'):
        _ = summary.requests
    requests = sim.simulate(shop, replications=1)
    with pytest.raises(sim.ResultError, match='run with detail="attempts"'):
        _ = requests.attempts
    pd.testing.assert_series_equal(summary.summary, requests.summary)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"engine": "warp"}, EngineError, "there is no engine 'warp'"),
        ({"detail": "all"}, sim.ResultError, "there is no detail 'all'"),
        ({"deployment": "nowhere"}, sim.PlanError, "no deployment `nowhere`"),
        ({"seed": -1}, sim.TopologyError, "simulation.seed: expected a whole number of at least 0"),
        ({"replications": 0}, sim.TopologyError, "simulation.replications: expected a whole number of at least 1"),
        ({"replications": 2.5}, sim.TopologyError, "simulation.replications: expected a whole number"),
        ({"duration": "20"}, sim.TopologyError, "simulation.duration: a duration needs a unit"),
        ({"duration": -1}, sim.TopologyError, "simulation.duration: a duration cannot be negative"),
        ({"warmup": 20}, sim.TopologyError, "simulation.warmup: `warmup` .* must be shorter than `duration`"),
        ({"confidence": 95}, sim.TopologyError, "did you mean `95%`"),
    ],
)
def test_a_wrong_setting_is_explained(shop, options, error, message):
    with pytest.raises(error, match=message):
        sim.simulate(shop, **options)


@pytest.mark.usefixtures("nothing_compiled")
def test_progress_is_reported(shop):
    heard = []
    sim.simulate(shop, progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_the_engines_give_the_same_result(shop):
    contents = [content(sim.simulate(shop, engine=engine, detail="attempts")) for engine in ("reference", "compiled")]
    engines = [made["provenance"].pop("engine") for made in contents]
    assert engines == ["reference", "compiled"]
    assert contents[0] == contents[1]


def test_threads_that_are_cut_off_leave_whole_replications(shop, monkeypatch):
    monkeypatch.setattr(replicate, "available_cores", lambda: 1)
    alone = content(sim.simulate(shop, replications=2, engine="compiled"))
    entered, heard = Semaphore(2), []
    whole = CompiledEngine.run

    def run(self, *given, **options):
        assert entered.acquire(timeout=60)  # the third waits until the interrupt has come
        return whole(self, *given, **options)

    def interrupt(done, total):
        heard.append(done)
        if min(heard[-2:]) >= 2:  # two are finished, and their traces were fetched
            entered.release()
            raise KeyboardInterrupt

    monkeypatch.setattr(CompiledEngine, "run", run)
    result = sim.simulate(shop, engine="compiled", progress=interrupt)
    assert "interrupted: 2 of 3 replications finished" in result.warnings
    assert content(result)["summary"] == alone["summary"]


def test_a_run_that_is_cut_off_says_what_was_finished(shop, cut_off):
    alone = content(sim.simulate(shop, replications=2))
    calls = cut_off(3)
    result = sim.simulate(shop)
    assert calls == ["microservices"] * 3
    assert "interrupted: 2 of 3 replications finished" in result.warnings
    made = result.provenance
    assert (made["replications"], made["replications_requested"]) == (2, 3)
    assert content(result)["summary"] == alone["summary"]


def test_a_run_that_is_cut_off_at_once_has_nothing_to_say(shop, cut_off):
    cut_off(1)
    with pytest.raises(KeyboardInterrupt):
        sim.simulate(shop)


def test_an_error_of_the_engine_is_not_swallowed(shop, cut_off):
    cut_off(2, EngineError("two events have one key"))
    with pytest.raises(EngineError, match="two events have one key"):
        sim.simulate(shop)


def test_a_saved_result_is_loaded(shop, tmp_path):
    result = sim.simulate(shop, "monolith")
    result.save(tmp_path / "saved")
    loaded = sim.load_results(tmp_path / "saved")
    assert loaded.to_dict() == result.to_dict()
    assert str(loaded) == str(result)
    pd.testing.assert_frame_equal(loaded.requests, result.requests)
    with pytest.raises(sim.ResultError, match="holds no saved result"):
        sim.load_results(tmp_path)


def test_a_result_is_ready_for_json(shop):
    made = sim.simulate(shop, replications=1).to_dict()
    assert json.loads(json.dumps(made, allow_nan=False)) == made


FAILING = """
simulation: {duration: 10s, warmup: 1s, replications: 2}
services: {a: {steps: [{call: b}]}, b: {errorRate: 100%, steps: []}}
workload:
  shoppers: {call: a, rate: 5/s}
  nobody: {call: a, rate: 0/s}
"""


def test_the_text_says_why_requests_failed():
    result = sim.simulate(sim.loads(FAILING))
    errors = int(result.summary["errors"])
    assert errors > 50
    assert f"\nfailures by cause: error@b {errors}\n" in str(result)
    assert "failures by cause" not in str(sim.simulate(sim.loads(FAILING), detail="summary"))
    assert "failures by cause" not in str(sim.simulate(sim.loads(FAILING.replace("100%", "0%"))))


def test_a_workload_that_sends_nothing_is_named():
    warnings = sim.simulate(sim.loads(FAILING)).warnings
    assert "nobody: no request arrives before the horizon" in warnings
    assert not any("shoppers: no request" in warning for warning in warnings)
