"""What is in memory and in the pages of the logs, as the columns of a Trace."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from simulator.engines.compiled.image import FIRST_LOG_WORD, load
from simulator.engines.compiled.layout import Log, World
from simulator.engines.compiled.logs import PAGE_ROWS, AttemptRow, CallRow, LatencyRow, RequestRow
from simulator.engines.compiled.recorder import new_row
from simulator.engines.compiled.trace import make_trace
from simulator.machine_code.jit import integers_of
from simulator.machine_code.records import field_at, size_of
from simulator.plan.callees import callees_of
from simulator.plan.layout import Component, Outcome
from simulator.plan.measures import Count, Level, Tally, Visits
from simulator.plan.trace import make_edges

ROWS = {"latency_log": LatencyRow, "request_log": RequestRow, "call_log": CallRow, "attempt_log": AttemptRow}
LOGS = {
    "latency": ("latency_log", (0, 1)),
    "requests": ("request_log", (3, 4)),
    "calls": ("call_log", (2, 3, 4)),
    "attempts": ("attempt_log", (6, 7)),
}
"""Which they are in the world, and which of their columns are times."""
COUNTS = ("counts", "arrived", "ended", "outcomes")
"""The tallies of a trace that are all counts; the others are of times, but for some columns."""


@numba.njit
def write(words, log, which, widths):
    """Row after row to the logs in turn; the k-th row of a log has k * 16, k * 16 + 1, ... in it."""
    world, pages = World(words), integers_of(log)
    written = {which[0]: 0}
    for row in range(len(which)):
        count = written.get(which[row], 0)
        written[which[row]] = count + 1
        at = new_row(pages, Log(world, which[row]), widths[row])
        for column in range(widths[row]):
            log[at + column] = count * 16 + column


def written(plan, rows, detail="attempts"):
    """A trace of so many rows of each log, in random turn."""
    memory = load(plan, 1, 0, log_requests=True, log_attempts=True, memory_limit=2**33)
    log = np.zeros(FIRST_LOG_WORD + sum((count // PAGE_ROWS + 2) * PAGE_ROWS * 10 for count in rows.values()), np.int64)
    widths = {field_at(World, which)[0]: size_of(ROWS[which]) for which in rows}
    which = np.repeat(list(widths), list(rows.values()))
    np.random.default_rng(1).shuffle(which)
    if which.size:
        write(memory, log, which, np.array([widths[one] for one in which.tolist()]))
    return make_trace(plan, memory, log, engine="compiled", seed=1, replication=0, detail=detail)


def columns_of(trace, name):
    if name == "latency":
        return [trace.latency_s, trace.latency_arrival_s, trace.latency_bin, trace.latency_workload]
    return list(vars(getattr(trace, name)).values())


@pytest.mark.parametrize("count", [0, 1, PAGE_ROWS - 1, PAGE_ROWS, PAGE_ROWS + 1, 3 * PAGE_ROWS + 7])
def test_every_row_of_every_page_in_the_order_of_writing(count, small):
    rows = {which: count + 5 * number if count else 0 for number, which in enumerate(ROWS)}
    trace = written(small, rows)
    for name, (which, times) in LOGS.items():
        for number, column in enumerate(columns_of(trace, name)):
            expected = np.arange(rows[which]) * 16 + number
            found = column * 1e9 if number in times else column
            assert column.dtype.kind == ("f" if number in times else "i")
            assert found.round().astype(np.int64).tolist() == expected.tolist()


def test_what_was_not_asked_for_is_not_there(small):
    rows = {"latency_log": 3}
    assert [getattr(written(small, rows, "summary"), name) for name in ("requests", "calls", "attempts")] == [None] * 3
    trace = written(small, rows, "requests")
    assert trace.attempts is None
    assert trace.requests.request.size == trace.calls.entry.size == 0


def test_tallies_have_their_shapes_and_types(small):
    memory = load(small, 4, 2, log_requests=False, log_attempts=False, memory_limit=2**33)
    edges = make_edges(1.0, 0.0)
    bins = edges.size - 1
    shapes = {
        "levels": (bins + 1, 1, len(Level)),
        "counts": (bins + 1, 1, len(Count)),
        "arrived": (bins + 1, 1),
        "ended": (bins + 1, 1, 2),
        "visits": (bins, 1, len(Visits)),
        "outcomes": (bins, 1, len(Outcome)),
        "tallies": (bins, callees_of(small).entry.size, len(Tally)),
        "breakdown": (bins, 1, len(Component)),
    }
    world = World(memory)
    for number, (name, shape) in enumerate(shapes.items()):
        words = memory[getattr(world, name).index :][: math.prod(shape)]
        words[:] = 1_000_000 * number + np.arange(words.size)
        if name not in COUNTS:
            words.view(np.float64)[:] = words
    world.events = 77
    log = np.zeros(FIRST_LOG_WORD, np.int64)
    trace = make_trace(small, memory, log, engine="compiled", seed=4, replication=2, detail="summary")
    counted = {"visits": [Visits.NUMBER], "tallies": [Tally.NUMBER, Tally.FAILED]}
    for number, (name, shape) in enumerate(shapes.items()):
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
