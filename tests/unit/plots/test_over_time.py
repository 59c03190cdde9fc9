from __future__ import annotations

import numpy as np
import pytest

from simulator import plots
from simulator.errors import ResultError
from simulator.plots.over_time import requests_over_time
from simulator.results import summarise

QUANTITIES = ("arrivals", "latency", "errors")


def test_every_request_is_in_one_bin(split):
    result = split[1]
    table, requests = requests_over_time(result), result.requests
    seconds = table["width_s"] * result.provenance["replications"]
    failed = ~requests["outcome"].isin(["ok", "degraded", "unfinished"])
    assert (table["arrival_rate_per_s"] * seconds).sum() == pytest.approx(len(requests))
    assert (table["errors_per_s"] * seconds).sum() == pytest.approx(failed.sum())
    assert (table["served_per_s"] * seconds).sum() == pytest.approx(requests["outcome"].isin(["ok", "degraded"]).sum())
    assert table["time_s"].iloc[0] == 0.0
    assert table["time_s"].iloc[-1] + table["width_s"].iloc[-1] == pytest.approx(result.provenance["duration_s"])


def test_percentiles_of_a_bin_are_those_of_its_requests(split):
    result = split[1]
    table, requests = requests_over_time(result), result.requests
    start, end = table["time_s"].iloc[3], table["time_s"].iloc[4]
    here = requests[(requests["arrival_s"] >= start) & (requests["arrival_s"] < end)]
    served = here.loc[here["outcome"].isin(["ok", "degraded"]), "latency_s"]
    assert table["latency_p50_s"].iloc[3] == pytest.approx(np.quantile(served, 0.5))


def test_panels_are_the_table(split):
    table = requests_over_time(split[1])
    arrivals, latency, errors = plots.timeline(split[1], quantities=QUANTITIES)
    lines = {line.get_label(): line.get_ydata() for panel in (arrivals, latency, errors) for line in panel.lines}
    assert lines["arrive"] == pytest.approx(table["arrival_rate_per_s"].to_numpy())
    assert lines["served"] == pytest.approx(table["served_per_s"].to_numpy())
    assert lines["p50"] == pytest.approx(1000.0 * table["latency_p50_s"].to_numpy())
    assert lines["failed"] == pytest.approx(table["errors_per_s"].to_numpy())
    assert [panel.get_ylabel() for panel in (arrivals, latency, errors)] == [
        "requests (/s)", "latency (ms)", "failed (/s)",
    ]  # fmt: skip


def test_faults_are_shaded_and_named(shop, split, run_of):
    faults = [
        {"at": "2s", "for": "1s", "target": "order", "slow": {"factor": 3}},
        {"at": "5.8s", "for": "9s", "target": "payment", "abort": {}},
        {"at": "7s", "target": "payment", "kill": {}},
    ]
    result = run_of(shop.replace({"faults": faults}))
    first, last = plots.timeline(result, quantities=("arrivals", "errors"))
    for panel in (first, last):
        shades = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in panel.patches]
        assert (2.0, 3.0) in [(pytest.approx(low), pytest.approx(high)) for low, high in shades]
        assert max(high for _, high in shades) <= 6.0 + 1e-9
    told = [text.get_text() for text in first.texts]
    assert "slow order" in told
    assert "abort payment" in told
    assert "kill payment" not in told  # after the end
    first.figure.draw_without_rendering()
    names = [text.get_window_extent() for text in first.texts if text.get_text() in ("slow order", "abort payment")]
    assert not names[0].overlaps(names[1])
    assert "slow order" not in [text.get_text() for panel in plots.timeline(split[1]) for text in panel.texts]


def test_what_was_not_recorded_and_what_there_is_not(shop, split, engine):
    plan = split[0]
    bare = summarise(plan, [engine.run(plan, seed=1, replication=0, detail="summary")])
    plots.timeline(bare)
    with pytest.raises(ResultError, match='detail="summary" does not record'):
        plots.timeline(bare, quantities=["errors"])
    with pytest.raises(ResultError, match="there is no 'rps' over time; there is arrivals, latency, errors"):
        plots.timeline(split[1], quantities=["rps"])
