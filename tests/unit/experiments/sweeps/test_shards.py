"""Shards: of a text, and of an array job."""

import pytest

from simulator.errors import PlanError
from simulator.experiments.sweeps.shards import Shard, read_shard


def test_none_is_all():
    assert read_shard(None, {}) is None


def test_every_point_has_one_shard():
    shards = [read_shard(f"{index}/3") for index in range(3)]
    assert [[shard.owns(point) for shard in shards].count(True) for point in range(10)] == [1] * 10
    assert [point for point in range(10) if shards[1].owns(point)] == [1, 4, 7]
    assert str(shards[1]) == "1/3"


@pytest.mark.parametrize("text", ["", "3", "4/4", "-1/4", "0/0", "a/b", "1/2/3", "0.5/2"])
def test_what_is_no_shard(text):
    with pytest.raises(PlanError, match="a shard is auto, or i/n"):
        read_shard(text)


def slurm(task, first, count, **more):
    names = {"ID": task, "MIN": first, "COUNT": count, **more}
    return {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in names.items()}


@pytest.mark.parametrize(
    ("environment", "shard"),
    [
        ({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "8"}, Shard(0, 8)),
        ({"JOB_COMPLETION_INDEX": "7", "JOB_COMPLETIONS": "8"}, Shard(7, 8)),
        (slurm(0, 0, 32), Shard(0, 32)),
        (slurm(5, 1, 32), Shard(4, 32)),
        (slurm(9, 1, 3, STEP=4, MAX=9), Shard(2, 3)),
    ],
)
def test_an_array_job_says_which(environment, shard):
    assert read_shard("auto", environment) == shard


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "neither JOB_COMPLETION_INDEX .* nor SLURM_ARRAY_TASK_ID"),
        ({"JOB_COMPLETION_INDEX": "1"}, "give the container JOB_COMPLETIONS"),
        ({"JOB_COMPLETION_INDEX": "8", "JOB_COMPLETIONS": "8"}, "this is task 8 of 8, counted from 0"),
        (
            {"JOB_COMPLETION_INDEX": "x", "JOB_COMPLETIONS": "8"},
            "JOB_COMPLETION_INDEX is to be a whole number, not 'x'",
        ),
        ({"SLURM_ARRAY_TASK_ID": "3"}, "SLURM_ARRAY_TASK_MIN is to be a whole number, not ''"),
        (slurm(9, 1, 4), "this is task 8 of 4"),  # --array=1,3,5,9
        (slurm(4, 1, 4, STEP=2), "not evenly spaced"),
    ],
)
def test_an_array_job_that_does_not_say(environment, message):
    with pytest.raises(PlanError, match=message):
        read_shard("auto", environment)


def test_the_environment_is_asked(monkeypatch):
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "2")
    monkeypatch.setenv("JOB_COMPLETIONS", "5")
    assert read_shard("auto") == Shard(2, 5)
