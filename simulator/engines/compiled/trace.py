"""The memory of a run that has ended, as a Trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...plan.engine import Detail
from ...plan.plan import Floats, Plan
from ...plan.trace import AttemptLog, CallLog, RequestLog, Tally, Trace, Visits, make_edges
from ...rules.nanoseconds import seconds_of
from .image import Words
from .last import chosen_replicas, shut_breakers, waits_for_slots
from .layout import ATTEMPT_WIDTH, CALL_WIDTH, LATENCY_WIDTH, PAGE_ROWS, REQUEST_WIDTH, Log, World
from .record import NO_END
from .tallies import tally_shapes

COUNTED: dict[int, Sequence[int]] = {World.VISITS: (Visits.NUMBER,), World.TALLIES: (Tally.NUMBER, Tally.FAILED)}
"""Columns of tallies of times that are no times."""
INTEGER_TALLIES = (World.COUNTS, World.ARRIVED, World.ENDED, World.OUTCOMES, World.TRIES, World.SENDS)


def make_trace(
    plan: Plan, memory: Words, log: Words, *, engine: str, seed: int, replication: int, detail: Detail
) -> Trace:
    """Everything that a run has written down, as columns."""
    edges = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
    shapes = tally_shapes(plan, edges.size - 1, len(plan.services.name), len(plan.workloads.name))
    tallies = {word: _tally(memory, word, shape) for word, shape in shapes.items()}
    latency, arrival, bin_, workload = _columns(memory, log, World.LATENCY_ROW, LATENCY_WIDTH)
    requests = calls = attempts = None
    if detail != "summary":
        columns = _columns(memory, log, World.REQUEST_ROW, REQUEST_WIDTH)
        requests = RequestLog(*_with_seconds(columns, (3, 4)))
        columns = _columns(memory, log, World.CALL_ROW, CALL_WIDTH)
        calls = CallLog(*_with_seconds(columns, (2, 3, 4)))
    if detail == "attempts":
        columns = _columns(memory, log, World.ATTEMPT_ROW, ATTEMPT_WIDTH)
        attempts = AttemptLog(*_with_seconds(columns, (6, 7)))
    shut = shut_breakers(memory)
    return Trace(
        engine=engine,
        seed=seed,
        replication=replication,
        digest=plan.digest(),
        detail=detail,
        edges=edges,
        levels=tallies[World.LEVELS],
        counts=tallies[World.COUNTS],
        replicas=np.outer(edges, plan.units.replicas),
        ready=tallies[World.READY],
        arrived=tallies[World.ARRIVED],
        ended=tallies[World.ENDED],
        visits=tallies[World.VISITS],
        open_breakers=tallies[World.OPEN_BREAKERS],
        tries=tallies[World.TRIES],
        sends=tallies[World.SENDS],
        wasted=tallies[World.WASTED],
        outcomes=tallies[World.OUTCOMES],
        tallies=tallies[World.TALLIES],
        breakdown=tallies[World.BREAKDOWN],
        latency_s=seconds_of(latency),
        latency_arrival_s=seconds_of(arrival),
        latency_bin=bin_.astype(np.int32),
        latency_workload=workload.astype(np.int32),
        requests=requests,
        calls=calls,
        attempts=attempts,
        chosen=chosen_replicas(memory),
        shut_since_s=np.array([since for since, _ in shut]),
        shut_calls=np.array([calls for _, calls in shut], np.int64),
        waits=waits_for_slots(plan, memory),
        events=int(memory[World.EVENTS]),
    )


def _tally(memory: Words, word: int, shape: Sequence[int]) -> NDArray[Any]:
    start = int(memory[word])
    block = memory[start : start + int(np.prod(shape))].copy().reshape(shape)
    if word in INTEGER_TALLIES:
        return block
    times = block.view(np.float64)
    seconds = seconds_of(times)
    for column in COUNTED.get(word, ()):
        seconds[..., column] = times[..., column]
    return seconds


def _columns(memory: Words, log: Words, which: int, width: int) -> list[Words]:
    """The columns of a log, gathered from its pages."""
    pages = []
    page = int(memory[which + Log.PAGE])
    end = int(memory[which + Log.ROW])
    while page != 0:
        pages.append(log[page + 1 : end].reshape(-1, width))
        page = int(log[page])
        end = page + 1 + PAGE_ROWS * width
    pages.reverse()
    rows = sum(len(part) for part in pages)
    columns = [np.empty(rows, np.int64) for _ in range(width)]
    at = 0
    for part in pages:
        for number, column in enumerate(columns):
            column[at : at + len(part)] = part[:, number]
        at += len(part)
    return columns


def _with_seconds(columns: list[Words], times: Sequence[int]) -> list[NDArray[Any]]:
    """Some columns in seconds, NaN where there is no end."""
    return [_seconds(column) if number in times else column for number, column in enumerate(columns)]


def _seconds(times: Words) -> Floats:
    return np.where(times == NO_END, np.nan, seconds_of(times))
