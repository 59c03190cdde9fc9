"""Results: the tables of a run, its warnings and its provenance, as one value."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from ..answers import Answer, Answered
from ..errors import ResultError
from . import display, store

LARGE = ("requests", "attempts", "latencies")
"""Tables that are handed out without being copied as a whole."""


@dataclass(frozen=True, eq=False, repr=False)
class Results(Answered):
    """What a run says. Every table is handed out as a copy, so that a Results never changes."""

    _tables: dict[str, pd.DataFrame]
    warnings: tuple[str, ...]
    _provenance: dict[str, Any]

    def _table(self, name: str) -> pd.DataFrame:
        return self._tables[name].copy(deep=name not in LARGE)

    def _log(self, name: str) -> pd.DataFrame:
        if name not in self._tables:
            detail = self._provenance["detail"]
            raise ResultError(f'{name} were not recorded at detail "{detail}": run with detail="{name}"')
        return self._table(name)

    @property
    def provenance(self) -> dict[str, Any]:
        """Versions, seed, engine, plan digest and settings: what a rerun needs."""
        return copy.deepcopy(self._provenance)

    @property
    def summary(self) -> pd.Series[float]:
        """Of all replications together, by quantity: counts are sums, rates averages, percentiles pooled."""
        return self._table("summary")["value"].rename(self._provenance["deployment"])

    @property
    def intervals(self) -> pd.DataFrame:
        """What all replications say together and how sure it is, by quantity: mean, half_width, low, high (rule 11.7).

        `half_width` is half of the width: an interval may be longer on one side. NaN where the data carry none.
        """
        return self._table("intervals")

    @property
    def replications(self) -> pd.DataFrame:
        """The same quantities, one row a replication."""
        return self._table("replications")

    @property
    def services(self) -> pd.DataFrame:
        """Levels, rates and times per visit, by service."""
        return self._table("services")

    @property
    def services_intervals(self) -> pd.DataFrame:
        """Student intervals over replications, by service and quantity: mean, half_width, low, high."""
        return self._table("services_intervals")

    @property
    def units(self) -> pd.DataFrame:
        """Levels, rates, times per visit and cost, by unit."""
        return self._table("units")

    @property
    def units_intervals(self) -> pd.DataFrame:
        """Student intervals over replications, by unit and quantity: mean, half_width, low, high."""
        return self._table("units_intervals")

    @property
    def endpoints(self) -> pd.DataFrame:
        """Latency and errors as callers see them, by workload, entry and endpoint."""
        return self._table("endpoints")

    @property
    def breakdown(self) -> pd.DataFrame:
        """Seconds of the mean latency on the critical path, by service and component: they add up to it."""
        return self._table("breakdown")

    @property
    def outcomes(self) -> pd.DataFrame:
        """Counts of requests, by workload and outcome."""
        return self._table("outcomes")

    @property
    def objectives(self) -> pd.DataFrame:
        """The slos: what was asked for, what was seen, how sure that is, of which share (rules 11.10, 11.14, 11.15).

        Columns slo, endpoint, quantity, limit, value, low, high, met, straddles, served_ratio (of a latency: the share
        of the requests that it is of) and reason: why it is missed, or what makes it unsure.
        """
        return self._table("objectives")

    @property
    def timeline(self) -> pd.DataFrame:
        """Levels and rates over time, one row a start of a bin and service."""
        return self._table("timeline")

    @property
    def latencies(self) -> pd.DataFrame:
        """The latencies that `summary` is of: replication, workload, latency_s. At any detail."""
        return self._table("latencies")

    @property
    def requests(self) -> pd.DataFrame:
        """One row a request that arrives in [0, horizon), those of the warmup included.

        Raises
        ------
        ResultError
            With detail `summary`.
        """
        return self._log("requests")

    @property
    def attempts(self) -> pd.DataFrame:
        """One row an attempt. With several workloads, which each count their requests, the last column is `workload`.

        Raises
        ------
        ResultError
            Without detail `attempts`.
        """
        return self._log("attempts")

    @property
    def met(self) -> bool:
        """Whether every objective is met, by the values of all replications together."""
        return bool(self._tables["objectives"]["met"].all())

    def percentile(self, q: float, workload: str | None = None) -> float:
        """Latency in seconds below which q percent of the served requests stay, replications pooled.

        Parameters
        ----------
        q
            From 0 to 100; 100 is the longest that was seen.
        workload
            Only its requests.

        Raises
        ------
        ResultError
            If there is no such workload, or fewer than 1 / (1 - q/100) requests.
        """
        if not 0.0 <= q <= 100.0:
            raise ResultError(f"a percentile lies between 0 and 100, not at {q:g}")
        table = self._tables["latencies"]
        latencies = table["latency_s"].to_numpy()
        if workload is not None:
            names = list(table["workload"].cat.categories)
            if workload not in names:
                raise ResultError(f"there is no workload {workload!r}; there is {', '.join(names)}")
            latencies = latencies[(table["workload"] == workload).to_numpy()]
        needed = math.ceil(round(100.0 / (100.0 - q), 6)) if q < 100.0 else 1
        if latencies.size < needed:
            raise ResultError(
                f"p{q:g} of {latencies.size} served requests: it needs {needed} of them; make the run longer"
            )
        return float(np.quantile(latencies, q / 100.0))

    def difference_from(self, baseline: Results) -> pd.DataFrame:
        """What differs from a baseline, paired replication by replication: before and after a change of the topology.

        Index quantity; columns baseline, other, difference, half_width, low, high, and shown: whether the interval
        excludes 0.

        Raises
        ------
        ResultError
            Unless both have one seed and the same replications.
        """
        from .pairs import paired_difference

        return paired_difference(baseline, self)

    def answer(self) -> Answer:
        """What was run and what came of it: all but the logs and the timeline."""
        return display.answer_of(self)

    def save(self, folder: str | PathLike[str]) -> None:
        """Write result.json and one Parquet file a table; an older result in that folder is replaced.

        Raises
        ------
        ResultError
            If the folder holds something else, or cannot be written.
        """
        store.save(folder, self._tables, self.warnings, self._provenance)

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> Results:
        """What `save` has written.

        Raises
        ------
        ResultError
            If the folder holds no result, or not all of it.
        """
        return cls(*store.load(folder))

    def __repr__(self) -> str:
        made = self._provenance
        return f"<Results of {made['topology']} as {made['deployment']}, {made['replications']} replications>"
