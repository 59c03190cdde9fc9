"""The memory of a run that has ended, as a Trace."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...machine_code.records import Mark, Record, fields_of, size_of
from ...plan.columns import Floats
from ...plan.engine import Detail
from ...plan.plan import Plan
from ...plan.trace import AttemptLog, CallLog, RequestLog, Trace, make_edges
from ...rules.nanoseconds import seconds_of
from .image import Words
from .last import chosen_replicas, shut_breakers, waits_for_slots
from .layout import Log, World
from .logs import NO_END, PAGE_ROWS, AttemptRow, CallRow, LatencyRow, RequestRow
from .tallies import take_tallies


def make_trace(
    plan: Plan, memory: Words, log: Words, *, engine: str, seed: int, replication: int, detail: Detail
) -> Trace:
    """Everything that a run has written down, as columns."""
    world = World(memory)
    edges = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
    latency_s, latency_arrival_s, bin_, workload = _columns(log, world.latency_log, LatencyRow)
    requests = calls = attempts = None
    if detail != "summary":
        requests = RequestLog(*_columns(log, world.request_log, RequestRow))
        calls = CallLog(*_columns(log, world.call_log, CallRow))
    if detail == "attempts":
        attempts = AttemptLog(*_columns(log, world.attempt_log, AttemptRow))
    shut = shut_breakers(world)
    return Trace(
        engine=engine,
        seed=seed,
        replication=replication,
        digest=plan.digest(),
        detail=detail,
        edges=edges,
        replicas=np.outer(edges, plan.units.replicas),
        **take_tallies(memory, plan, edges.size - 1),
        latency_s=latency_s,
        latency_arrival_s=latency_arrival_s,
        latency_bin=bin_.astype(np.int32),
        latency_workload=workload.astype(np.int32),
        requests=requests,
        calls=calls,
        attempts=attempts,
        chosen=chosen_replicas(world),
        shut_since_s=np.array([since for since, _ in shut]),
        shut_calls=np.array([calls for _, calls in shut], np.int64),
        waits=waits_for_slots(plan, world),
        events=world.events,
    )


def _columns(log: Words, which: Log, row: type[Record]) -> list[NDArray[Any]]:
    """The columns of a log, gathered from its pages: times in seconds, NaN where there is no end."""
    pages = []
    page, end, words = which.page, which.row, size_of(row)
    while page != 0:
        pages.append(log[page + 1 : end].reshape(-1, words))
        page = int(log[page])
        end = page + 1 + PAGE_ROWS * words
    pages.reverse()
    rows = sum(len(part) for part in pages)
    columns = {name: np.empty(rows, np.int64) for name in fields_of(row)}
    at = 0
    for part in pages:
        for number, column in enumerate(columns.values()):
            column[at : at + len(part)] = part[:, number]
        at += len(part)
    times = {name for name, one in fields_of(row).items() if one.mark is Mark.TIME}
    return [_seconds(column) if name in times else column for name, column in columns.items()]


def _seconds(times: Words) -> Floats:
    return np.where(times == NO_END, np.nan, seconds_of(times))
