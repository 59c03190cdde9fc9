"""What has to balance in every run: counts, capacities, and Little's law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.plan.callees import callees_of
from simulator.plan.layout import GOOD, Outcome
from simulator.plan.measures import Count, Level, Tally, Visits
from simulator.plan.waits import sends_of
from simulator.results.settling import completions_of

FEW = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
BOTH = pytest.mark.parametrize("deployment", ["microservices", "monolith"])


@pytest.fixture(scope="session")
def observe(load, run):
    """Plan and trace of a drawn tree; trees without a meaning in this deployment are passed over."""

    def plan_and_trace(tree, deployment="microservices"):
        try:
            plan = sim.compile(load(tree), deployment)
        except sim.PlanError:
            assume(False)
        return plan, run(plan)

    return plan_and_trace


@BOTH
@given(data=st.data())
@FEW
def test_outcomes_add_up_to_the_arrivals(deployment, topologies, observe, data):
    plan, trace = observe(data.draw(topologies(laws="all", agree=deployment == "monolith")), deployment)
    log = trace.requests
    assert trace.outcomes.min(initial=0) >= 0
    np.testing.assert_array_equal(trace.outcomes.sum(axis=(0, 2)), trace.arrived[-1])
    for workload in range(len(plan.workloads.name)):
        mine = log.workload == workload
        assert mine.sum() == trace.arrived[-1, workload]
        counted = np.bincount(log.outcome[mine], minlength=len(Outcome))
        np.testing.assert_array_equal(trace.outcomes[:, workload].sum(axis=0), counted)
        # at every edge: those that arrived and that ended before it
        np.testing.assert_array_equal(
            trace.arrived[:, workload], [(log.arrival_s[mine] < edge).sum() for edge in trace.edges]
        )
        np.testing.assert_array_equal(
            trace.ended[:, workload, 0], [(log.end_s[mine] < edge).sum() for edge in trace.edges]
        )
    np.testing.assert_array_equal(np.isnan(log.end_s), log.outcome == Outcome.UNFINISHED)
    assert trace.latency_s.size == (log.outcome <= GOOD).sum()
    np.testing.assert_allclose(np.sort(trace.latency_s), np.sort((log.end_s - log.arrival_s)[log.outcome <= GOOD]))
    np.testing.assert_array_equal(log.attempts, np.bincount(trace.attempts.row, minlength=log.request.size))
    assert (log.arrival_s < plan.settings.duration_s).all()
    assert not (log.end_s >= plan.settings.duration_s + plan.settings.drain_s).any()


@BOTH
@given(data=st.data())
@FEW
def test_begun_is_ended_and_in_flight(deployment, topologies, observe, data):
    """Without a network an attempt is its visit: they begin and end together, and the log tells the counts."""
    plan, trace = observe(
        data.draw(topologies(laws="all", network=False, timeouts=False, agree=deployment == "monolith")), deployment
    )
    log = trace.attempts
    service = plan.endpoints.service[plan.calls.target[log.call]]
    for row in range(len(plan.services.name)):
        mine = (service == row) & (log.replica >= 0)
        begun = [(log.start_s[mine] < edge).sum() for edge in trace.edges]
        ended = [(log.end_s[mine] < edge).sum() for edge in trace.edges]
        in_flight = [((log.start_s[mine] < edge) & ~(log.end_s[mine] < edge)).sum() for edge in trace.edges]
        np.testing.assert_array_equal(trace.counts[:, row, Count.BEGUN], begun)
        np.testing.assert_array_equal(trace.counts[:, row, Count.ENDED], ended)
        np.testing.assert_array_equal(np.array(begun) - ended, in_flight)
        failed = [((log.outcome[mine] > GOOD) & (log.end_s[mine] < edge)).sum() for edge in trace.edges]
        np.testing.assert_array_equal(trace.counts[:, row, Count.FAILED], failed)


@BOTH
@given(data=st.data())
@FEW
def test_levels_stay_within_what_there_is(deployment, topologies, observe, data):
    plan, trace = observe(data.draw(topologies(laws="all", agree=deployment == "monolith")), deployment)
    grown = np.diff(trace.levels, axis=0)
    assert grown.min(initial=0.0) > -1e-9
    span = np.diff(trace.edges)
    for unit in range(len(plan.units.name)):
        hosted = plan.services.unit == unit
        busy = grown[:, hosted, Level.BUSY].sum(axis=1)
        cores = int(plan.units.replicas[unit] * plan.units.cores[unit])
        assert (busy <= cores * span * (1 + 1e-9) + 1e-12).all()
    counts = np.diff(trace.counts, axis=0)
    assert counts.min(initial=0) >= 0
    assert (trace.counts[:, :, Count.BEGUN] >= trace.counts[:, :, Count.ENDED]).all()
    assert (trace.counts[:, :, Count.ENDED] >= trace.counts[:, :, Count.FAILED]).all()


@BOTH
@given(data=st.data())
@FEW
def test_littles_law(deployment, topologies, observe, data):
    """When all has ended by the horizon: the area of those who wait is the sum of their waits, and so for the cores."""
    drawn = topologies(
        laws="all",
        loss=False,
        sleeps=False,
        workloads=("stages", "replay"),
        busy_until=0.5,
        agree=deployment == "monolith",
    )
    tree = data.draw(drawn)
    tree["simulation"]["duration"] = "30s"
    _, trace = observe(tree, deployment)
    assume(not (np.isnan(trace.attempts.end_s).any() or (trace.attempts.end_s >= 30).any()))
    assume((trace.counts[-1, :, Count.BEGUN] == trace.counts[-1, :, Count.ENDED]).all())
    waits = trace.visits.sum(axis=0)
    served = trace.counts[-1, :, Count.ENDED] >= waits[:, Visits.NUMBER]
    assert served.all()
    np.testing.assert_allclose(trace.levels[-1, :, Level.WAITING], waits[:, Visits.WAITING], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(trace.levels[-1, :, Level.BUSY], waits[:, Visits.SERVICE], rtol=1e-9, atol=1e-9)


@BOTH
@given(data=st.data())
@FEW
def test_the_breakdown_adds_up_to_the_latencies(deployment, topologies, observe, data):
    _, trace = observe(data.draw(topologies(laws="all", agree=deployment == "monolith")), deployment)
    assert trace.breakdown.min(initial=0.0) >= 0.0
    for bin_ in np.unique(trace.latency_bin).tolist():
        total = trace.latency_s[trace.latency_bin == bin_].sum()
        assert trace.breakdown[bin_].sum() == pytest.approx(total, rel=1e-9, abs=1e-12)


@pytest.mark.one_in(2)
@BOTH
@given(data=st.data())
@FEW
def test_what_callers_see_adds_up_to_the_log(deployment, topologies, observe, data):
    """Every call that somebody waited for is in the log of calls and in the tallies; spans nest in time."""
    plan, trace = observe(data.draw(topologies(laws="all", agree=deployment == "monolith")), deployment)
    calls, log = trace.calls, trace.attempts
    ended = np.zeros((len(plan.endpoints), len(Tally)))
    np.add.at(ended, callees_of(plan).endpoint, trace.tallies.sum(axis=0))
    np.testing.assert_array_equal(
        ended[:, Tally.NUMBER], np.bincount(calls.endpoint, minlength=len(plan.endpoints.name))
    )
    good = calls.outcome <= GOOD
    np.testing.assert_array_equal(
        ended[:, Tally.FAILED], np.bincount(calls.endpoint[~good], minlength=len(plan.endpoints.name))
    )
    assert ended[:, Tally.LATENCY].sum() == pytest.approx(
        (calls.end_s - calls.start_s)[good].sum(), rel=1e-9, abs=1e-12
    )
    assert (np.diff(calls.end_s) >= 0).all()
    assert (np.diff(log.start_s) >= 0).all()
    # a span's parent is of the same request, is older, and began before it
    place = {(row, span): n for n, (row, span) in enumerate(zip(log.row.tolist(), log.span.tolist(), strict=True))}
    assert len(place) == log.row.size
    for n, (row, parent) in enumerate(zip(log.row.tolist(), log.parent.tolist(), strict=True)):
        assert (parent == -1) == (log.span[n] == 0)
        if parent >= 0:
            assert parent < log.span[n]
            assert log.start_s[place[row, parent]] <= log.start_s[n]
    replicas = plan.units.replicas[plan.services.unit[plan.endpoints.service[plan.calls.target[log.call]]]]
    assert (log.replica < replicas).all()
    assert (log.replica[replicas == 0] == -1).all()
    stayed = {Outcome.CIRCUIT_OPEN, Outcome.REJECTED, Outcome.TIMEOUT, Outcome.UNFINISHED}
    assert set(log.outcome[(log.replica == -1) & (replicas > 0)].tolist()) <= stayed


@pytest.mark.one_in(2)
@BOTH
@given(data=st.data())
@FEW
def test_tries_add_up_to_calls(deployment, topologies, observe, data):
    """Each attempt has one outcome, and each call as many attempts as its last one's number says."""
    plan, trace = observe(data.draw(topologies(laws="all", sends=False, agree=deployment == "monolith")), deployment)
    log = trace.attempts
    ended = log.outcome != Outcome.UNFINISHED
    np.testing.assert_array_equal(ended, ~np.isnan(log.end_s))
    most = np.zeros(len(plan.calls.name), np.int64)
    most[plan.policies.call] = plan.policies.attempts
    assert (log.attempt >= 0).all()
    assert (log.attempt <= most[log.call]).all()
    numbers = np.bincount(log.attempt)
    assert (np.diff(numbers) <= 0).all(), "a re-try comes after a try"
    # of what was called, as much has ended as in the log of calls, or is still going on
    assert trace.calls.outcome.size <= (log.attempt == 0).sum()
    if ended.all():
        assert trace.calls.outcome.size == (log.attempt == 0).sum()
    refused = log.outcome == Outcome.CIRCUIT_OPEN
    assert set(log.call[refused].tolist()) <= set(plan.policies.call[plan.policies.breaker >= 0].tolist())


@BOTH
@given(data=st.data())
@FEW
def test_whatever_is_settled_later_than_it_ended_is_logged_once(deployment, topologies, observe, data):
    plan, trace = observe(data.draw(topologies(laws="all", agree=deployment == "monolith")), deployment)
    log, late = trace.requests, trace.settling
    ended = ~np.isnan(log.end_s)
    assert np.unique(late.row).size == late.row.size
    assert ended[late.row].all()
    served = late.served >= 0
    np.testing.assert_array_equal(served, log.outcome[late.row] <= GOOD)
    np.testing.assert_array_equal(trace.latency_s[late.served[served]], log.latency_s[late.row[served]])
    np.testing.assert_array_equal(late.workload, log.workload[late.row])
    assert (np.isnan(late.completion_s) | (late.completion_s >= log.latency_s[late.row])).all()
    # The attempt of a `send` ends when its handler does: by then its request is not done yet, or just so.
    span = trace.attempts
    sent = np.isin(span.call, sends_of(plan)) & (span.outcome <= GOOD)
    done = log.arrival_s + completions_of(log, late)
    settled = ~np.isnan(done[span.row])
    assert (span.end_s <= done[span.row] + 1e-9)[sent & settled].all()
