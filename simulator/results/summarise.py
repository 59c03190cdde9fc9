"""Traces in, Results out."""

from __future__ import annotations

from collections.abc import Sequence

from ..plan.plan import Plan
from ..plan.trace import Trace
from .caveats import find_caveats
from .endpoints import endpoint_table
from .intervals import quantity_intervals
from .logs import attempt_table, latency_table, request_table
from .objectives import objective_table
from .observed import observe
from .provenance import make_provenance
from .quantities import replication_table, summary_series
from .results import Results
from .statistics import check_confidence
from .tables import breakdown_table, outcome_table, service_intervals, service_table, unit_intervals, unit_table
from .timeline import timeline_table


def summarise(
    plan: Plan,
    traces: Sequence[Trace],
    *,
    confidence: float | None = None,
    engine_reason: str = "",
    requested: int | None = None,
    created: str | None = None,
    cut: tuple[int, bool] | None = None,
) -> Results:
    """The tables of a run from what happened in its replications.

    Parameters
    ----------
    plan
        What was run.
    traces
        Its replications, in any order.
    confidence
        Of the intervals, between 0 and 1; that of the plan if not given.
    engine_reason
        Why this engine ran.
    requested
        How many replications were asked for; fewer traces are an interrupted run.
    created
        When the run was made, as an ISO time; now if not given.
    cut
        With `warmup: auto`, what `warmup.find_first` says of all traces that this result is to be compared with.

    Raises
    ------
    ResultError
        If there are no traces, or if they are not replications of one run of this plan.
    """
    level = check_confidence(plan.settings.confidence if confidence is None else confidence)
    observed = observe(plan, traces, cut)
    replications, summary = replication_table(observed), summary_series(observed)
    tables = {
        "summary": summary.to_frame(name="value"),
        "intervals": quantity_intervals(observed, summary, replications, level),
        "replications": replications,
        "services": service_table(observed),
        "services_intervals": service_intervals(observed, level),
        "units": unit_table(observed),
        "units_intervals": unit_intervals(observed, level),
        "endpoints": endpoint_table(observed),
        "breakdown": breakdown_table(observed),
        "outcomes": outcome_table(observed),
        "objectives": objective_table(observed, level),
        "timeline": timeline_table(observed),
        "latencies": latency_table(observed),
    }
    logs = {"requests": request_table(observed), "attempts": attempt_table(observed)}
    tables |= {name: table for name, table in logs.items() if table is not None}
    warnings = find_caveats(observed, tables, requested, level)
    return Results(tables, warnings, make_provenance(observed, level, engine_reason, requested, created))
