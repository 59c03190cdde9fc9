"""The memory of a run that has ended, as a Trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...plan.engine import Detail
from ...plan.plan import Plan
from ...plan.trace import AttemptLog, CallLog, RequestLog, Trace, make_edges
from .image import Words
from .last import chosen_replicas, shut_breakers, waits_for_slots
from .layout import ATTEMPT_WIDTH, CALL_WIDTH, LATENCY_WIDTH, PAGE_ROWS, REQUEST_WIDTH, Log, World
from .tallies import tally_shapes

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
        requests = RequestLog(*_as_floats(columns, (3, 4)))
        columns = _columns(memory, log, World.CALL_ROW, CALL_WIDTH)
        calls = CallLog(*_as_floats(columns, (2, 3, 4)))
    if detail == "attempts":
        columns = _columns(memory, log, World.ATTEMPT_ROW, ATTEMPT_WIDTH)
        attempts = AttemptLog(*_as_floats(columns, (6, 7)))
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
        latency_s=latency.view(np.float64),
        latency_arrival_s=arrival.view(np.float64),
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
    block = memory[start : start + int(np.prod(shape))].copy()
    return (block if word in INTEGER_TALLIES else block.view(np.float64)).reshape(shape)


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


def _as_floats(columns: list[Words], floats: Sequence[int]) -> list[NDArray[Any]]:
    return [column.view(np.float64) if number in floats else column for number, column in enumerate(columns)]
