"""The memory of a run that has ended, as a Trace."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...machine_code.records import Mark, Record, fields_of, size_of
from ...plan.engine import Detail
from ...plan.plan import Plan
from ...plan.trace import AttemptLog, CallLog, RequestLog, SendLog, SettleLog, Trace, make_edges
from ...rules.nanoseconds import seconds_of
from .image import Words
from .last import chosen_replicas, shut_breakers, waits_for_slots
from .layout import Log, World
from .logs import NO_END, PAGE_ROWS, AttemptRow, CallRow, LatencyRow, RequestRow, SendRow, SettleRow
from .tallies import take_tallies


def make_trace(
    plan: Plan, memory: Words, log: Words, *, engine: str, seed: int, replication: int, detail: Detail
) -> Trace:
    """Everything that a run has written down, as columns."""
    world = World(memory)
    edges = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
    latency_s, latency_arrival_s, bin_, workload = _columns(log, world.latency_log, LatencyRow, np.int32)
    requests = calls = attempts = sent = None
    if detail != "summary":
        requests = RequestLog(*_columns(log, world.request_log, RequestRow))
        calls = CallLog(*_columns(log, world.call_log, CallRow))
        sent = SendLog(*_columns(log, world.send_log, SendRow))
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
        latency_bin=bin_,
        latency_workload=workload,
        requests=requests,
        calls=calls,
        attempts=attempts,
        sent=sent,
        settling=SettleLog(*_columns(log, world.settle_log, SettleRow)),
        chosen=chosen_replicas(world),
        shut_since_s=np.array([since for since, _ in shut]),
        shut_calls=np.array([calls for _, calls in shut], np.int64),
        waits=waits_for_slots(plan, world),
        events=world.events,
    )


def _columns(log: Words, which: Log, row: type[Record], whole: type = np.int64) -> list[NDArray[Any]]:
    """The columns of a log, gathered from its pages: times in seconds, NaN where there is no end."""
    pages = []
    page, end, words = which.page, which.row, size_of(row)
    while page != 0:
        pages.append(log[page + 1 : end].reshape(-1, words))
        page = int(log[page])
        end = page + 1 + PAGE_ROWS * words
    pages.reverse()
    rows = sum(len(part) for part in pages)
    kinds = [np.float64 if one.mark is Mark.TIME else whole for one in fields_of(row).values()]
    columns: list[NDArray[Any]] = [np.empty(rows, kind) for kind in kinds]
    at = 0
    for part in pages:  # each of them is in the caches while its columns are taken
        for number, column in enumerate(columns):
            here, said = column[at : at + len(part)], part[:, number]
            if column.dtype == np.float64:
                here[:] = seconds_of(said)
                here[said == NO_END] = np.nan
            else:
                here[:] = said
        at += len(part)
    return columns
