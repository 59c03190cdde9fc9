"""Replays of whose rows few are used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...plan.layout import Shape
from ...units import format_duration
from .subject import Subject

_EPOCH_S = 1e8
"""Seconds above which a time is one since 1970, in seconds, milliseconds, microseconds or nanoseconds."""
_SCALES = ((1e17, "nanoseconds since 1970"), (1e14, "microseconds since 1970"), (1e11, "milliseconds since 1970"),
           (_EPOCH_S, "seconds since 1970"))  # fmt: skip


def late_replays(subject: Subject) -> Iterator[str]:
    """Rows at the horizon or after it, which never arrive, and what their times look like."""
    plan = subject.plan
    workloads, horizon = plan.workloads, plan.settings.duration_s
    for row in np.flatnonzero(workloads.shape == Shape.REPLAY).tolist():
        times = workloads.time_s[workloads.first_time[row] :][: workloads.times[row]]
        late = int((times >= horizon).sum())
        if late == 0:
            continue
        name = workloads.name[row]
        yield (
            f"{name}: {late:,} of the {times.size:,} rows of its replay lie at the horizon ({format_duration(horizon)})"
            f" or after it and never arrive: arrival_s counts seconds from the start of the run{_looks(times, horizon)}"
        )


def _looks(times: np.ndarray, horizon: float) -> str:
    """What the times seem to be instead, to be appended."""
    for least, words in _SCALES:
        if times[0] >= least:
            return f"; these look like {words}: subtract the first one, and write seconds"
    if times.size > 1 and times[-1] >= 10.0 * horizon and (times == np.floor(times)).all():
        return "; these look like milliseconds: divide them by 1000"
    return ""
