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

from ..plan.columns import Floats
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
    """The edge at which statistics begin, by MSER-5, and whether most replications had settled by half time.

    One cut for all: where half of the replications of a deployment have settled, of the latest deployment, rounded up
    to an edge. The latest replication would say more of chance than of the start: a cut right after the longest queue
    of ten runs flatters what is left, by one or two percent of a mean at 90 % utilisation.
    """
    edges = traces[0].edges
    cuts: dict[str, list[tuple[float, bool]]] = {}
    for trace in traces:
        arrivals, latencies = served_in_order(trace)
        cut = mser5(latencies)
        at = float(arrivals[cut.observations]) if cut.observations else 0.0
        cuts.setdefault(trace.digest, []).append((at, cut.settled))
    at = max(sorted(one for one, _ in each)[len(each) // 2] for each in cuts.values())
    settled = all(sum(one for _, one in each) > (len(each) - 1) / 2 for each in cuts.values())
    first = min(int(np.searchsorted(edges, at, side="left")), edges.size - 2)
    return first, settled and first <= BINS // 2
