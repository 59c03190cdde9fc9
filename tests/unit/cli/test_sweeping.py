"""`simulator sweep` as a user meets it."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import simulator as sim
from simulator import cli
from simulator.cli import common, sweeping, sweeptable
from simulator.spec.text import Text

pytestmark = pytest.mark.one_in(4)

ROOT = Path(__file__).parents[3]
SHOP = """\
name: shop
simulation: {duration: 10s, warmup: 1s, seed: 3, replications: 2}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 5ms}}, {call: store}]}
  store: {steps: [{cpu: {dist: exponential, mean: 8ms}}]}
workload: {call: web, rate: 40/s}
slos: {web: {call: web, p99: 100ms}}
prices: {vcpuHour: 0.04}
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP)
    return sim.load("shop.yaml")


def run(capsys, command):
    code = cli.main(shlex.split(f"sweep {command}"))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return (
        code,
        out,
        "".join(line for line in err.splitlines(keepends=True) if not line.startswith(("sweep ", "sweep: "))),
    )


@pytest.fixture(autouse=True)
def window(monkeypatch):
    """Of a hundred columns, whatever the window is that the tests run in."""
    monkeypatch.setenv("COLUMNS", "100")


def test_it_shows_what_the_function_gives(shop, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = run(capsys, "shop.yaml --axis workload.rate=20/s:60/s:20/s --axis services.store.replicas=1,2")
    assert (code, err) == (common.FINE, "computed 6, reused 0\n")
    above, _, *lines = out.splitlines()
    assert above == "all rows: deployment microservices"
    assert lines[0].split()[:2] == ["workload.rate", "store.replicas"]
    assert [line.split()[:2] for line in lines[1:7]] == [
        [rate, number] for rate in ("20/s", "40/s", "60/s") for number in "12"
    ]
    table = sim.sweep(shop, {"workload.rate": ["20/s"], "services.store.replicas": [1]})
    shown = [cell for cell in re.split(r" {2,}", lines[1]) if re.match(r"[\d.]+( ±|$)", cell)]
    assert any(float(cell.split()[0]) == pytest.approx(table["latency_p99_s"][0] * 1000, rel=1e-3) for cell in shown)


def test_files_have_the_whole_table(shop, capsys):
    command = "shop.yaml --axis workload.rate=20/s,-1/s -d monolith -d microservices --csv t.csv --parquet t.parquet"
    assert run(capsys, command)[0] == common.MISSED
    table = sim.sweep(shop, {"workload.rate": ["20/s", "-1/s"]}, deployments=["monolith", "microservices"])
    table.attrs = {}
    pd.testing.assert_frame_equal(pd.read_parquet("t.parquet"), table, check_exact=True)
    text = pd.read_csv("t.csv", dtype="str")
    for name in table.select_dtypes("float64").columns:  # written so that they read back to the bit
        assert [float(cell) for cell in text[name]] == pytest.approx(table[name].tolist(), rel=0, abs=0, nan_ok=True)
    before = Path("t.parquet").read_bytes()
    assert run(capsys, f"{command} --store runs")[0] == run(capsys, f"{command} --store runs")[0] == common.MISSED
    assert Path("t.parquet").read_bytes() == before  # computed or reused


def test_a_store_shards_and_collecting(shop, capsys):
    axes = "--axis workload.rate=20/s:60/s:10/s"
    for index, number in enumerate((3, 2)):
        err = run(capsys, f"shop.yaml {axes} --store runs --shard {index}/2")[2]
        assert err == f"computed {number}, reused 0\n"
    assert run(capsys, f"shop.yaml {axes} --store runs --csv whole.csv")[2] == "computed 0, reused 5\n"
    code, out, err = run(capsys, "--collect runs --csv collected.csv")
    assert (code, err) == (common.FINE, "")
    assert Path("collected.csv").read_bytes() == Path("whole.csv").read_bytes()
    assert len(out.splitlines()) >= 6
    rows = json.loads(run(capsys, "--collect runs --json --runs")[1])["rows"]
    assert [row["replication"] for row in rows] == [0, 1] * 5


def test_json_stands_alone(shop, capsys):
    code, out, err = run(capsys, "shop.yaml --axis workload.rate=20/s,-1/s --json")

    def refuse(word):
        raise AssertionError(word)

    content = json.loads(out, parse_constant=refuse)
    assert (code, err) == (common.MISSED, "computed 1, reused 0\n")
    assert (content["computed"], content["failed"]) == (1, 1)
    assert [row["status"] for row in content["rows"]] == ["ok", "failed"]
    assert content["rows"][1]["requests"] is None


def test_a_sweep_file(shop, capsys):
    Path("sweep.yaml").write_text("topology: shop.yaml\naxes: {workload.rate: [20/s, 30/s]}\n")
    assert run(capsys, "--file sweep.yaml --json")[0] == common.FINE
    Path("sweep.yaml").write_text("topology: shop.yaml\naxs: {workload.rate: [20/s, 30/s]}\n")
    code, out, err = run(capsys, "--file sweep.yaml")
    assert (code, out) == (common.WRONG, "")
    assert err.startswith("sweep.yaml:2:1: axs: unknown key `axs`; did you mean `axes`?\n    2 | axs:")


def test_designs_and_settings(shop, capsys):
    code, out, _ = run(
        capsys, "shop.yaml --axis workload.rate=20/s..60/s:log --axis services.store.replicas=1..3:integer "
        "--design latin --samples 3 --design-seed 4 --set services.web.replicas=2 --replications 3 --duration 5s "
        "--warmup 1s --json --workers 1 --engine reference",
    )  # fmt: skip
    rows = json.loads(out)["rows"]
    assert code == common.FINE
    assert sorted(row["services.store.replicas"] for row in rows) == [1, 2, 3]
    assert [row["replications"] for row in rows] == [3, 3, 3]
    axes = {"workload.rate": "20/s..60/s:log", "services.store.replicas": "1..3:integer"}
    table = sim.sweep(
        shop.replace({"services.web.replicas": 2}), axes, design="latin", samples=3, design_seed=4,
        replications=3, duration="5s", warmup="1s",
    )  # fmt: skip
    assert [row["latency_mean_s"] for row in rows] == table["latency_mean_s"].tolist()


def test_failed_rows_say_why_and_are_exit_code_1(shop, capsys, monkeypatch):
    code, out, _ = run(capsys, "shop.yaml --axis workload.rate=20/s,-1/s,-2/s")
    assert code == common.MISSED
    assert "failed (1 row): workload.rate: a rate cannot be negative, found `-1/s`" in out
    assert re.search(r"^-2/s +failed +- ", out, re.MULTILINE)
    from simulator.engines.reference import ReferenceEngine

    def exhaust(*_, **__):
        raise MemoryError

    monkeypatch.setattr(ReferenceEngine, "run", exhaust)
    code, out, _ = run(capsys, "shop.yaml --axis workload.rate=20/s,30/s --engine reference")
    assert code == common.MISSED
    assert "failed (2 rows): out of memory" in out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "name a topology file and its axes, or a sweep file"),
        ("shop.yaml", "a sweep needs axes: .*, such as --axis services.payment.replicas=1,2,4"),
        ("shop.yaml --axis workload.rate", "--axis workload.rate: expected PATH=VALUES"),
        ("shop.yaml --axis a=1 --axis a=2", "--axis a is given twice"),
        ("shop.yaml --axis workload.rat=1/s,2/s", "workload.rat: unknown key `rat`"),
        ("shop.yaml --axis workload.rate=20,30", "workload.rate: a rate needs a unit"),
        ("shop.yaml --axis workload.rate=1:x:2", "axes.workload.rate: expected start:stop:step in one unit"),
        ("shop.yaml --axis workload.rate=1/s --shard 0/2", "a shard computes its part into a store"),
        ("shop.yaml --axis workload.rate=1/s --shard 0/2", ".*: give one with --store"),
        ("shop.yaml --axis workload.rate=1/s --shard -1/4 --store runs", "a shard is auto, or i/n .*, not '-1/4'"),
        ("shop.yaml --axis workload.rate=1/s --shard auto --store runs", "--shard auto is for array jobs"),
        ("shop.yaml --axis workload.rate=1/s..2/s --design latin", "a latin design needs --samples, how many points"),
        ("shop.yaml --axis workload.rate=1/s..2/s", "a grid needs values, .*: list them, or use --design latin\n"),
        ("shop.yaml --axis workload.rate=1/s --samples 3", "a grid has .*: leave --samples out, or use --design latin"),
        ("shop.yaml --axis workload.rate=1/s --design-seed 3", "a grid draws nothing: leave --design-seed out"),
        ("shop.yaml --axis seed=1,2 --seed 3", "seed is an axis of this sweep, and --seed is given too"),
        ("shop.yaml --axis deployment=monolith -d monolith", "deployment is an axis of this sweep: leave -d out"),
        ("shop.yaml --axis seed=1,2 --axis simulation.seed=3", "seed and simulation.seed are one thing"),
        ("shop.yaml --axis workload.rate=1/s --store shop.yaml", "shop.yaml is a file: name a folder to keep runs in"),
        ("shop.yaml --axis workload.rate=1/s --csv nowhere/t.csv", "cannot write nowhere/t.csv: there is no folder"),
        ("shop.yaml --axis workload.rate=1/s --parquet .", "[.] is a folder: name a file"),
        ("shop.yaml --axis workload.rate=1/s --parquet x.csvv", "--parquet x.csvv: .* has to end with .parquet"),
        ("shop.yaml --axis workload.rate=1/s --parquet t.parquet.gz", "--parquet t.parquet.gz: .* has to end with"),
        ("shop.yaml --axis workload.rate=1/s --csv x.parquet", "--csv x.parquet: .* has to end with .csv"),
        ("--collect runs --csv x.xlsx", "--csv x.xlsx: .* has to end with .csv"),
        ("shop.yaml --file s.yaml", "--file names the topology"),
        ("--file s.yaml --set a=1", "--file names the topology"),
        ("--file nowhere.yaml", "cannot read `nowhere.yaml`"),
        ("--collect nowhere", "there is no store nowhere"),
        ("--collect runs --axis a=1", "--collect computes nothing"),
        ("shop.yaml --axis workload.rate=1/s -d nowhere", "no deployment `nowhere`"),
        ("shop.yaml --axis workload.rate=1/s --workers 0", "--workers: expected a number of at least 1, found `0`"),
    ],
)
def test_wrong_use(command, message, shop, capsys):
    code, out, err = run(capsys, command)
    assert (code, out) == (common.WRONG, "")
    assert re.match(message, err), err


def test_an_array_job_is_not_to_try_a_point_that_fails_again(shop, capsys):
    command = "shop.yaml --axis services.web.replicas=2,two --store runs"
    for index, rows in enumerate((["ok"], ["failed"])):
        code, out, _ = run(capsys, f"{command} --shard {index}/2 --json")
        assert (code, [row["status"] for row in json.loads(out)["rows"]]) == (common.FINE, rows)
    assert run(capsys, command)[0] == common.MISSED


def test_the_exit_codes_are_in_the_help(capsys):
    assert "; 1 a point failed (with --shard 0:" in run(capsys, "--help")[1]


def test_failures_are_no_goodput(shop, capsys):
    half = {"services.web.errorRate": ["50%"]}
    out = run(capsys, "shop.yaml --axis services.web.errorRate=50%")[1]
    table = sim.sweep(shop, half)
    head, line = (re.split(" {2,}", text.strip()) for text in out.splitlines()[:2])
    shown = float(line[head.index("goodput/s")].split()[0])
    assert shown == pytest.approx(table["goodput_per_s"][0], rel=1e-3)
    assert shown < 0.7 * table["throughput_per_s"][0]


def test_what_there_is_no_room_for_stands_in_tables_below(shop, capsys, monkeypatch):
    everything = ["web p99 (ms)", "goodput/s", "p99 (ms)", "served (%)", "mean (ms)", "cost/h"]
    tables = []
    for number in range(4):
        axes = "".join(f" --axis services.{name}=1,2" for name in ["web.replicas", "store.replicas",
                       "web.resources.cpu"][:number])  # fmt: skip
        command = f"shop.yaml --axis workload.rate=20/s,30/s{axes} --duration 4s --warmup 1s --set name=x"
        parts = run(capsys, command)[1].split("\n\n")
        heads = [re.split(" {2,}", part.splitlines()[0]) for part in parts if re.match(r"\S*rate  ", part)]
        assert [one for head in heads for one in head if one in everything] == everything
        assert len({tuple(one for one in head if one not in [*everything, "met"]) for head in heads}) == 1
        assert max(len(line) for part in parts for line in part.splitlines()) <= 100
        tables.append(len(heads))
    assert tables[0] == 1 < tables[-1]
    monkeypatch.setenv("COLUMNS", "200")
    out = run(capsys, command)[1]
    assert out.count("workload.rate  ") == 1
    assert 100 < max(map(len, out.splitlines())) <= 200


def test_rows_of_very_many_axes_are_told_by_their_numbers(capsys):
    names = [f"services.service-{letter}.replicas" for letter in "abcdefghijkl"]
    table = pd.DataFrame(
        [{**dict.fromkeys(names, number), "requests": 9, "status": "ok", "reason": "", "warnings": "",
          "slos.all.p99": 0.5, "goodput_per_s": 40.0 + number, "latency_p99_s": 0.5, "availability_ratio": 1.0,
          "latency_mean_s": 0.1, "cost_per_hour": float("nan")} for number in (1, 2)]
    )  # fmt: skip
    lines = sweeptable.render(table, {}, 60).splitlines()
    words = {word for line in lines if line.startswith("row  ") for word in re.split(" {2,}", line)}
    assert {f"service-{letter}.replicas" for letter in "abcdefghijkl"} < words
    assert {"all p99 (ms)", "goodput/s", "p99 (ms)", "served (%)", "mean (ms)"} < words
    assert max(map(len, lines)) <= 60


def test_values_of_axes_are_never_shortened_to_the_same_letters():
    """The ends of paths are shown where there is little room, unless these are the same."""
    files = [f"traces/{month}/of-a-day-with-much-traffic.csv" for month in ("january", "february", "march")]
    table = pd.DataFrame(
        [{"workload.file": file, "name": "of/a/very/long/folder/and/a/file.yaml" if number else "b", "seed": number,
          "requests": 9, "status": "ok", "reason": "", "warnings": "", "goodput_per_s": 40.0, "latency_p99_s": 0.5,
          "availability_ratio": 1.0, "latency_mean_s": 0.1, "cost_per_hour": float("nan")}
         for number, file in enumerate(files)]
    )  # fmt: skip
    for width in (60, 80, 100, 160):
        letters = "".join(sweeptable.render(table, {}, width).split())
        assert all(month in letters for month in ("january", "february", "march"))


def test_text_keeps_to_100_columns(shop, capsys):
    long = "a-name-that-is-longer-than-any-table-would-like-it-to-be-and-then-some-and-more"
    Path("long.yaml").write_text(SHOP.replace("store", f"{long}-store"))
    for more in ("", "--axis workload.rate=10/s,900/s --axis name=a,b --axis services.web.resources.cpu=1,2 --runs"):
        _, out, _ = run(
            capsys, f"long.yaml --axis services.{long}-store.replicas=1,-1 {more} --duration 5s --warmup 1s"
        )
        assert max(map(len, out.splitlines())) <= 100
        assert re.search(r"  served \(%\)$|  cost/h$|  overload$|  status$", out, re.MULTILINE)  # left out, not cut off


def test_a_long_table_is_cut(shop, capsys, monkeypatch):
    monkeypatch.setattr(sweeptable, "MOST_ROWS", 2)
    out = run(capsys, "shop.yaml --axis workload.rate=10/s,20/s,30/s")[1]
    assert "... and 1 more row: --csv or --parquet have all of them" in out


FEW = "fewer than 10 of 1,203 requests lie beyond p99.9: p99.9 needs 10,000 requests"
MORE = "fewer than 10 of 1 request lie beyond p90, p99, p99.9: p99.9 needs 10,000 requests"


@pytest.mark.parametrize(
    ("warnings", "remarks"),
    [
        (["", ""], []),
        ([FEW, MORE], ["p90, p99, p99.9: few requests lie beyond in 2 of 2 rows; a longer run has more"]),
        (
            [f"one is odd; {FEW}; web is unstable: 5 visits arrive", FEW],
            [
                "1 of 2 rows are overloaded: their latencies depend on how long the run is",
                "1 of 2 rows have warnings (column `warnings`), the first: one is odd",
                "p99.9: few requests lie beyond in 2 of 2 rows; a longer run has more",
            ],
        ),
    ],
)
def test_each_kind_of_warning_is_one_line(warnings, remarks):
    table = pd.DataFrame({"warnings": pd.Series(warnings, dtype="str"), "status": "ok", "reason": ""})
    assert sweeptable.remarks(table) == remarks


def test_the_real_warnings_are_understood(shop, capsys):
    """Those that `simulate` gives of a short run, and of one that is asked for more than it can do."""
    _, out, _ = run(capsys, "shop.yaml --axis workload.rate=20/s,150/s --set slos.web.p99=1h")
    head, first, second = (re.split(" {2,}", line) for line in out.splitlines()[2:5])
    assert "overload" in head
    assert ("yes" in first, "yes" in second) == (False, True)
    assert "1 of 2 rows are overloaded" in out
    assert re.search(r"^p99(, p99\.9)?: few requests lie beyond in 2 of 2 rows", out, re.MULTILINE)
    assert "fewer than" not in out
    assert "overload" not in run(capsys, "shop.yaml --axis workload.rate=20/s")[1]
    assert "overloaded" in run(capsys, "shop.yaml --axis workload.rate=150/s --runs")[1]


def test_chosen_values_are_shown_with_their_unit(shop, capsys):
    command = "shop.yaml --axis workload.rate=1200/min..60/s:log --design latin --samples 3 --csv t.csv --store runs"
    _, out, _ = run(capsys, command)
    shown = [line.split()[0] for line in out.splitlines()[3:6]]
    rates = pd.read_csv("t.csv")["workload.rate"].tolist()  # per second
    assert shown == [f"{60.0 * rate:.6g}/min" for rate in rates]
    whole = Path("t.csv").read_bytes()
    run(capsys, "--collect runs --csv t.csv")
    assert Path("t.csv").read_bytes() == whole


def test_a_large_sweep_says_how_much_there_is_to_do(shop, capsys, monkeypatch):
    monkeypatch.setattr(sweeping, "MOST_QUIET", 3)
    command = "shop.yaml --axis workload.rate={} -d monolith -d microservices --replications 1 --duration 4s"
    assert run(capsys, command.format("20/s"))[2] == "computed 2, reused 0\n"
    assert run(capsys, command.format("20/s,30/s"))[2] == (
        "4 runs (2 points, 2 deployments), each of 1 replication; Ctrl-C keeps what is finished\ncomputed 4, reused 0\n"
    )


def test_rows_that_are_one_run_are_said_to_be(shop, capsys):
    command = "shop.yaml --axis description=one,two,three --store runs"
    more = "; rows that share one of these runs: 2\n"
    assert run(capsys, command)[2] == f"computed 1, reused 0{more}"
    assert run(capsys, command)[2] == f"computed 0, reused 1{more}"


def test_axes_on_top_of_a_file(shop, capsys):
    Path("sweep.yaml").write_text("topology: shop.yaml\naxes: {workload.rate: [20/s, 30/s]}\n")
    code, out, _ = run(capsys, "--file sweep.yaml --axis services.web.replicas=1,2 --json")
    assert (code, len(json.loads(out)["rows"])) == (common.FINE, 4)
    code, out, err = run(capsys, "--file sweep.yaml --axis workload.rate=40/s")
    assert (code, out) == (common.WRONG, "")
    assert err == "workload.rate is an axis of the sweep file, and of --axis too: leave one of them out\n"


@pytest.mark.parametrize("option", ["--csv", "--parquet"])
def test_a_file_that_cannot_be_written_is_said_before_the_sweep(option, shop, capsys, monkeypatch):
    monkeypatch.setattr(sim, "sweep", None)
    file = "/proc/t"  # nobody may write there
    code, out, err = run(capsys, f"shop.yaml --axis workload.rate=20/s {option} {file}")
    assert (code, out) == (common.WRONG, "")
    assert err.startswith(f"cannot write {file}: ")
    assert err.endswith(": name another file\n")


@pytest.mark.parametrize("option", ["--csv", "--parquet"])
def test_a_disk_that_fills_up_loses_the_file_only(option, shop, capsys, monkeypatch):
    def write(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, f"to_{option[2:]}", write)
    code, out, err = run(capsys, f"shop.yaml --axis workload.rate=20/s {option} t")
    assert code == common.WRONG
    assert out.startswith("workload.rate")  # the sweep was not for nothing
    assert err == "computed 1, reused 0\ncannot write t: No space left on device: name another file\n"


def test_paths_are_as_short_as_tells_them_apart():
    a, b, c = "services.payment.replicas", "services.order.replicas", "services.order.endpoints.place.steps[0].cpu.mean"
    assert list(sweeptable.short_names([a, b, c, "workload.rate", "seed"]).values()) == [
        "payment.replicas", "order.replicas", "cpu.mean", "workload.rate", "seed",
    ]  # fmt: skip
    other = "services.cart.endpoints.place.steps[0].cpu.mean"
    short = sweeptable.short_names([c, other]).values()
    assert all(name.startswith(("order.", "cart.")) for name in short)


LONG = SHOP.replace("duration: 10s", "duration: 60s")
TOLD = """\
import sys
from simulator import cli
from simulator.cli import sweeping
def tell(work, what):
    return work(lambda done, total: print(done, file=sys.stderr, flush=True))
sweeping.with_progress = tell
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("engine", ["reference --workers 1", "reference --workers 2", "compiled"])
def test_a_ctrl_c_shows_what_is_finished_and_the_next_call_goes_on(engine, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("long.yaml").write_text(
        LONG if "reference" in engine else SHOP.replace("10s", "1200s").replace("40/s", "90/s")
    )
    command = f"sweep long.yaml --axis services.web.replicas=1:60:1 --store runs --json --engine {engine}"
    process = subprocess.Popen(
        [sys.executable, "-c", TOLD, *shlex.split(command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    for line in process.stderr:
        if line[0].isdigit() and float(line) >= 4:  # two of which are whole at least, with two workers
            break
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == common.INTERRUPTED, err
    assert "Traceback" not in err
    finished = json.loads(out)
    assert 2 <= finished["computed"] < 60
    assert finished["computed"] + finished["missing"] == 60
    assert (
        err.splitlines()[-1] == f"computed {finished['computed']}, reused 0; interrupted, {finished['missing']} missing"
    )
    assert len(finished["rows"]) == finished["computed"]
    rows = sim.collect("runs")
    assert len(rows) == finished["computed"]
    assert sorted(rows["services.web.replicas"]) == [row["services.web.replicas"] for row in finished["rows"]]
    fewer = f"sweep long.yaml --axis services.web.replicas={','.join(str(n) for n in rows['services.web.replicas'])}"
    assert cli.main(shlex.split(f"{fewer} --store runs --json")) == common.FINE
    assert capsys.readouterr().err == f"computed 0, reused {len(rows)}\n"


# -- clusters

CLUSTER = ROOT / "docs" / "cluster"


def test_the_kubernetes_manifest_says_one_number_of_shards_and_a_command_that_is_understood():
    job = Text((CLUSTER / "job.yaml").read_text(), "job.yaml").read()
    spec = job["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    environment = {one["name"]: one["value"] for one in container["env"]}
    assert spec["completionMode"] == "Indexed"
    assert int(environment["JOB_COMPLETIONS"]) == spec["completions"]
    arguments = cli.make_parser().parse_args(container["command"][1:])
    assert (arguments.shard, arguments.store) == ("auto", Path("/runs"))
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts == {"sweep": "/sweep", "runs": "/runs"}
    assert {volume["name"] for volume in spec["template"]["spec"]["volumes"]} == set(mounts)
    items = {one["path"] for one in spec["template"]["spec"]["volumes"][0]["configMap"]["items"]}
    assert str(arguments.file.relative_to(mounts["sweep"])) in items
    assert all((ROOT / one).is_file() for one in items)


def test_the_slurm_script_computes_every_share(shop, tmp_path, capsys):
    Path("sweep.yaml").write_text("topology: shop.yaml\naxes: {workload.rate: 20/s:60/s:10/s}\n")
    Path("simulator").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m simulator "$@"\n')
    Path("simulator").chmod(0o755)
    for task in (0, 1):
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "SWEEP": "sweep.yaml", "SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_MIN": "0",
            "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_CPUS_PER_TASK": "1",
        }  # fmt: skip
        subprocess.run(["bash", CLUSTER / "sweep.sbatch"], check=True, capture_output=True, env=environment)
    assert run(capsys, "--file sweep.yaml --store runs")[2] == "computed 0, reused 5\n"


def test_a_number_of_the_store_that_was_edited_is_said_and_computed_anew(shop, capsys):
    command = "shop.yaml --axis workload.rate=20/s,40/s --store runs --json --engine reference"
    before = json.loads(run(capsys, command)[1])
    (file,) = Path("runs").iterdir()
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0].replace('"values":[[', '"values":[[9', 1) + lines[1])
    _, out, err = run(capsys, command)
    assert f"changed since they were written, and not used: {file.name} line 1\n" in err
    assert "computed 1, reused 1" in err
    assert json.loads(out)["rows"] == before["rows"]
    assert f"{file.name} line 1" in run(capsys, "--collect runs")[2]


def told(**columns):
    """The text of a table of two rows."""
    fixed = {"rate": ["10/s", "20/s"], "deployment": "microservices", "requests": 9, "status": "ok", "reason": "",
             "warnings": "", "goodput_per_s": [10.0, 20.0], "latency_p99_s": 0.4, "availability_ratio": 1.0,
             "latency_mean_s": 0.1, "cost_per_hour": float("nan")}  # fmt: skip
    return sweeptable.render(pd.DataFrame(fixed | columns), {}, 100)


def test_what_is_met_in_all_rows_stands_above():
    slo = {"slos.web.p99": 0.4}
    assert told(**slo, met=True, sure=True).startswith("all rows: deployment microservices, met yes\n")
    assert "met" not in told(met=True, sure=True)  # nothing is promised
    lines = told(**slo, met=[True, False], sure=True).splitlines()
    assert [line.split()[:2] for line in lines[2:5]] == [["rate", "met"], ["10/s", "yes"], ["20/s", "no"]]
    assert lines[0] == "all rows: deployment microservices"


def test_what_an_interval_leaves_open_is_not_sure():
    text = told(**{"slos.web.p99": 0.4}, met=True, sure=[True, False])
    assert re.search(r"^10/s +yes  ", text, re.MULTILINE)
    assert re.search(r"^20/s +yes, not sure  ", text, re.MULTILINE)


def test_an_interval_is_printed_as_it_lies():
    """Even ones as give or take, longer ones with both ends, and none where there is none."""
    nan = float("nan")
    text = told(latency_p99_s_half_width=[0.01, 0.15], latency_p99_s_low=[0.39, 0.3], latency_p99_s_high=[0.41, 0.6])
    assert "400.0 ± 10.0" in text
    assert "400.0 (300 to 600)" in text
    assert "±" not in told(latency_p99_s_half_width=nan, latency_p99_s_low=nan, latency_p99_s_high=nan)


def test_of_which_journeys_latencies_are_and_that_the_mix_changes():
    """Rule 11.25."""
    same = told(**{"journeys.web.buy.share_ratio": 0.2, "journeys.web.look.share_ratio": 0.8})
    assert "latency is of all journeys together: web.look 80 %, web.buy 20 %\n" in same
    text = told(**{"journeys.web.buy.share_ratio": [0.2, 0.5], "journeys.web.look.share_ratio": [0.8, 0.5]})
    assert "their mix changes from row to row: web.look 50 to 80 %, web.buy 20 to 50 %" in " ".join(text.split())
    assert "journeys" not in told()
