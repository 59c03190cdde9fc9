"""What callers see over time: how much comes, how long it takes, and how much of it fails."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..errors import ResultError
from ..results import Results
from .style import BLUE, INK, QUIET, VERMILLION, end_labels, label_y, tidy

PANELS: Final = {
    "arrivals": "requests (/s)",
    "latency": "latency (ms)",
    "errors": "failed (/s)",
}
"""By name, the label of the panel's axis."""
ALL_LATENCIES: Final = "latency of all journeys (ms)"
LINES: Final = {
    "arrivals": (("arrival_rate_per_s", "arrive", QUIET, "--"), ("served_per_s", "served", BLUE, "-")),
    "latency": (("latency_p50_s", "p50", BLUE, "-"), ("latency_p99_s", "p99", INK, "-")),
    "errors": (("errors_per_s", "failed", VERMILLION, "-"),),
}
MOST_BINS, FEWEST_BINS = 100, 12
PER_BIN: Final = 200
"""Requests of a bin that are aimed at, so that its p99 is more than its slowest."""
FEWEST: Final = 20
"""Served requests of a bin below which it has no p99."""
GOOD: Final = ("ok", "degraded")


def requests_over_time(result: Results) -> pd.DataFrame:
    """Requests by arrival, one row a bin: time_s, rates per second and replication, and latencies of all of them.

    What is neither served nor unfinished has failed.

    Raises
    ------
    ResultError
        If requests were not recorded.
    """
    try:
        table = result.requests
    except ResultError:
        raise ResultError(
            'arrivals, latency and errors over time are of requests, which detail="summary" does not record: '
            'run with detail="requests"'
        ) from None
    made = result.provenance
    horizon, replications = float(made["duration_s"]), int(made["replications"])
    bins = int(np.clip(len(table) // PER_BIN, FEWEST_BINS, MOST_BINS))
    edges = np.linspace(0.0, horizon, bins + 1)
    arrival = table["arrival_s"].to_numpy(dtype=np.float64)
    outcome = table["outcome"].astype(str)
    served = outcome.isin(GOOD).to_numpy()
    failed = ~served & (outcome != "unfinished").to_numpy()
    seconds = replications * horizon / bins

    def rate(which: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.histogram(arrival[which], edges)[0] / seconds)

    place = np.clip(np.searchsorted(edges, arrival[served], side="right") - 1, 0, bins - 1)
    latencies = table["latency_s"][served].groupby(place)
    whole = pd.RangeIndex(bins)
    enough = latencies.size().reindex(whole, fill_value=0) >= FEWEST
    return pd.DataFrame(
        {
            "time_s": edges[:-1],
            "width_s": np.diff(edges),
            "arrival_rate_per_s": rate(np.full(arrival.size, fill_value=True)),
            "served_per_s": rate(served),
            "errors_per_s": rate(failed),
            "latency_p50_s": latencies.quantile(0.5).reindex(whole).to_numpy(),
            "latency_p99_s": latencies.quantile(0.99).reindex(whole).where(enough).to_numpy(),
        }
    )


def draw_requests(
    panel: Axes, table: pd.DataFrame, name: str, horizon: float, room: float, *, mixed: bool = False
) -> None:
    """The lines of one panel, with their names at their ends; a share of the height is left free above.

    A latency says so if it is of several journeys (`mixed`).
    """
    tidy(panel, "y")
    factor = 1000.0 if name == "latency" else 1.0
    middle = (table["time_s"] + table["width_s"] / 2.0).to_numpy()
    ends = []
    highest = 0.0
    for column, label, colour, style in LINES[name]:
        values = factor * table[column].to_numpy(dtype=np.float64)
        panel.plot(middle, values, style, color=colour, linewidth=1.6 if style == "-" else 1.1, label=label)
        known = np.flatnonzero(np.isfinite(values))
        if known.size:
            highest = max(highest, float(np.nanmax(values)))
            text = "no request failed" if name == "errors" and not values.any() else label
            ends.append((float(middle[known[-1]]), float(values[known[-1]]), text, colour))
    if name == "errors":
        panel.fill_between(middle, table["errors_per_s"].to_numpy(), color=VERMILLION, alpha=0.25, linewidth=0)
    label_y(panel, ALL_LATENCIES if mixed and name == "latency" else PANELS[name])
    panel.set_ylim(0.0, max(highest * 1.1, 1e-3 if name != "errors" else 1.0) / (1.0 - room))
    panel.set_xlim(0.0, horizon)
    end_labels(panel, ends)
