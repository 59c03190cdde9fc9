"""Which engine runs, and why."""

import pytest

import simulator as sim
from simulator.engines.reference import ReferenceEngine
from simulator.errors import EngineError, UnsupportedFeature
from simulator.experiments.engines import choose_engine


@pytest.fixture
def plans(shop):
    return [sim.compile(shop, name) for name in ("microservices", "monolith")]


@pytest.mark.parametrize(("name", "reason"), [("auto", "the only engine of this version"), ("reference", "asked for")])
def test_the_reference_engine_runs_all(plans, name, reason):
    engine, why = choose_engine(name, plans)
    assert (engine.name, why) == ("reference", reason)


def test_what_is_not_built_is_refused(plans):
    with pytest.raises(UnsupportedFeature, match='use engine="reference" or "auto"'):
        choose_engine("compiled", plans)
    with pytest.raises(EngineError, match="there is no engine 'Reference'"):
        choose_engine("Reference", plans)


def test_every_plan_is_looked_at(plans, monkeypatch):
    missing = {"microservices": ("hedge",), "monolith": ("hedge", "retries")}
    monkeypatch.setattr(ReferenceEngine, "missing", lambda _, plan: missing[plan.deployment])
    with pytest.raises(UnsupportedFeature, match=r"^the reference engine cannot run hedge, retries$"):
        choose_engine("auto", plans)
