"""Which other services suffer: latency and errors as their callers see them (rules 15.13 and 15.14)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...plan.columns import Floats
from ...plan.layout import GOOD, Op, Outcome
from ...plan.plan import Plan
from ...plan.trace import Trace
from ...results.statistics import ratio, shown_together, student_factor, student_interval

LATENCY: Final = "latency_mean_s"
ERRORS: Final = "error_ratio"
WORTH: Final = 0.01
"""A latency has risen if it did by this share at least."""
COLUMNS = ("service", "shares_process", "quantity", "before", "after", "rise", "half_width", "shown")


@dataclass(frozen=True, eq=False)
class Seen:
    """Calls by service, for requests that arrive in a span: of one replication."""

    calls: Floats
    failed: Floats  # those without an end among them
    latency_s: Floats  # mean of those that ended ok or degraded, NaN of none
    variance_s2: Floats | None = None  # of the same latencies

    @property
    def error_ratio(self) -> Floats:
        """Failed calls by calls, NaN of none."""
        return ratio(self.failed, self.calls)

    def mean(self, quantity: str, service: int) -> float:
        """What the callers of a service saw; NaN of none."""
        return float((self.latency_s if quantity == LATENCY else self.error_ratio)[service])

    def number(self, quantity: str, service: int) -> float:
        """Of how many calls that is the mean."""
        return float(self.calls[service] - (self.failed[service] if quantity == LATENCY else 0.0))

    def variance(self, quantity: str, service: int) -> float:
        """Of a single call."""
        if quantity == LATENCY:
            return 0.0 if self.variance_s2 is None else float(np.nan_to_num(self.variance_s2[service]))
        share = self.mean(quantity, service)
        return share * (1.0 - share)


def see_services(plan: Plan, trace: Trace, since_s: float, until_s: float) -> Seen:
    """What callers saw; it needs detail `attempts`, since calls without an end are in no other log."""
    log, requests, attempts = trace.calls, trace.requests, trace.attempts
    if log is None or requests is None or attempts is None:
        raise ValueError("the services' callers are known at detail `attempts` only")
    services = len(plan.services.name)
    here = (log.arrival_s >= since_s) & (log.arrival_s < until_s)
    service = plan.endpoints.service[log.endpoint[here]]
    good = log.outcome[here] <= GOOD
    latency = log.latency_s[here]
    arrival = requests.arrival_s[attempts.row]
    waits = ~np.isin(attempts.call, plan.programs.a[plan.programs.op == Op.SEND])
    endless = waits & (attempts.outcome == Outcome.UNFINISHED) & (arrival >= since_s) & (arrival < until_s)
    hanging = plan.endpoints.service[plan.calls.target[attempts.call[endless]]]

    def count(rows: Any, weights: Any = None) -> Floats:
        return np.asarray(np.bincount(rows, weights, minlength=services), np.float64)

    without_end = count(hanging)
    served = count(service[good])
    mean = ratio(count(service[good], latency[good]), served)
    return Seen(
        calls=count(service) + without_end,
        failed=count(service[~good]) + without_end,
        latency_s=mean,
        variance_s2=ratio(count(service[good], (latency[good] - mean[service[good]]) ** 2), served),
    )


def blast_rows(
    plan: Plan, targets: Sequence[str], calm: Sequence[Seen], faulty: Sequence[Seen], confidence: float
) -> pd.DataFrame:
    """One row a service other than the targets and a quantity (latency_mean_s, error_ratio).

    Means over replications in which both runs have a value; `rise` is paired, and `shown` as rule 15.13 says.
    Many services are looked at, so all rows are judged together. `shares_process`: whether a target is in the same
    process.
    """
    hit = {unit for name, unit in zip(plan.services.name, plan.services.unit.tolist(), strict=True) if name in targets}
    rows: list[tuple[Any, ...]] = []
    degrees: list[int] = []
    for row, name in enumerate(plan.services.name):
        if name in targets:
            continue
        together = int(plan.services.unit[row]) in hit
        for quantity in (LATENCY, ERRORS):
            pairs = [
                (a, b)
                for a, b in zip(calm, faulty, strict=True)
                if not math.isnan(a.mean(quantity, row) + b.mean(quantity, row))
            ]
            values = np.array([[one.mean(quantity, row) for one in pair] for pair in pairs]).reshape(-1, 2)
            before, after = (student_interval(values[:, at], confidence)[0] for at in (0, 1))
            rise, half_width = student_interval(values[:, 1] - values[:, 0], confidence)
            if not math.isnan(half_width):
                half_width = max(half_width, _by_chance(pairs, quantity, row, confidence))
            least = WORTH * before if quantity == LATENCY else 0.0
            rows.append((name, together, quantity, before, after, rise, half_width, rise > 0.0 and rise >= least))
            degrees.append(len(pairs) - 1)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    surely = shown_together(table["rise"].tolist(), table["half_width"].tolist(), degrees, confidence)
    return table.assign(shown=table["shown"].astype(bool) & np.array(surely, np.bool_))


def _by_chance(pairs: Sequence[tuple[Seen, Seen]], quantity: str, service: int, confidence: float) -> float:
    """Half width that chance alone makes, where fewer or more calls are made than without the fault.

    The mean of m of n values differs from that of all with the variance of one value times 1/m - 1/n. A few
    replications may agree by chance: where hardly any call fails, none of those that are left out does.
    """
    numbers = np.array([[one.number(quantity, service) for one in pair] for pair in pairs])
    each = [calm.variance(quantity, service) for calm, _ in pairs]
    variance = float(np.average(each, weights=numbers[:, 0]))
    changed = float(np.abs(1.0 / numbers[:, 1] - 1.0 / numbers[:, 0]).sum()) / len(pairs) ** 2
    return student_factor(len(pairs) - 1, confidence) * math.sqrt(variance * changed)
