"""Levels and rates over time, from 0 to the horizon, the warmup included (rule 11.22)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..plan.columns import Floats, Integers
from ..plan.layout import GOOD
from ..plan.measures import Count, Level
from ..plan.trace import BINS, make_edges, to_the_nanosecond
from .groups import blocks, gather, grouped_quantiles
from .observed import Observed, exact
from .statistics import ratio

POINTS = 100
"""Rows a service: bins of one width, each of them two of the trace's or, around the warmup, three."""


def edge_rows(observed: Observed) -> NDArray[np.intp]:
    """Which of the trace's edges bound the bins of the timeline."""
    grid = make_edges(observed.plan.settings.duration_s, None)
    return np.asarray(np.searchsorted(observed.edges, grid[:: BINS // POINTS]))


def call_percentiles(observed: Observed, edges: Floats) -> Floats:
    """Bins, services, (p50, p99) of the latency of calls that end in the bin; NaN at detail `summary`."""
    services = len(observed.plan.services.name)
    shape = (edges.size - 1, services, 2)
    if not observed.call_logs:
        return np.full(shape, np.nan)

    def pieces() -> Iterator[tuple[Integers, Floats]]:
        for log in blocks(observed.call_logs):
            kept = (log.end_s < edges[-1]) & (log.outcome <= GOOD)
            bins = np.searchsorted(edges, log.end_s[kept], side="right") - 1
            group = bins * services + observed.plan.endpoints.service[log.endpoint[kept]]
            yield group, log.latency_s[kept]

    return grouped_quantiles(*gather(pieces()), shape[0] * services, (0.5, 0.99)).reshape(shape)


def timeline_table(observed: Observed) -> pd.DataFrame:
    """One row a start of a bin and service, averaged over replications (latencies pooled)."""
    plan, unit = observed.plan, observed.plan.services.unit
    rows = edge_rows(observed)
    edges = observed.edges[rows]
    replications = len(observed.traces)
    seconds = (to_the_nanosecond(np.diff(edges)) * replications)[:, None]

    def change(column: str) -> NDArray[Any]:
        return exact(np.asarray(sum(np.diff(getattr(trace, column)[rows], axis=0) for trace in observed.traces)))

    levels, counts = change("levels"), change("counts")
    replica_seconds = change("replicas")[:, unit]
    percentiles = call_percentiles(observed, edges)
    columns = {
        "arrival_rate_per_s": counts[:, :, Count.BEGUN] / seconds,
        "throughput_per_s": counts[:, :, Count.ENDED] / seconds,
        "errors_per_s": counts[:, :, Count.FAILED] / seconds,
        "queue_length": levels[:, :, Level.WAITING] / seconds,
        "utilisation_ratio": ratio(levels[:, :, Level.BUSY], replica_seconds * plan.units.cores[unit]),
        "replicas": replica_seconds / seconds,
        "ready_replicas": change("ready")[:, unit] / seconds,
        "latency_p50_s": percentiles[:, :, 0],
        "latency_p99_s": percentiles[:, :, 1],
    }
    return pd.DataFrame(
        {
            "time_s": np.repeat(edges[:-1], unit.size),
            "service": list(plan.services.name) * (edges.size - 1),
            **{name: values.ravel() for name, values in columns.items()},
        }
    )
