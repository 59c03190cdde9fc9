"""Which other services suffer: latency and errors as their callers see them (rules 15.13 and 15.14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from ...plan.columns import Floats
from ...plan.layout import GOOD, Op, Outcome
from ...plan.plan import Plan
from ...plan.trace import Trace
from ...results.statistics import ratio, student_interval

WORTH: Final = 0.01
"""A latency has risen if it did by this share at least."""
COLUMNS = ("service", "shares_process", "quantity", "before", "after", "rise", "half_width", "shown")


@dataclass(frozen=True, eq=False)
class Seen:
    """Calls by service, for requests that arrive in a span: of one replication."""

    calls: Floats
    failed: Floats  # those without an end among them
    latency_s: Floats  # mean of those that ended ok or degraded, NaN of none

    @property
    def error_ratio(self) -> Floats:
        """Failed calls by calls, NaN of none."""
        return ratio(self.failed, self.calls)


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
    return Seen(
        calls=count(service) + without_end,
        failed=count(service[~good]) + without_end,
        latency_s=ratio(count(service[good], latency[good]), served),
    )


def blast_rows(
    plan: Plan, targets: Sequence[str], calm: Sequence[Seen], faulty: Sequence[Seen], confidence: float
) -> pd.DataFrame:
    """One row a service other than the targets and a quantity (latency_mean_s, error_ratio).

    Means over replications in which both runs have a value; `rise` is paired, and `shown` as rule 15.13 says.
    `shares_process`: whether a target is in the same process.
    """
    hit = {unit for name, unit in zip(plan.services.name, plan.services.unit.tolist(), strict=True) if name in targets}
    rows = []
    for row, name in enumerate(plan.services.name):
        if name in targets:
            continue
        together = int(plan.services.unit[row]) in hit
        for quantity, attribute in (("latency_mean_s", "latency_s"), ("error_ratio", "error_ratio")):
            pair = np.array(
                [[getattr(one, attribute)[row] for one in (a, b)] for a, b in zip(calm, faulty, strict=True)]
            )
            pair = pair[~np.isnan(pair).any(axis=1)]
            before, after = (student_interval(pair[:, at], confidence)[0] for at in (0, 1))
            rise, half_width = student_interval(pair[:, 1] - pair[:, 0], confidence)
            least = WORTH * before if quantity == "latency_mean_s" else 0.0
            shown = bool(rise - half_width > 0.0 and rise >= least)
            rows.append((name, together, quantity, before, after, rise, half_width, shown))
    return pd.DataFrame(rows, columns=list(COLUMNS))
