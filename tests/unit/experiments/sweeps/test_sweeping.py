"""`sweep`: the same bytes wherever it runs and however often it is interrupted; each row is what `simulate` says."""

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distributed import LocalCluster

import simulator as sim
from simulator.experiments import replicate
from simulator.experiments.sweeps import journal, workers

pytestmark = pytest.mark.one_in(3)

ROOT = Path(__file__).parents[4]
AXES = {"workload.rate": ["20/s", "-1/s", "60/s"], "services.store.replicas": [1, 2]}
BOTH = ("microservices", "monolith")


@pytest.fixture(scope="session")
def quick(shop):
    return shop.replace({"simulation.duration": "10s", "simulation.replications": 2})


@pytest.fixture(scope="session")
def base(quick):
    """One worker, this thread."""
    return sim.sweep(quick, AXES, deployments=BOTH, workers=1)


def content(table):
    """Every byte of a table that a reader could see."""
    parts = [repr(list(table.columns)), repr([str(kind) for kind in table.dtypes]), repr(list(table.index))]
    for name in table:
        values = table[name].to_numpy()
        parts.append(values.tobytes().hex() if values.dtype.kind == "f" else repr(values.tolist()))
    return parts


def with_numbers(table):
    """As it is where no value of an axis is wrong: rates are numbers (beside -1/s they stay texts)."""
    return table.assign(**{"workload.rate": table["workload.rate"].map({"20/s": 20.0, "60/s": 60.0})})


# -- rows


def test_one_row_a_point_and_deployment_in_the_order_of_the_design(base):
    rows = [tuple(row) for row in base[["workload.rate", "services.store.replicas", "deployment"]].to_numpy()]
    assert rows == [(rate, number, name) for rate in AXES["workload.rate"] for number in (1, 2) for name in BOTH]
    assert base["status"].tolist() == ["ok"] * 4 + ["failed"] * 4 + ["ok"] * 4
    assert base.attrs == {"computed": 8, "reused": 0, "shared": 0, "failed": 4, "missing": 0}


def test_each_row_is_what_simulate_says(quick, base):
    for _, row in base[base["status"] == "ok"].iterrows():
        changes = {path: row[path] for path in AXES}
        result = sim.simulate(quick.replace(changes), row["deployment"], detail="summary")
        for name, interval in result.intervals.iterrows():
            assert np.array([interval["mean"]]).tobytes() == np.array([row[name]]).tobytes(), name
            assert np.array([interval["half_width"]]).tobytes() == np.array([row[f"{name}_half_width"]]).tobytes()
        assert (row["met"], row["replications"]) == (result.met, 2)
        assert row["warnings"] == "; ".join(result.warnings)
    assert len(result.intervals) == 21


def test_a_failing_point_is_a_row_with_its_reason(base):
    failed = base[base["status"] == "failed"]
    assert set(failed["reason"]) == {"workload.rate: a rate cannot be negative, found `-1/s`"}
    assert failed["requests"].isna().all()
    assert not failed["met"].any()


def test_a_plan_that_cannot_be_run_and_an_engine_that_gives_up(quick, cut_off):
    loops = [{"call": "web"}]
    table = sim.sweep(quick, {"services.store.steps": [[{"cpu": "5ms"}], loops, [{"cpu": "6ms"}]]})
    assert table["status"].tolist() == ["ok", "failed", "ok"]
    assert "cycle" in table["reason"][1]
    cut_off(3, MemoryError())
    table = sim.sweep(quick, {"workload.rate": [20, 30, 40]})
    assert table["status"].tolist() == ["ok", "failed", "ok"]
    assert table["reason"][1].startswith("out of memory")


def test_an_unstable_point_is_a_row_that_warns(quick):
    table = sim.sweep(quick, {"workload.rate": [20, 400]})
    assert table["status"].tolist() == ["ok", "ok"]
    assert "unstable" in table["warnings"][1]
    assert "unstable" not in table["warnings"][0]


def test_points_share_their_randomness(quick):
    """What a service does cannot change who arrives."""
    table = sim.sweep(quick, {"services.store.replicas": [1, 2, 3]}, runs=True)
    assert table.groupby("replication")["requests"].nunique().tolist() == [1, 1]
    assert table["requests"].nunique() == 2


def test_seed_and_deployment_are_axes_too(quick):
    table = sim.sweep(quick, {"seed": [3, 4], "deployment": ["small", "microservices"]})
    assert table["seed"].tolist() == [3, 3, 4, 4]
    assert table["deployment"].tolist() == ["small", "microservices"] * 2
    assert list(table.columns[:3]) == ["seed", "deployment", "requests"]
    assert table["requests"].nunique() == 2
    assert table["requests"][3] == sim.simulate(quick, seed=4).intervals.loc["requests", "mean"]


def test_a_row_a_replication(quick, base):
    table = sim.sweep(quick, AXES, deployments=BOTH, runs=True)
    assert len(table) == 8 * 2 + 4
    good = table[table["status"] == "ok"].groupby(["workload.rate", "services.store.replicas", "deployment"])
    means = good["goodput_per_s"].mean()
    for _, row in base[base["status"] == "ok"].iterrows():
        key = (row["workload.rate"], row["services.store.replicas"], row["deployment"])
        assert means[key] == pytest.approx(row["goodput_per_s"], rel=1e-12)


def test_settings_are_those_of_simulate(quick):
    settings = {"seed": 9, "replications": 3, "duration": "8s", "warmup": "3s", "confidence": 0.8}
    row = sim.sweep(quick, {"workload.rate": [50]}, equal_cores=True, deployments="small", **settings).iloc[0]
    result = sim.simulate(quick.replace({"workload.rate": 50}), "small", equal_cores=True, **settings)
    for name in ("latency_p50_s", "latency_p99_s", "goodput_per_s"):
        np.testing.assert_equal(row[f"{name}_half_width"], result.intervals.loc[name, "half_width"])
        assert row[name] == result.summary[name]
    assert row["replications"] == 3


def test_a_design_that_samples(quick):
    axes = {"workload.rate": {"min": "20/s", "max": "80/s", "scale": "log"}, "services.store.replicas": "1..4:integer"}
    table = sim.sweep(quick, axes, design="latin", samples=4, design_seed=2)
    assert sorted(table["services.store.replicas"]) == [1, 2, 3, 4]
    assert table["workload.rate"].between(20, 80).all()
    assert content(table) == content(sim.sweep(quick, axes, design="lhs", samples=4, design_seed=2))


# -- the same bytes


def test_the_same_bytes_on_any_workers(quick, base, monkeypatch):
    def again(**where):
        return content(sim.sweep(quick, AXES, deployments=BOTH, **where))

    wanted = content(base)
    assert again(engine="compiled", workers=1) == wanted
    assert again(engine="compiled", workers=2) == wanted
    with ThreadPoolExecutor(3) as threads:
        assert again(executor=threads) == wanted
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        assert again(executor=processes) == wanted
    monkeypatch.setattr(replicate, "WORTH_PROCESSES", 0)
    ours = []
    whole = workers.Processes.__init__
    monkeypatch.setattr(workers.Processes, "__init__", lambda self, number: ours.append(number) or whole(self, number))
    assert again(engine="reference", workers=2) == wanted
    assert ours == [2]


def test_the_same_bytes_on_dask(quick, base):
    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:
        table = sim.sweep(quick, AXES, deployments=BOTH, address=cluster.scheduler_address)
    assert content(table) == content(base)
    assert table.attrs == base.attrs


class Backwards(ThreadPoolExecutor):
    """The first come, last served."""

    def submit(self, function, *given):
        self.number = getattr(self, "number", 0) + 1
        return super().submit(delayed, 0.3 / self.number, function, *given)


def delayed(seconds, function, *given):
    time.sleep(seconds)
    return function(*given)


def test_the_order_is_that_of_the_design_whatever_ends_first(quick, base):
    with Backwards(12) as threads:
        assert content(sim.sweep(quick, AXES, deployments=BOTH, executor=threads)) == content(base)


# -- the store


def test_reused_equals_computed(quick, base, tmp_path):
    first = sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path)
    second = sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path)
    assert content(first) == content(second) == content(base)
    assert (first.attrs["computed"], first.attrs["reused"]) == (8, 0)
    assert (second.attrs["computed"], second.attrs["reused"]) == (0, 8)
    runs = sim.sweep(quick, AXES, deployments=BOTH, runs=True)
    assert content(sim.sweep(quick, AXES, deployments=BOTH, runs=True, store=tmp_path)) == content(runs)


def test_only_what_is_new_is_computed(quick, tmp_path):
    sim.sweep(quick, {"workload.rate": [20, 40]}, store=tmp_path)
    table = sim.sweep(quick, {"workload.rate": [10, 20, 30, 40]}, deployments=BOTH, store=tmp_path)
    assert (table.attrs["computed"], table.attrs["reused"]) == (6, 2)
    again = sim.sweep(quick, {"workload.rate": [20]}, replications=3, store=tmp_path)
    assert (again.attrs["computed"], again.attrs["reused"]) == (1, 0)


def test_shards_merge_to_the_same_bytes(quick, base, tmp_path, monkeypatch):
    monkeypatch.setenv("JOB_COMPLETIONS", "3")
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "2")
    parts = [sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path, shard=shard) for shard in ("0/3", "1/3", "auto")]
    assert [len(part) for part in parts] == [4, 4, 4]
    assert [part["services.store.replicas"].tolist() for part in parts] == [[1, 1, 2, 2], [2, 2, 1, 1], [1, 1, 2, 2]]
    merged = sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path)
    assert content(merged) == content(base)
    assert (merged.attrs["computed"], merged.attrs["reused"]) == (0, 8)
    assert sorted(name.partition(".")[0] for name in os.listdir(tmp_path)) == [
        "shard-0-of-3", "shard-1-of-3", "shard-2-of-3",
    ]  # fmt: skip


def test_a_shard_of_failing_points_alone_is_no_error(quick, tmp_path):
    axes = {"workload.rate": ["20/s", "-1/s"]}
    assert sim.sweep(quick, axes, store=tmp_path, shard="1/2")["status"].tolist() == ["failed"]
    assert len(sim.sweep(quick, axes, store=tmp_path, shard="2/3")) == 0


def test_a_store_is_collected(quick, base, tmp_path):
    for shard in ("1/2", "0/2", "1/2"):
        sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path, shard=shard)
    table = sim.collect(tmp_path)
    good = base[base["status"] == "ok"].reset_index(drop=True)
    assert content(table) == content(with_numbers(good))
    assert len(sim.collect(tmp_path, runs=True)) == 16
    sim.sweep(quick.replace({"name": "another"}), {"services.web.replicas": [2]}, store=tmp_path)
    assert list(table.columns[:2]) == ["workload.rate", "services.store.replicas"]
    both = sim.collect(tmp_path)
    assert both["topology"].tolist() == ["another"] + ["shop"] * 8
    assert both["services.web.replicas"].isna().tolist() == [False] + [True] * 8  # by name: another, shop
    both.to_parquet(tmp_path / "table.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), both)


def test_what_is_the_same_run_is_computed_once(quick, tmp_path):
    """In `small` the store has no replicas of its own to vary."""
    table = sim.sweep(quick, {"services.store.replicas": [1, 2, 3]}, deployments="small", store=tmp_path)
    assert (table.attrs["computed"], table.attrs["reused"], table.attrs["shared"]) == (1, 0, 2)
    assert len(set(table["latency_p99_s"])) == 1
    assert content(sim.collect(tmp_path)) == content(table)
    with ThreadPoolExecutor(2) as threads:
        again = sim.sweep(quick, {"services.store.replicas": [1, 2, 3]}, deployments="small", executor=threads)
    assert (content(again), again.attrs) == (content(table), table.attrs)
    more = sim.sweep(quick, {"services.store.replicas": [2, 3, 4]}, deployments="small", store=tmp_path)
    assert (more.attrs["computed"], more.attrs["reused"], more.attrs["shared"]) == (0, 1, 2)


def test_what_comes_after_a_run_of_its_own_shares_it(quick):
    """One at a time, so that the second row finds the first one finished."""
    axes = {"workload.rate": ["20/s", "30/s", "1200/min"]}
    table = sim.sweep(quick, axes, workers=1)
    assert (table.attrs["computed"], table.attrs["reused"], table.attrs["shared"]) == (2, 0, 1)
    assert table["latency_mean_s"][0] == table["latency_mean_s"][2]


def test_a_store_has_every_row_of_every_sweep(quick, tmp_path):
    """Reused by another sweep, at another point of another axis, a run is a row of that one too."""
    sim.sweep(quick, {"workload.rate": [20, 40]}, store=tmp_path)
    second = sim.sweep(quick, {"workload.rate": [40]}, store=tmp_path)
    assert second.attrs["reused"] == 1
    assert sim.collect(tmp_path)["workload.rate"].tolist() == [20, 40, 40]
    assert sum(1 for _ in journal.read_entries(tmp_path)) == 3
    sim.sweep(quick, {"workload.rate": [40]}, store=tmp_path)
    assert sum(1 for _ in journal.read_entries(tmp_path)) == 3


def test_there_is_nothing_to_collect(tmp_path):
    with pytest.raises(sim.ResultError, match="there is no store"):
        sim.collect(tmp_path / "nowhere")
    with pytest.raises(sim.ResultError, match="holds no finished run"):
        sim.collect(tmp_path)


def test_a_full_disk_ends_the_sweep_and_loses_nothing(quick, base, tmp_path, monkeypatch):
    whole, lines = os.write, []

    def write(file, line):
        lines.append(line)
        if len(lines) == 4:
            whole(file, line[:50])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(file, line)

    monkeypatch.setattr(journal.os, "write", write)
    with pytest.raises(
        sim.ResultError, match=r"cannot write to the store .*: No space left on device; 3 runs are kept"
    ):
        sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path)
    monkeypatch.undo()
    table = sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path, workers=1)
    assert content(table) == content(base)
    assert (table.attrs["computed"], table.attrs["reused"]) == (5, 3)


KILLED = """\
import sys
import simulator as sim
topology = sim.load(sys.argv[1])
sim.sweep(topology, {"workload.rate": list(range(20, 60))}, store=sys.argv[2], shard=sys.argv[3], workers=1,
          engine="reference",
          progress=lambda done, total: print(done, flush=True))
"""


def start_sweep(shop_file, store, shard="0/1"):
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(shop_file), str(store), shard],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_killed_in_the_middle_only_what_is_missing_is_computed(shop_file, tmp_path):
    process = start_sweep(shop_file, tmp_path / "runs")
    for line in process.stdout:
        if float(line) >= 5:
            break
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (left,) = (tmp_path / "runs").iterdir()
    whole = left.read_bytes()
    kept = whole.count(b"\n")
    assert 5 <= kept < 40
    left.write_bytes(whole + whole.splitlines()[0][:100])  # and its last line is torn
    axes = {"workload.rate": list(range(20, 60))}
    table = sim.sweep(sim.load(shop_file), axes, store=tmp_path / "runs")
    assert (table.attrs["computed"], table.attrs["reused"]) == (40 - kept, kept)
    assert content(table) == content(sim.sweep(sim.load(shop_file), axes))


def test_two_processes_at_once_share_a_store(shop_file, tmp_path):
    both = [start_sweep(shop_file, tmp_path / "runs", f"{index}/2") for index in range(2)]
    for process in both:
        _, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
    table = sim.sweep(sim.load(shop_file), {"workload.rate": list(range(20, 60))}, store=tmp_path / "runs")
    assert (table.attrs["computed"], table.attrs["reused"]) == (0, 40)


# -- Ctrl-C


def test_a_ctrl_c_leaves_what_is_finished(quick, base, tmp_path, cut_off):
    cut_off(6)  # in the second replication of the third run
    cut = sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path, workers=1)
    assert cut.attrs.pop("written") == {"workload.rate": {20.0: "20/s"}}
    assert cut.attrs == {"computed": 2, "reused": 0, "shared": 0, "failed": 0, "missing": 10}
    assert content(cut) == content(with_numbers(base[:2]))
    rest = sim.sweep(quick, AXES, deployments=BOTH, store=tmp_path, workers=1)
    assert rest.attrs == {"computed": 6, "reused": 2, "shared": 0, "failed": 4, "missing": 0}
    assert content(rest) == content(base)


def test_a_ctrl_c_before_anything_is_finished(quick, cut_off):
    cut_off(1)
    with pytest.raises(KeyboardInterrupt):
        sim.sweep(quick, AXES)


# -- progress


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_progress_counts_all_runs(engine, quick):
    told = []
    sim.sweep(quick, AXES, engine=engine, progress=lambda *seen: told.append(seen))
    assert told[0] == (0, 6)
    assert told[-1] == (6, 6)
    assert {total for _, total in told} == {6}
    assert all(0 <= done <= 6 for done, _ in told)


# -- what is refused


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"axes": {"deployment": ["small"]}, "deployments": ["small"]}, sim.PlanError, "deployment is an axis"),
        ({"axes": {"seed": [1]}, "seed": 2}, sim.PlanError, "seed is an axis of this sweep, and seed= is given"),
        ({"axes": {"simulation.duration": [5]}, "duration": 6}, sim.PlanError, "simulation.duration is an axis"),
        ({"axes": {"workload.rate": [1]}, "design_seed": 2}, sim.PlanError, "a grid draws nothing"),
        ({"axes": {"workload.rate": [1]}, "samples": 2}, sim.PlanError, "leave samples= out"),
        ({"axes": {}}, sim.PlanError, "a sweep needs axes"),
        ({"axes": {"workload.rate": [1]}, "deployments": ["nowhere"]}, sim.PlanError, "no deployment `nowhere`"),
        ({"axes": {"deployment": ["small", "nowhere"]}}, sim.PlanError, "no deployment `nowhere`"),
        ({"axes": {"workload.rate": [1]}, "shard": "0/2"}, sim.PlanError, "a shard computes its part into a store"),
        ({"axes": {"workload.rate": [1]}, "engine": "fast"}, sim.EngineError, "there is no engine 'fast'"),
        ({"axes": {"services.stoer.replicas": [1, 2]}}, sim.TopologyError, "unknown service `stoer`"),
        ({"axes": {"services.store.replcas": [1, 2]}}, sim.TopologyError, "unknown key `replcas`"),
        ({"axes": {"workload.rate": "20,30"}}, sim.TopologyError, "a rate needs a unit, for example 80/s, found `20`"),
        ({"axes": {"workload.rate": "2..3"}, "design": "latin", "samples": 2}, sim.TopologyError, "a rate needs a"),
        ({"axes": {"workload.rate": [1]}, "duration": -1}, sim.TopologyError, "simulation.duration"),
    ],
)  # fmt: skip
def test_a_sweep_that_is_wrong_is_refused_before_it_begins(quick, options, error, message, monkeypatch):
    monkeypatch.setattr(workers, "make_run", None)
    with pytest.raises(error, match=message):
        sim.sweep(quick, **options)


# -- a file


def test_a_sweep_file(shop_file, tmp_path):
    (tmp_path / "sweep.yaml").write_text(
        "topology: shop.yaml\n"
        "axes: {workload.rate: 20/s:40/s:10/s}\n"
        "deployments: [small, microservices]\n"
        "simulation: {duration: 8s, replications: 3}\n"
    )
    table = sim.sweep(tmp_path / "sweep.yaml")
    assert table["workload.rate"].tolist() == [20.0, 20.0, 30.0, 30.0, 40.0, 40.0]
    assert table.attrs["written"] == {"workload.rate": {20.0: "20/s", 30.0: "30/s", 40.0: "40/s"}}
    assert table["deployment"].tolist() == ["small", "microservices"] * 3
    axes = {"workload.rate": ["20/s", "30/s", "40/s"]}
    wanted = sim.sweep(sim.load(shop_file), axes, deployments=["small", "microservices"], duration=8, replications=3)
    assert content(table) == content(wanted)
    less = sim.sweep(tmp_path / "sweep.yaml", replications=2, deployments="small")
    assert (less["replications"].unique().tolist(), len(less)) == ([2], 3)


FILE = """\
topology: shop.yaml
axes: {workload.rate: 20/s:40/s:10/s}
simulation: {duration: 8s, replications: 2}
"""


def test_axes_that_are_given_come_on_top_of_those_of_the_file(shop_file, tmp_path):
    (tmp_path / "sweep.yaml").write_text(FILE)
    table = sim.sweep(tmp_path / "sweep.yaml", {"services.store.replicas": [1, 2]})
    assert list(table.columns[:2]) == ["workload.rate", "services.store.replicas"]
    assert len(table) == 6


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"workload.rate": [5]}, "workload.rate is an axis of the sweep file, and of axes= too: leave one of them out"),
        ({"simulation.duration": [5]}, "simulation.duration is an axis .* and the sweep file sets it under"),
        ({"seed": [5]}, "seed is an axis of this sweep, and the sweep file sets it under `simulation` too"),
    ],
)
def test_no_axis_takes_the_place_of_what_the_file_says(axes, message, shop_file, tmp_path):
    (tmp_path / "sweep.yaml").write_text(FILE.replace("replications: 2", "replications: 2, seed: 3"))
    with pytest.raises(sim.PlanError, match=message):
        sim.sweep(tmp_path / "sweep.yaml", axes)


def test_values_chosen_from_a_file_or_a_text_have_its_unit(shop_file, tmp_path):
    """And each is what the row was simulated with: pasted into the file it gives the same numbers."""
    file = tmp_path / "sweep.yaml"
    file.write_text(FILE.replace("20/s:40/s:10/s", "{min: 1200/min, max: 60/s}") + "design: latin\nsamples: 3\n")
    table = sim.sweep(file)
    assert table["workload.rate"].between(20, 60).all()
    assert all(text.endswith("/min") for text in table.attrs["written"]["workload.rate"].values())
    topology = sim.load(shop_file)
    again = sim.sweep(
        topology, {"workload.rate": "1200/min..60/s"}, design="latin", samples=3, duration=8, replications=2
    )
    assert content(again) == content(table)
    for _, row in table.iterrows():
        one = sim.simulate(topology.replace({"workload.rate": row["workload.rate"]}), duration=8, replications=2)
        assert one.intervals.loc["latency_mean_s", "mean"] == row["latency_mean_s"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"axes": {"workload.rate": [20]}}, "1 run, each of 2 replications"),
        ({"axes": AXES, "deployments": BOTH}, "12 runs (6 points, 2 deployments), each of 2 replications"),
        ({"axes": {"workload.rate": [20, 30]}, "replications": 1}, "2 runs, each of 1 replication"),
        ({"axes": {"simulation.replications": [1, 2]}}, "2 runs"),
    ],
)
def test_how_much_there_is_to_do_is_said_first(options, sentence, quick):
    told = []
    sim.sweep(quick, **options, notify=told.append, progress=lambda done, total: told.append(done))
    assert told[:2] == [sentence, 0]
