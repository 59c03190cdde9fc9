"""Which engine runs, and why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import simulator as sim
from simulator.engines import compiled, reference
from simulator.engines.compiled import CompiledEngine
from simulator.engines.reference import ReferenceEngine
from simulator.errors import EngineError, PlanError, UnsupportedFeature
from simulator.experiments import engines
from simulator.experiments.engines import choose_engine, expected_requests

ROOT = Path(__file__).parents[3]


@pytest.fixture
def plans(shop):
    return [sim.compile(shop, name) for name in ("microservices", "monolith")]


@pytest.fixture
def machine_code(monkeypatch):
    """Say whether it is there already, of the fast engine and of the other one's rules."""

    def say(there, rules=True):
        monkeypatch.setattr(compiled, "is_compiled", lambda plans: there)
        monkeypatch.setattr(reference, "is_ready", lambda: rules)

    return say


def lacking(monkeypatch, engine, **features):
    """Let an engine lack features, by deployment."""
    monkeypatch.setattr(engine, "missing", lambda _, plan: features.get(plan.deployment, ()))


def test_auto_takes_the_machine_code_that_is_there(plans, machine_code):
    machine_code(True)
    engine, why = choose_engine("auto", plans[:1])
    assert isinstance(engine, CompiledEngine)
    assert why == "the fastest"


# 40 requests a second, in each of 3 replications of 2 plans
@pytest.mark.parametrize(
    ("duration", "name", "reason"),
    [
        ("125s", "compiled", "the fastest, and worth being compiled for this"),
        ("124s", "reference", "less work than compiling the fastest would take"),
    ],
)
def test_auto_compiles_for_work_that_is_worth_it(shop, machine_code, duration, name, reason):
    machine_code(False)
    longer = shop.replace({"simulation.duration": duration})
    plans = [sim.compile(longer, name) for name in ("microservices", "monolith")]
    engine, why = choose_engine("auto", plans)
    assert (engine.name, why) == (name, reason)
    assert choose_engine("auto", plans[:1])[0].name == "reference"


def test_auto_compiles_one_engine_not_the_slow_one_where_nothing_is_compiled(plans, machine_code):
    machine_code(False, rules=False)
    engine, why = choose_engine("auto", plans)
    assert engine.name == "compiled"
    assert why == "the fastest, and the other one would have to be compiled too"


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("name", "kind"), [("reference", ReferenceEngine), ("compiled", CompiledEngine)])
def test_what_is_asked_for_is_taken(plans, machine_code, monkeypatch, there, name, kind):
    machine_code(there)
    monkeypatch.setattr(engines, "WORTH_COMPILING", 0 if name == "reference" else 10**9)
    engine, why = choose_engine(name, plans)
    assert isinstance(engine, kind)
    assert why == "asked for"


@pytest.mark.parametrize("name", ["Reference", "warp", "", None])
def test_an_engine_of_another_name_is_refused(plans, name):
    with pytest.raises(EngineError, match=f'^there is no engine {name!r}: use "auto", "compiled" or "reference"$'):
        choose_engine(name, plans)


def test_auto_falls_back_on_the_engine_that_can(plans, machine_code, monkeypatch):
    machine_code(True)
    lacking(monkeypatch, CompiledEngine, microservices=("hedge",), monolith=("hedge", "retries"))
    engine, why = choose_engine("auto", plans)
    assert (engine.name, why) == ("reference", "the compiled engine cannot run hedge, retries")
    engine, why = choose_engine("auto", plans[:1])
    assert (engine.name, why) == ("reference", "the compiled engine cannot run hedge")


@pytest.mark.parametrize(("name", "kind"), [("reference", ReferenceEngine), ("compiled", CompiledEngine)])
def test_nothing_stands_in_for_an_engine_that_was_asked_for(plans, monkeypatch, name, kind):
    lacking(monkeypatch, kind, monolith=("hedge", "retries"))
    with pytest.raises(UnsupportedFeature, match=f"^the {name} engine cannot run hedge, retries$"):
        choose_engine(name, plans)


def test_what_no_engine_can_run_is_refused(plans, machine_code, monkeypatch):
    lacking(monkeypatch, ReferenceEngine, monolith=("retries",))
    lacking(monkeypatch, CompiledEngine, microservices=("hedge",), monolith=("retries",))
    machine_code(True)
    with pytest.raises(UnsupportedFeature, match=r"^no engine can run retries$"):
        choose_engine("auto", plans)
    machine_code(False)
    with pytest.raises(UnsupportedFeature, match=r"^the reference engine cannot run retries$"):
        choose_engine("auto", plans)


@pytest.mark.parametrize(
    ("workload", "requests"),
    [
        ("{call: web, rate: 40/s}", 800),
        ("{call: web, users: 7, thinkTime: 2s}", 70),
        ("{call: web, users: 7, thinkTime: 10ms}", 140),
        ("{one: {call: web, rate: 3/s}, other: {call: store, rate: 4/s}}", 140),
        ("{call: web, startRate: 0/s, stages: [{target: 40/s, duration: 10s}, {target: 40/s, duration: 5s}]}", 400),
        ("{call: web, startRate: 8/s, stages: [{target: 8/s, duration: 30s}]}", 160),
        ("{call: web, replay: times.csv}", 3),
    ],
)
def test_the_requests_of_a_run_are_estimated(tmp_path, workload, requests):
    (tmp_path / "times.csv").write_text("arrival_s\n1.0\n2.0\n3.0\n")
    text = (
        "simulation: {duration: 20s}\n"
        "services: {web: {steps: [{call: store}]}, store: {steps: []}}\n"
        f"workload: {workload}\n"
    )
    assert expected_requests(sim.compile(sim.loads(text, base=tmp_path))) == requests


def test_machine_code_is_there_if_the_file_is_whole(tmp_path):
    program = (
        "from simulator.engines.compiled import is_compiled\n"
        "from simulator.engines.compiled.kernel import run\n"
        "from simulator.machine_code.jit import cache_folder, object_file\n"
        "before = is_compiled()\n"
        "object_file(run).touch()\n"
        "print(cache_folder(), before, is_compiled(), sep='\\n')\n"
    )
    places = {
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "SIMULATOR_CACHE_DIR": "",
    }
    process = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | places, text=True, capture_output=True, check=True
    )
    folder, *said = process.stdout.splitlines()
    assert Path(folder).is_relative_to(tmp_path)
    assert said == ["False", "False"]


STAGES = """
simulation: {duration: 10s, warmup: auto, replications: 2}
services: {a: {steps: [{cpu: 1ms}]}}
workload:
  steady: {call: a, rate: 5/s}
  evening: {call: a, startRate: 1/s, stages: [{target: 9/s, duration: 5s}]}
slos: {a: {call: a, p99: 1s}}
"""


@pytest.mark.parametrize("ask", [
    sim.check, sim.simulate, sim.compare, sim.capacity, sim.next_replica, sim.scaling_curve,
    lambda one: sim.sweep(one, {"services.a.replicas": [1, 2]}),
    lambda one: sim.load_curve(one, [1.0, 2.0]),
])  # fmt: skip
def test_a_warmup_is_not_looked_for_in_stages(ask):
    with pytest.raises(PlanError, match=r"simulation.warmup: `auto` looks for .* `stages` \(evening\) never does"):
        ask(sim.loads(STAGES))


def test_it_is_looked_for_in_all_other_traffic(tmp_path):
    (tmp_path / "times.csv").write_text("arrival_s\n1\n2\n")
    for shape in ("rate: 5/s", "users: 2, thinkTime: 1s", "replay: times.csv"):
        topology = sim.loads(
            STAGES.replace("startRate: 1/s, stages: [{target: 9/s, duration: 5s}]", shape), base=tmp_path
        )
        choose_engine("reference", [sim.compile(topology)])
    fixed = sim.loads(STAGES.replace("auto", "1s"))
    choose_engine("reference", [sim.compile(fixed)])
