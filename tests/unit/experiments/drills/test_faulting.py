"""The scene of a drill: which fault, when, how long the run is, and what is refused (rules 15.1 and 15.2)."""

import pytest

import simulator as sim
from simulator.experiments.drills.faulting import make_scene

FILE = """\
name: shop
simulation: {duration: 5m, warmup: 15s, seed: 3}
services: {web: {replicas: 3, steps: [{call: db}]}, db: {steps: [{cpu: 1ms}]}}
workload: {call: web, rate: 1/s}
"""
OWN = "faults: [{at: 50s, for: 40s, target: db, pause: {}}, {at: 30s, for: 10s, target: web, kill: {}}]\n"
SETTINGS = dict.fromkeys(("seed", "replications", "duration", "warmup", "confidence"))


def scene_of(text=FILE, target=None, fault=None, settings=SETTINGS, **options):
    return make_scene(sim.loads(text), target, fault, options, settings)


def times(scene):
    return scene.at_s, scene.until_s, scene.horizon_s, scene.watched_s


def test_a_kill_of_all_after_the_warmup_is_what_is_drilled_without_more():
    scene = scene_of(target="db")
    assert times(scene) == (35.0, 65.0, 185.0, 120.0)
    (fault,) = scene.faulty.faults
    assert (fault.kind, fault.replicas, fault.target) == ("kill", "all", "db")
    assert scene.what == "kill of db at 35s for 30s"


def test_both_topologies_are_one_but_for_the_faults():
    scene = scene_of(target="db")
    assert scene.calm.faults == ()
    assert scene.faulty.replace({"faults": None}) == scene.calm
    assert scene.calm.simulation.duration == scene.horizon_s
    assert (scene.calm.simulation.warmup, scene.calm.simulation.seed) == (15.0, 3)


def test_a_long_fault_is_watched_four_times_as_long():
    assert times(scene_of(target="db", **{"for": "1m"})) == (35.0, 95.0, 335.0, 240.0)


def test_the_files_own_faults_are_drilled_together():
    scene = scene_of(FILE + OWN)
    assert times(scene) == (30.0, 90.0, 330.0, 240.0)
    assert scene.targets == ("db", "web")
    assert scene.what == "pause of db at 50s for 40s; kill of web at 30s for 10s"


def test_a_target_takes_the_place_of_the_files_faults():
    scene = scene_of(FILE + OWN, "web", "slow", factor=3.0, replicas=2, at="20s")
    assert scene.what == "slow of 2 replicas of web (3 times) at 20s for 30s"
    assert len(scene.faulty.faults) == 1


def test_settings_act_also_where_the_warmup_is_longer_than_the_files_run():
    scene = scene_of(target="db", settings={**SETTINGS, "warmup": "8m", "replications": 2, "seed": 9})
    assert scene.at_s == 500.0
    assert (scene.calm.simulation.warmup, scene.calm.simulation.replications, scene.calm.simulation.seed) == (480, 2, 9)


def test_a_duration_is_that_of_the_run():
    assert times(scene_of(target="db", settings={**SETTINGS, "duration": "70s"})) == (35.0, 65.0, 70.0, 5.0)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "no fault to drill: name a target (give target="),
        ({"replicas": 2, "at": "5s"}, "replicas, at: given without a target"),
        ({"fault": "pause"}, "fault: given without a target"),
        ({"target": "db", "fault": "explode"}, "fault: there is no 'explode': use kill, slow"),
        ({"target": "db", "fault": "slow"}, "fault: slow needs a factor: give factor=5"),
        ({"target": "db", "fault": "delay", "percentage": 5.0}, "fault: delay needs a fixedDelay: give fixed_delay="),
        ({"target": "db", "settings": {**SETTINGS, "warmup": "auto"}}, "a drill needs a warmup that is a time"),
        (
            {"target": "db", "settings": {**SETTINGS, "duration": "65s"}},
            "duration: the fault ends at 65s, when a run of 65s is over: nobody would see what comes after it; give "
            'duration="130s"',
        ),
        ({"target": "db", "factor": 2.0}, "factor: kill has none, only slow"),
        ({"target": "db", "from": "web"}, "from: kill has none, only abort, delay and partition"),
        ({"target": "db", "settings": {**SETTINGS, "duration": "long"}}, "duration: "),
        ({"target": "db", "settings": {**SETTINGS, "warmup": "long"}}, "warmup: "),
    ],
)  # fmt: skip
def test_what_cannot_be_drilled_is_refused(more, message):
    with pytest.raises(sim.PlanError) as refused:
        scene_of(**more)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"target": "dbb"}, "target: unknown service `dbb`"),
        ({"target": "db", "at": "soon"}, "at: expected a duration"),
        ({"target": "db", "fault": "abort", "percentage": 120.0}, "percentage: expected a number from 0 to 100"),
    ],
)
def test_what_a_file_could_not_say_is_refused_in_the_words_of_the_drill(more, message):
    with pytest.raises(sim.TopologyError) as refused:
        scene_of(**more)
    assert str(refused.value).startswith(message)
