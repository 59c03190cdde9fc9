import platform
import re
from importlib.metadata import PackageNotFoundError

import numpy as np
import pandas as pd

from simulator.plan.plan import Prices
from simulator.results import provenance, summarise


def test_a_result_says_where_it_comes_from(build):
    plan = build.plan(warmup_s=20.5, prices=Prices("EUR", 1.0, 1.0, 1.0))
    results = summarise(plan, build.traces(plan, [], [], seed=7), engine_reason="asked for", requested=3)
    made = results.provenance
    assert made | {"versions": 0, "platform": 0, "created": 0} == {
        "topology": "shop",
        "deployment": "microservices",
        "engine": "reference",
        "engine_reason": "asked for",
        "seed": 7,
        "replications": 2,
        "replications_requested": 3,
        "plan_digest": plan.digest(),
        "duration_s": 200.0,
        "warmup_s": 20.5,
        "warmup_auto": False,
        "drain_s": 60.0,
        "confidence": 0.95,
        "detail": "requests",
        "events": 20,
        "faults": [],
        "currency": "EUR",
        "versions": 0,
        "platform": 0,
        "created": 0,
    }
    assert made["versions"]["python"] == platform.python_version()
    assert made["versions"]["numpy"] == np.__version__
    assert made["versions"]["pandas"] == pd.__version__
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", made["created"])


def test_the_warmup_is_the_one_that_was_used(build):
    plan = build.plan(warmup_s=None)
    requests = [build.Request(0.5 * row + 0.25, 0.9 if row < 20 else 0.1) for row in range(400)]
    made = summarise(plan, build.traces(plan, requests)).provenance
    assert made["warmup_auto"]
    assert made["warmup_s"] == 11.0
    assert made["currency"] is None
    assert made["replications_requested"] == 1


def test_what_is_not_installed_is_not_named(monkeypatch):
    def version(package):
        if package == "numba":
            raise PackageNotFoundError(package)
        return "1"

    monkeypatch.setattr(provenance, "version", version)
    assert list(provenance.find_versions()) == ["python", "simulator", "numpy", "pandas", "simpy"]


def test_the_time_of_a_run_can_be_given(build):
    plan = build.plan()
    results = summarise(plan, build.traces(plan, []), created="2024-05-06T07:08:09+00:00")
    assert results.provenance["created"] == "2024-05-06T07:08:09+00:00"
