"""What is in memory and in the pages of the logs, as the columns of a Trace."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from simulator.engines.compiled.image import FIRST_LOG_WORD, load
from simulator.engines.compiled.layout import ATTEMPT_WIDTH, CALL_WIDTH, LATENCY_WIDTH, PAGE_ROWS, REQUEST_WIDTH, World
from simulator.engines.compiled.record import new_row
from simulator.engines.compiled.trace import make_trace
from simulator.plan.layout import Component, Outcome
from simulator.plan.trace import Count, Level, Tally, Visits, make_edges
from simulator.rules.jit import integers_of

WIDTHS = {
    World.LATENCY_ROW: LATENCY_WIDTH,
    World.REQUEST_ROW: REQUEST_WIDTH,
    World.CALL_ROW: CALL_WIDTH,
    World.ATTEMPT_ROW: ATTEMPT_WIDTH,
}
LOGS = {
    "latency": (World.LATENCY_ROW, (0, 1)),
    "requests": (World.REQUEST_ROW, (3, 4)),
    "calls": (World.CALL_ROW, (2, 3, 4)),
    "attempts": (World.ATTEMPT_ROW, (6, 7)),
}
"""Their words, and which of their columns are times."""
COUNTS = ("counts", "arrived", "ended", "outcomes")
"""The tallies of a trace that are all counts; the others are of times, but for some columns."""


@numba.njit
def write(words, log, which, widths):
    """Row after row to the logs in turn; the k-th row of a log has k * 16, k * 16 + 1, ... in it."""
    m, pages = integers_of(words), integers_of(log)
    written = {which[0]: 0}
    for row in range(len(which)):
        count = written.get(which[row], 0)
        written[which[row]] = count + 1
        at = new_row(m, pages, which[row], widths[row])
        for column in range(widths[row]):
            log[at + column] = count * 16 + column


def written(plan, rows, detail="attempts"):
    """A trace of so many rows of each log, in random turn."""
    memory = load(plan, 1, 0, log_requests=True, log_attempts=True, memory_limit=2**33)
    log = np.zeros(FIRST_LOG_WORD + sum((count // PAGE_ROWS + 2) * PAGE_ROWS * 10 for count in rows.values()), np.int64)
    which = np.repeat(list(rows), list(rows.values()))
    np.random.default_rng(1).shuffle(which)
    if which.size:
        write(memory, log, which, np.array([WIDTHS[one] for one in which.tolist()]))
    return make_trace(plan, memory, log, engine="compiled", seed=1, replication=0, detail=detail)


def columns_of(trace, name):
    if name == "latency":
        return [trace.latency_s, trace.latency_arrival_s, trace.latency_bin, trace.latency_workload]
    return list(vars(getattr(trace, name)).values())


@pytest.mark.parametrize("count", [0, 1, PAGE_ROWS - 1, PAGE_ROWS, PAGE_ROWS + 1, 3 * PAGE_ROWS + 7])
def test_every_row_of_every_page_in_the_order_of_writing(count, small):
    rows = {which: count + 5 * number if count else 0 for number, which in enumerate(WIDTHS)}
    trace = written(small, rows)
    for name, (which, times) in LOGS.items():
        for number, column in enumerate(columns_of(trace, name)):
            expected = np.arange(rows[which]) * 16 + number
            found = column * 1e9 if number in times else column
            assert column.dtype.kind == ("f" if number in times else "i")
            assert found.round().astype(np.int64).tolist() == expected.tolist()


def test_what_was_not_asked_for_is_not_there(small):
    rows = {World.LATENCY_ROW: 3}
    assert [getattr(written(small, rows, "summary"), name) for name in ("requests", "calls", "attempts")] == [None] * 3
    trace = written(small, rows, "requests")
    assert trace.attempts is None
    assert trace.requests.request.size == trace.calls.entry.size == 0


def test_tallies_have_their_shapes_and_types(small):
    memory = load(small, 4, 2, log_requests=False, log_attempts=False, memory_limit=2**33)
    edges = make_edges(1.0, 0.0)
    bins = edges.size - 1
    shapes = {
        "levels": (World.LEVELS, (bins + 1, 1, len(Level))),
        "counts": (World.COUNTS, (bins + 1, 1, len(Count))),
        "arrived": (World.ARRIVED, (bins + 1, 1)),
        "ended": (World.ENDED, (bins + 1, 1, 2)),
        "visits": (World.VISITS, (bins, 1, len(Visits))),
        "outcomes": (World.OUTCOMES, (bins, 1, len(Outcome))),
        "tallies": (World.TALLIES, (bins, 1, len(small.endpoints.name), len(Tally))),
        "breakdown": (World.BREAKDOWN, (bins, 1, len(Component))),
    }
    for number, (name, (word, shape)) in enumerate(shapes.items()):
        words = memory[memory[word] :][: math.prod(shape)]
        words[:] = 1_000_000 * number + np.arange(words.size)
        if name not in COUNTS:
            words.view(np.float64)[:] = words
    memory[World.EVENTS] = 77
    log = np.zeros(FIRST_LOG_WORD, np.int64)
    trace = make_trace(small, memory, log, engine="compiled", seed=4, replication=2, detail="summary")
    counted = {"visits": [Visits.NUMBER], "tallies": [Tally.NUMBER, Tally.FAILED]}
    for number, (name, (_, shape)) in enumerate(shapes.items()):
        found = getattr(trace, name)
        assert found.shape == shape
        assert found.dtype == (np.int64 if name in COUNTS else np.float64)
        expected = (1_000_000 * number + np.arange(found.size)).reshape(shape)
        if name not in COUNTS:
            times = [column for column in range(shape[-1]) if column not in counted.get(name, [])]
            expected = expected.astype(float)
            expected[..., times] /= 1e9
        assert found.tolist() == expected.tolist()
    assert trace.edges.tolist() == edges.tolist()
    assert trace.replicas.tolist() == [[edge] for edge in edges.tolist()]
    assert (trace.engine, trace.seed, trace.replication, trace.detail) == ("compiled", 4, 2, "summary")
    assert (trace.events, trace.digest) == (77, small.digest())


def test_a_trace_does_not_keep_the_memory_of_its_run(small):
    memory = load(small, 1, 0, log_requests=False, log_attempts=False, memory_limit=2**33)
    log = np.zeros(FIRST_LOG_WORD, np.int64)
    trace = make_trace(small, memory, log, engine="compiled", seed=1, replication=0, detail="summary")
    for column in (trace.levels, trace.counts, trace.tallies, trace.latency_s):
        assert not np.shares_memory(column, memory)
        assert not np.shares_memory(column, log)
