"""Two results of the same seed, journey by journey (rule 11.25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from ..plan.columns import Floats
from ..plan.layout import GOOD, Outcome
from .pairs import COLUMNS, LATENCIES, check_pairs, jackknife, statistics_of
from .statistics import ratio, student_interval

if TYPE_CHECKING:
    from .results import Results

AVAILABILITY: Final = "availability_ratio"
QUANTITIES: Final = (*LATENCIES, AVAILABILITY)
SERVED: Final = [Outcome(value).word for value in range(GOOD + 1)]
Row = tuple[float, float, float, float, float, float, bool]
"""`COLUMNS`, of one quantity."""
UNKNOWN: Final = (np.nan, np.nan, np.nan, np.nan, False)
"""A difference, and how sure it is, where there is none."""
MIXED: Final = 0.01
"""Relative difference of a journey's share of the served requests above which two results have another mix."""


@dataclass(frozen=True, eq=False)
class Journey:
    """What enters at one endpoint, by replication."""

    latencies: list[Floats]
    counts: Floats  # rows of served and all requests, by replication; one row of all where no more is known

    @property
    def pooled(self) -> list[float]:
        """Its `QUANTITIES`, of all replications together."""
        return [*statistics_of(np.concatenate(self.latencies)).tolist(), *_share(self.counts).tolist()]


def entry_shares(results: Results) -> dict[str, float]:
    """By journey its share of the served requests, in the order of the workloads."""
    table: Any = results.endpoints
    entry, endpoint = (table.index.get_level_values(name) for name in ("entry", "endpoint"))
    table = table[entry == endpoint]
    served = (table["calls"] - table["errors"]).groupby(level="entry", sort=False).sum()
    whole = served.sum()
    return {str(name): float(one / whole) if whole else np.nan for name, one in served.items()}


def have_one_mix(shares: Sequence[Mapping[str, float]]) -> bool:
    """Whether latencies of all journeys together are of the same journeys in the same shares (rule 11.25)."""
    if all(len(one) < 2 for one in shares):
        return True
    first, *others = shares
    return all(set(one) == set(first) and all(_alike(one[name], first[name]) for name in one) for one in others)


def _alike(share: float, other: float) -> bool:
    return abs(share - other) <= MIXED * max(share, other)


def paired_journeys(baseline: Results, other: Results) -> pd.DataFrame:
    """Other minus baseline as in `paired_difference`, by journey and quantity; of what only one has, no difference."""
    check_pairs(baseline, other)
    level = baseline.provenance["confidence"]
    each = [_journeys(one) for one in (baseline, other)]
    names = dict.fromkeys([*each[0], *each[1]])
    rows = [row for name in names for row in _rows([one.get(name) for one in each], level)]
    index = pd.MultiIndex.from_product([list(names), QUANTITIES], names=["journey", "quantity"])
    table = pd.DataFrame(rows, index=index, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS[:-1], "float64") | {"shown": "bool"})


def _journeys(result: Results) -> dict[str, Journey | None]:
    """Of each endpoint that is entered; None where requests are not recorded, and its workloads enter elsewhere too."""
    names = list(entry_shares(result))
    if result.provenance["detail"] != "summary":
        table: Any = result.requests
        table = table[table["arrival_s"] >= result.provenance["warmup_s"]]
        return {name: _recorded(result, table[table["endpoint"] == name]) for name in names}
    places: Any = result.endpoints.reset_index()[["workload", "entry"]].drop_duplicates()
    entered = {name: list(places.loc[places["entry"] == name, "workload"]) for name in names}
    alone = {name for name, mine in entered.items() if places["workload"].isin(mine).sum() == len(mine)}
    return {name: _summed(result, entered[name]) if name in alone else None for name in names}


def _recorded(result: Results, table: Any) -> Journey:
    """Of its requests."""
    served = table[table["outcome"].isin(SERVED)]
    latencies: list[Floats] = []
    counts = []
    for replication in result.replications.index:
        latencies.append(served.loc[served["replication"] == replication, "latency_s"].to_numpy())
        counts.append([latencies[-1].size, np.count_nonzero(table["replication"] == replication)])
    return Journey(latencies, np.array(counts, np.float64))


def _summed(result: Results, workloads: list[str]) -> Journey:
    """Of all requests of some workloads."""
    table: Any = result.latencies
    table = table[table["workload"].isin(workloads)]
    latencies = [table.loc[table["replication"] == one, "latency_s"].to_numpy() for one in result.replications.index]
    outcomes = result.outcomes.loc[workloads]
    return Journey(latencies, np.array([[outcomes[SERVED].to_numpy().sum(), outcomes.to_numpy().sum()]], np.float64))


def _rows(pair: Sequence[Journey | None], level: float) -> list[Row]:
    """One a quantity; without a difference where one of both has none."""
    left, right = pair
    if left is None or right is None:
        each = [[np.nan] * len(QUANTITIES) if one is None else one.pooled for one in pair]
        return [(*values, *UNKNOWN) for values in zip(*each, strict=True)]
    both = list(zip(left.latencies, right.latencies, strict=True))
    kept = [one for one in both if all(values.size for values in one)]
    rows = _of_latencies(kept, level) if kept else [
        (*values, *UNKNOWN) for values in list(zip(left.pooled, right.pooled, strict=True))[:-1]
    ]  # fmt: skip
    asked = (left.counts[:, 1] > 0.0) & (right.counts[:, 1] > 0.0)
    if not asked.any():
        return [*rows, (left.pooled[-1], right.pooled[-1], *UNKNOWN)]
    each_share = [jackknife([row[np.newaxis] for row in one.counts[asked]], _share) for one in (left, right)]
    return [*rows, _row([whole[0] for whole, _ in each_share], [parts[:, 0] for _, parts in each_share], level)]


def _of_latencies(kept: Sequence[tuple[Floats, Floats]], level: float) -> list[Row]:
    """Of `LATENCIES`, of the replications that both have."""
    made = [jackknife(each, statistics_of) for each in zip(*kept, strict=True)]
    return [
        _row([whole[place] for whole, _ in made], [parts[:, place] for _, parts in made], level)
        for place in range(len(LATENCIES))
    ]


def _row(pooled: Sequence[float], each: Sequence[Floats], level: float) -> Row:
    """Both values, and Student's interval of what the replications add to their difference."""
    half_width = student_interval(each[1] - each[0], level)[1]
    difference = float(pooled[1] - pooled[0])
    low, high = difference - half_width, difference + half_width
    return float(pooled[0]), float(pooled[1]), difference, half_width, low, high, bool(low > 0.0 or high < 0.0)


def _share(counts: Floats) -> Floats:
    served, number = counts.sum(axis=0)
    return ratio([served], [number])
