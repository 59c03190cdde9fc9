"""`compare`: the same requests through several deployments, paired replication by replication."""

import json
from concurrent.futures import ThreadPoolExecutor
from html import escape
from textwrap import dedent

import numpy as np
import pandas as pd
import pytest

import simulator as sim


@pytest.fixture(scope="module")
def made(shop):
    return sim.compare(shop)


@pytest.fixture(scope="module")
def three(shop):
    return sim.compare(shop, ["small", "microservices", "monolith"], replications=2)


def test_microservices_are_the_baseline_by_default(made):
    assert list(made.results) == ["microservices", "monolith"]
    assert made.baseline == "microservices"
    assert not made.equal_cores
    assert made.met


def test_each_result_is_that_of_simulate(shop, made):
    for name, result in made.results.items():
        pd.testing.assert_series_equal(result.summary, sim.simulate(shop, name).summary)
        pd.testing.assert_frame_equal(result.requests, sim.simulate(shop, name).requests)


def test_the_requests_are_the_same_ones(made):
    mine, theirs = (result.requests for result in made.results.values())
    pd.testing.assert_frame_equal(
        mine[["replication", "request", "workload", "arrival_s"]],
        theirs[["replication", "request", "workload", "arrival_s"]],
    )
    assert not mine["latency_s"].equals(theirs["latency_s"])


def test_differences_are_taken_replication_by_replication(made):
    each = [result.replications["goodput_per_s"] for result in made.results.values()]
    row = made.differences.loc[("monolith", "goodput_per_s")]
    assert row["difference"] == pytest.approx((each[1] - each[0]).mean(), abs=1e-12)
    pooled = [result.summary["latency_p99_s"] for result in made.results.values()]
    assert made.differences.loc[("monolith", "latency_p99_s"), "difference"] == pooled[1] - pooled[0]


def test_a_twin_under_another_name_differs_in_nothing(shop):
    twins = sim.compare(shop, ["microservices", "same"])
    numbers = twins.differences[["difference", "half_width", "low", "high"]]
    assert (numbers.dropna().to_numpy() == 0.0).all()
    assert not twins.differences["shown"].any()
    assert len(numbers.dropna()) >= 10
    mine, theirs = (result.requests for result in twins.results.values())
    pd.testing.assert_frame_equal(mine, theirs)
    assert "no difference between same and microservices is shown in p99 latency" in twins.verdict
    told = {line.split("  ")[0].strip(): line.split("  ")[-1].strip() for line in str(twins).split("\n")}
    assert told["cost per hour (USD)"] == "the same"
    assert told["throughput (/s)"] == told["latency mean (ms)"] == "no difference shown"


def test_a_cost_is_known_from_one_replication_too(shop):
    once = sim.compare(shop, ["microservices", "same"], replications=1)
    (line,) = [line for line in str(once).split("\n") if line.startswith("cost per hour")]
    assert line.endswith(" the same")


def test_three_deployments(three):
    assert list(three.summary.columns) == ["small", "microservices", "monolith"]
    assert list(three.differences.index.levels[0]) == ["microservices", "monolith"]
    assert len(set(three.summary.loc["requests"])) == 1
    assert set(three.intervals.index.get_level_values(0)) == {"small", "microservices", "monolith"}
    assert three.intervals.loc[("small", "latency_mean_s"), "mean"] == pytest.approx(
        three.results["small"].intervals.loc["latency_mean_s", "mean"]
    )


def test_one_replication_shows_nothing(shop):
    one = sim.compare(shop, replications=1, seed=4)
    assert one.differences["half_width"].isna().all()
    assert not one.differences["shown"].any()
    assert one.differences["difference"].abs().max() > 0.0
    assert " than " not in one.verdict
    assert "one replication cannot show whether monolith differs from microservices: ask for more" in one.verdict


def test_equal_cores_are_passed_on(shop):
    assert not sim.compare(shop, ["microservices", "small"], replications=1).equal_cores
    equal = sim.compare(shop, ["microservices", "small"], replications=1, equal_cores=True)
    assert equal.equal_cores
    assert equal.results["small"].units.loc["all", "cores"] == 3
    assert equal.verdict.startswith("At equal cores (3 cores each), ")


def test_settings_are_passed_on(shop):
    made = sim.compare(shop, seed=9, replications=2, duration="10s", warmup="3s", confidence=0.8, detail="summary")
    for result in made.results.values():
        kept = result.provenance
        assert (kept["seed"], kept["replications"], kept["duration_s"], kept["warmup_s"]) == (9, 2, 10.0, 3.0)
        assert (kept["confidence"], kept["detail"]) == (0.8, "summary")


def test_the_same_on_any_executor(shop, made):
    with ThreadPoolExecutor(2) as threads:
        pd.testing.assert_frame_equal(sim.compare(shop, executor=threads).differences, made.differences)


@pytest.mark.parametrize("names", [[], ["monolith"], ["monolith", "monolith"], "monolith", ("same",)])
def test_two_deployments_are_needed(shop, names):
    with pytest.raises(sim.PlanError, match="compare needs two different deployments"):
        sim.compare(shop, names)


def test_a_name_that_is_given_twice_counts_once(shop):
    assert list(sim.compare(shop, ["small", "same", "small"], replications=1).results) == ["small", "same"]


def test_an_unknown_deployment(shop):
    with pytest.raises(sim.PlanError, match="no deployment `nowhere`"):
        sim.compare(shop, ["microservices", "nowhere"])


@pytest.mark.parametrize(("number", "finished"), [(3, 1), (4, 1), (5, 2), (6, 2)])
def test_cut_off_they_all_have_the_same_replications(shop, cut_off, number, finished):
    calls = cut_off(number)
    made = sim.compare(shop)
    assert calls == (["microservices", "monolith"] * 3)[:number]
    for result in made.results.values():
        assert list(result.replications.index) == list(range(finished))
        assert f"interrupted: {finished} of 3 replications finished" in result.warnings
    assert all(f"interrupted: {finished} of 3 replications finished" in texts for texts in made.warnings.values())
    assert made.differences.loc["monolith", "half_width"].isna().all() == (finished == 1)


@pytest.mark.parametrize("number", [1, 2])
def test_cut_off_before_a_whole_round_there_is_nothing_to_compare(shop, cut_off, number):
    cut_off(number)
    with pytest.raises(KeyboardInterrupt):
        sim.compare(shop)


def test_it_is_ready_for_json(three):
    content = three.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["baseline"] == "small"
    assert content["verdict"] == three.verdict
    assert list(content["results"]) == ["small", "microservices", "monolith"]
    assert len(content["differences"]) == len(three.differences)
    assert {"deployment", "quantity", "shown"} <= set(content["differences"][0])


def test_it_shows_itself_in_a_notebook(shop, made):
    html = made._repr_html_()
    assert html.startswith(f"<p><strong>{escape(made.verdict)}</strong></p>")
    for name in made.results:
        assert f">{name}</t" in html
    assert html.count("<table") == 3
    named = sim.compare(shop.replace({"name": "<b>", "prices.currency": "<i>"}), replications=2)
    assert "<b>" not in named._repr_html_()
    assert "<i>" not in named._repr_html_()


def test_it_prints_within_100_columns(three):
    text = str(three)
    assert [line for line in text.splitlines() if len(line) > 100] == []
    assert text.startswith("shop: the same requests through small, microservices and monolith\n")
    assert " ".join(text.split()).endswith(three.verdict)


def test_it_is_saved_by_deployment(made, tmp_path):
    for _ in range(2):
        made.save(tmp_path / "both")
    assert sorted(path.name for path in (tmp_path / "both").iterdir()) == ["microservices", "monolith"]
    for name, result in made.results.items():
        assert sim.load_results(tmp_path / "both" / name).to_dict() == result.to_dict()
    assert [path.name for path in tmp_path.iterdir()] == ["both"]


def test_without_prices_nothing_is_said_of_costs():
    free = sim.compare(sim.loads(FREE), replications=2)
    assert np.isnan(free.summary.loc["cost_per_hour"]).all()
    assert "cost" not in free.verdict
    assert "cost" not in str(free)


FREE = """\
simulation: {duration: 10s}
services: {web: {steps: [{cpu: 5ms}, {call: store}]}, store: {steps: [{cpu: 5ms}]}}
workload: {call: web, rate: 40/s}
"""


SETTLING = """
simulation: {duration: 100s, warmup: auto, replications: 3, seed: 13}
network: {latency: 1ms}
services:
  a: {steps: [{cpu: {dist: exponential, mean: 60ms}}, {call: b}]}
  b: {steps: [{cpu: {dist: exponential, mean: 50ms}}]}
workload: {call: a, rate: 10/s}
faults: [{at: 0s, for: 10s, target: a, slow: {factor: 3}}]
"""


def test_with_warmup_auto_all_deployments_are_cut_at_one_time():
    """Cut on their own, at unlike times, they would differ in requests, which both got alike."""
    topology = sim.loads(SETTLING)
    comparison = sim.compare(topology)
    starts = {result.provenance["warmup_s"] for result in comparison.results.values()}
    alone = [sim.simulate(topology, name).provenance["warmup_s"] for name in ("microservices", "monolith")]
    assert min(alone) < max(alone)
    assert starts == {max(alone)}
    requests = comparison.differences.loc[("monolith", "requests")]
    assert (requests["difference"], requests["half_width"]) == (0.0, 0.0)


def test_with_warmup_auto_the_detail_changes_nothing():
    topology = sim.loads(SETTLING)
    summary, requests = (sim.simulate(topology, detail=detail) for detail in ("summary", "requests"))
    assert summary.provenance["warmup_s"] == requests.provenance["warmup_s"] > 0.0
    assert summary.summary.equals(requests.summary)


def test_half_a_core_is_half_a_core():
    """Five replicas of 500m and two of 250m: 3 cores, whatever the stations that they are simulated with."""
    text = """
    simulation: {duration: 2s, warmup: 0s, replications: 2}
    services:
      a: {replicas: 5, resources: {cpu: 500m}, steps: [{cpu: 1ms}, {call: b}]}
      b: {replicas: 2, resources: {cpu: 250m}, steps: [{cpu: 1ms}]}
    workload: {call: a, rate: 20/s}
    """
    found = sim.compare(sim.loads(dedent(text)), engine="compiled")
    assert found.results["microservices"].units["cores"].to_dict() == {"a": 0.5, "b": 0.25}
    assert "(3 cores each)" in found.verdict
    busy = found.results["microservices"].units["utilisation_ratio"]
    assert busy["a"] == pytest.approx(20 * 2 * 0.001 / 5, rel=0.3)
