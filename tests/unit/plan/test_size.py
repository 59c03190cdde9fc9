"""What a plan asks for at least is refused where there is no room for it."""

import pytest

import simulator as sim
from simulator.errors import CapacityExceeded
from simulator.plan.size import least_memory, refuse_large

TEXT = "services: {a: {replicas: %d, steps: [{cpu: 1ms}]}}\nworkload: {call: a, %s}\n"


def plan(replicas=1, load="rate: 1/s"):
    return sim.compile(sim.loads(TEXT % (replicas, load)))


def test_it_grows_with_replicas_and_users():
    assert least_memory(plan(20)) == 20 * least_memory(plan(1))
    assert least_memory(plan(1, "users: 1000, thinkTime: 1s")) > least_memory(plan(1))


@pytest.mark.parametrize(
    ("replicas", "load", "said"),
    [
        (
            1000,
            "rate: 1/s",
            r"1 000 replicas of a: a run takes at least 250Ki of memory, and may take 1Ki: ",
        ),
        (1, "users: 5000, thinkTime: 1s", r"5 000 users of workload workload: a run takes at least 313Ki"),
    ],
)
def test_the_larger_part_is_named(replicas, load, said):
    large = plan(replicas, load)
    refuse_large(large, least_memory(large))
    with pytest.raises(CapacityExceeded, match=said):
        refuse_large(large, 1024)


@pytest.mark.parametrize(("replicas", "load"), [(10**8, "rate: 1/s"), (1, "users: 1000000000, thinkTime: 1s")])
def test_what_no_run_has_room_for_is_not_compiled(replicas, load, monkeypatch):
    monkeypatch.setenv("SIMULATOR_MEMORY_LIMIT", "1Gi")
    topology = sim.loads(TEXT % (replicas, load))
    for refused in (lambda: sim.compile(topology), lambda: sim.check(topology)):
        with pytest.raises(CapacityExceeded, match="SIMULATOR_MEMORY_LIMIT"):
            refused()
