"""Ties everywhere: the order at one instant is the model's in both engines."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import twins
from lattice import TOPOLOGIES, lattice_case

import simulator as sim
from simulator.plan.layout import Outcome

FEWEST_TIES = 30


def agreed(case: twins.Case) -> twins.Case:
    """A case whose services agree on what they have to in one process."""
    services = {
        name: {key: value for key, value in service.items() if key not in ("scheduling", "loadBalancer", "queue")}
        for name, service in case.tree["services"].items()
    }
    return dataclasses.replace(case, tree=case.tree | {"services": services})


@pytest.mark.parametrize("detail", twins.DETAILS)
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_ties(assert_same, name, detail):
    trace = assert_same(dataclasses.replace(lattice_case(name), detail=detail)).trace
    if trace.attempts is not None:
        instants = np.concatenate([trace.attempts.start_s, trace.attempts.end_s])
        instants = instants[~np.isnan(instants)]
        assert instants.size - np.unique(instants).size >= FEWEST_TIES


@pytest.mark.parametrize("scheduling", ["FIFO", "PS"])
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_ties_in_one_process(assert_same, name, scheduling):
    case = agreed(lattice_case(name, "monolith"))
    for service in case.tree["services"].values():
        service["scheduling"] = scheduling
    assert_same(case)


def test_an_answer_races_a_timeout_and_both_win_somewhere(assert_same):
    pair = assert_same(lattice_case("timeouts against answers"))
    attempts, timeout = pair.trace.attempts, pair.plan.calls.timeout
    lasted = attempts.end_s - attempts.start_s
    at_once = lasted == timeout[attempts.call]
    assert np.count_nonzero(at_once & (attempts.outcome == Outcome.OK)) > 5
    assert np.count_nonzero(attempts.outcome == Outcome.TIMEOUT) > 5


def test_what_falls_on_the_very_end_is_too_late(assert_same):
    trace = assert_same(lattice_case("ends at the end")).trace
    outcome, arrival = trace.requests.outcome, trace.requests.arrival_s
    assert outcome[arrival == 192 / 512].tolist().count(Outcome.UNFINISHED) >= 2
    assert Outcome.UNFINISHED not in outcome[arrival == 191 / 512]


@pytest.mark.parametrize("name", ["cores, exactly full", "replicas that tie", "shared cores"])
def test_edges_of_the_statistics_fall_between_the_events_of_an_instant(assert_same, name):
    """Moving the warmup from tick to tick puts an edge at every instant."""
    case = lattice_case(name)
    for tick in range(1, 24):
        frame = case.tree["simulation"] | {"warmup": twins.ticks(tick)}
        assert_same(dataclasses.replace(case, tree=case.tree | {"simulation": frame}, detail="summary"))


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_no_two_events_have_one_key(assert_same, name):
    """Two refusals would be the same answer, and would say nothing of the order."""
    assert not isinstance(assert_same(lattice_case(name)).reference, sim.EngineError)
