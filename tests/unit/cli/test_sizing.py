"""`simulator capacity`: exit codes, JSON, several deployments, a Ctrl-C."""

import json
import math
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

import simulator as sim
from simulator import cli
from simulator.cli import common, sizing
from simulator.cli.sizing import _verdict, cheapest

SHOP = """\
name: shop
simulation: {duration: 9s, warmup: 1s, seed: 3, replications: 4}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 20ms}}, {call: store}]}
  store: {steps: [{cpu: {dist: exponential, mean: 8ms}}]}
workload: {call: web, rate: 40/s}
slos: {web: {call: web, p50: 150ms}}
prices: {currency: EUR, vcpuHour: 0.04}
"""


@pytest.fixture(autouse=True)
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP)


def run(capsys, command):
    code = cli.main(shlex.split(command))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_it_prints_the_size_and_why(capsys):
    code, out, err = run(capsys, "capacity shop.yaml")
    assert (code, err) == (common.FINE, "")
    assert out == f"{sim.capacity(sim.load('shop.yaml'))}\n"
    assert max(map(len, out.splitlines())) <= 100


def test_an_objective_that_cannot_be_met_is_exit_code_1(capsys):
    code, out, _ = run(capsys, "capacity shop.yaml --set slos.web.p50=20ms --max-replicas 2")
    assert code == common.MISSED
    assert "The objectives cannot be met, because web p50 is" in " ".join(out.split())


def test_json_alone(capsys):
    code, out, err = run(capsys, "capacity shop.yaml --json")
    assert (code, err) == (common.FINE, "")
    content = json.loads(out)
    assert content["met"] is True
    assert content["replicas"] == sim.capacity(sim.load("shop.yaml")).replicas
    assert "next" not in content


def test_what_the_next_replica_would_buy(capsys):
    code, out, _ = run(capsys, "capacity shop.yaml --next")
    assert code == common.FINE
    assert "one more replica of each unit, web p50, the objective that binds, is" in " ".join(out.split())
    code, out, _ = run(capsys, "capacity shop.yaml --next --json")
    assert {row["unit"] for row in json.loads(out)["next"]["units"]} == {"web", "store"}


def test_its_progress_counts_replications_and_nothing_else(monkeypatch):
    """Of both deployments together, those of the next replicas too; no total, since nobody knows it before."""
    heard, counted = [], []

    def with_progress(work, what="replications"):
        counted.append(what)
        return work(lambda done, total: heard.append((done, total)))

    simulated = []
    monkeypatch.setattr(sizing, "with_progress", with_progress)
    made = sizing.sim.capacity
    monkeypatch.setattr(
        sizing.sim, "capacity", lambda *args, **more: simulated.append(made(*args, **more)) or simulated[-1]
    )
    assert cli.main(shlex.split("capacity shop.yaml -d microservices -d monolith --next --json --quiet")) == common.FINE
    assert counted == ["replications"]
    assert {total for _, total in heard} == {0}
    done = [done for done, _ in heard]
    assert done == sorted(done)
    least = 4 * sum(len(one.tried) for one in simulated)  # each configuration has 4 replications
    assert done[-1] > least
    assert done[-1] % 4 == 0


def test_deployments_side_by_side(capsys):
    longer = "capacity shop.yaml -d microservices -d monolith --duration 20s --set slos.web.p50=50ms"
    code, out, _ = run(capsys, longer)
    assert code == common.FINE
    topology = sim.load("shop.yaml").replace({"simulation.duration": "20s", "slos.web.p50": "50ms"})
    sizes = {name: sim.capacity(topology, name) for name in ("microservices", "monolith")}
    first, second = sorted(sizes, key=lambda name: sizes[name].cost_per_hour)
    costs = [f"{sizes[name].cost_per_hour:.4g}" for name in (first, second)]
    assert out.endswith(f"{first} is cheapest: {costs[0]} EUR per hour against {costs[1]} ({second}).\n")
    content = json.loads(run(capsys, f"{longer} --json")[1])
    assert content["cheapest"] == first
    assert list(content["deployments"]) == ["microservices", "monolith"]


def test_what_is_not_shown_is_not_missed(capsys):
    """Fewer than ten replies in each run are no p99 of anything."""
    short = "capacity shop.yaml -d microservices -d monolith --duration 2s --set slos.web.p99=900ms --max-replicas 1"
    code, out, _ = run(capsys, f"{short} --replications 2")
    assert code == common.MISSED
    table = [line.split()[:3] for line in out.splitlines() if line.startswith(("microservices  ", "monolith  "))]
    assert table[-2:] == [["microservices", "not", "shown"], ["monolith", "not", "shown"]]
    assert "MISSED" not in out


def test_which_is_cheapest_is_a_question_of_those_that_meet():
    topology = sim.loads(SHOP)
    one = sim.capacity(topology)
    missed = sim.capacity(topology.replace({"slos.web.p50": "20ms"}), max_replicas=1)
    assert cheapest({"a": one, "b": missed}) is None
    assert cheapest({"a": one, "b": one}) is None
    assert cheapest({"a": one}) is None


def sized(price, *, met=True, dearer=False, exact=True):
    """What the command asks of a sizing; `dearer` is whether all that is as cheap as another is shown to miss."""
    return SimpleNamespace(
        met=met, exact=exact, cost_per_hour=price, costs_more_than=lambda other: dearer,
        result=SimpleNamespace(provenance={"currency": "EUR"}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("made", "verdict"),
    [
        ({"a": sized(1.0), "b": sized(1.5, dearer=True)}, "a is cheapest: 1 EUR per hour against 1.5 (b)."),
        (
            {"a": sized(1.5, dearer=True), "b": sized(1.0, exact=False)},
            "b is cheapest: 1 EUR per hour against 1.5 (a) (not every cheaper size could be excluded).",
        ),
        (
            {"a": sized(1.0), "b": sized(1.5)},
            "No difference in cost is shown: not everything that costs as little as a (1 per hour) is shown to miss an"
            " objective in the others; longer runs may tell.",
        ),
        # one of two dearer ones is in doubt: then none is cheapest
        (
            {"a": sized(1.0), "b": sized(1.5), "c": sized(2.0, dearer=True)},
            "No difference in cost is shown: not everything that costs as little as a (1 per hour) is shown to miss an"
            " objective in the others; longer runs may tell.",
        ),
        ({"a": sized(1.0), "b": sized(1.0)}, "Neither is cheaper."),
        ({"a": sized(0.1 + 0.2), "b": sized(0.3)}, "Neither is cheaper."),  # but for the last bit
        ({"a": sized(math.nan), "b": sized(math.nan)}, "Nothing has a price."),
        ({"a": sized(1.0), "b": sized(1.5, met=False)}, "No size of b was shown to meet every objective."),
    ],
)
def test_one_is_cheapest_only_where_the_others_are_shown_to_miss(made, verdict):
    assert _verdict(made, cheapest(made)) == verdict


def test_arguments_are_passed_on(capsys):
    code, out, _ = run(
        capsys,
        "capacity shop.yaml --scale web --cores 1,2 --max-replicas 3 --json --seed 9 --replications 2 --duration 10s"
        " --warmup 1s --confidence 90% --engine reference",
    )
    content = json.loads(out)
    made = content["result"]["provenance"]
    assert code in (common.FINE, common.MISSED)
    assert content["sized"] == ["web"]
    assert content["cores"]["web"] in (1.0, 2.0)
    assert "web_cores" in content["tried"][0]
    assert (made["seed"], made["replications"], made["duration_s"], made["warmup_s"]) == (9, 2, 10.0, 1.0)
    assert (made["confidence"], made["engine"]) == (0.9, "reference")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("capacity shop.yaml --cores one", "expected numbers such as 1,2,4, not 'one'"),
        ("capacity shop.yaml --cores 1.5", "a replica cannot have 1.5 cores"),
        ("capacity shop.yaml --scale stor", "no unit `stor` to size; did you mean `store`?"),
        ("capacity shop.yaml --max-replicas 0", "--max-replicas is 0"),
        ("capacity shop.yaml --replications 1", "one replication has no interval"),
        ("capacity shop.yaml -d nowhere", "no deployment `nowhere`"),
        ("capacity none.yaml", "none.yaml"),
    ],
)
def test_wrong_use_is_exit_code_2(capsys, command, message):
    code, out, err = run(capsys, command)
    assert (code, out) == (common.WRONG, "")
    assert message in err


def test_without_slos_it_says_how_to_write_one(capsys):
    Path("bare.yaml").write_text(SHOP.replace("slos:", "# slos:"))
    code, out, err = run(capsys, "capacity bare.yaml")
    assert (code, out) == (common.WRONG, "")
    assert "slos: {web: {call: web, p99: 300ms}}" in err


@pytest.mark.usefixtures("nothing_compiled")
@pytest.mark.parametrize("number", [5, 8])
def test_cut_off_it_shows_what_there_is(capsys, monkeypatch, number):
    from simulator.engines.reference import ReferenceEngine

    whole, calls = ReferenceEngine.run, []

    def cut_off(self, plan, **options):
        calls.append(plan)
        if len(calls) == number:
            raise KeyboardInterrupt
        return whole(self, plan, **options)

    monkeypatch.setattr(ReferenceEngine, "run", cut_off)
    code, out, _ = run(capsys, "capacity shop.yaml -d microservices -d monolith --next")
    assert code == common.INTERRUPTED
    assert "Interrupted" in out
