"""Where the start of a run stops to matter: MSER-5.

Sources: White, An effective truncation heuristic for bias reduction in simulation output, Simulation 69
(1997); Hoad, Robinson, Davies, Automating warm-up length estimation, J. Operational Research Society 61
(2010): the statistic of the last batches is unreliable, and a minimum in the second half says that the run is
too short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..plan.plan import Floats
from ..plan.trace import BINS, Trace

BATCH = 5
LEFT_OUT = 5
"""Batches at the end whose statistic rests on too little."""
FEWEST = 10
"""Batches below which nothing can be said."""


@dataclass(frozen=True)
class Cut:
    """How many observations to discard; whether the run has settled by then."""

    observations: int
    settled: bool


def mser_statistics(batches: Floats) -> Floats:
    """For each d: the squared standard error of the mean of the batches from d on."""
    centred = batches - batches[batches.size // 2]
    centred = centred - centred.mean()
    kept = np.arange(batches.size, 0, -1)
    total = np.cumsum(centred[::-1])[::-1]
    squares = np.cumsum((centred * centred)[::-1])[::-1]
    return np.asarray(np.maximum(squares - total * total / kept, 0.0) / kept**2, dtype=np.float64)


def mser5(values: Floats) -> Cut:
    """The cut that minimises MSER-5 within the first half of the values."""
    number = values.size // BATCH
    if number < FEWEST:
        return Cut(0, settled=False)
    statistics = mser_statistics(values[: number * BATCH].reshape(number, BATCH).mean(axis=1))
    half = number // 2
    settled = int(np.argmin(statistics[: number - LEFT_OUT])) <= half
    return Cut(int(np.argmin(statistics[: half + 1])) * BATCH, settled)


def served_in_order(trace: Trace) -> tuple[Floats, Floats]:
    """Arrivals and latencies of the ok and degraded requests in the order of arrival, ties in that of their ends."""
    order = np.argsort(trace.latency_arrival_s, kind="stable")
    return trace.latency_arrival_s[order], trace.latency_s[order]


def find_first(traces: Sequence[Trace]) -> tuple[int, bool]:
    """The edge at which statistics begin, by MSER-5, and whether all replications had settled by half time.

    One cut for all: the latest of them, rounded up to an edge.
    """
    first, settled = 0, True
    for trace in traces:
        arrivals, latencies = served_in_order(trace)
        cut = mser5(latencies)
        settled = settled and cut.settled
        if cut.observations:
            edge = int(np.searchsorted(trace.edges, arrivals[cut.observations], side="left"))
            first = max(first, min(edge, trace.edges.size - 2))
    return first, settled and first <= BINS // 2
