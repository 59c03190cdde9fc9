"""When all is done that a request has set off, not only answered (rule 11.24)."""

from __future__ import annotations

import numpy as np

from ..plan.columns import Floats, Integers
from ..plan.trace import RequestLog, SettleLog, Trace


def completions(trace: Trace) -> Floats:
    """Beside each of `latency_s` how long it took to settle; NaN: longer than the run."""
    log = trace.settling
    served = log.served >= 0
    if not served.any():
        return trace.latency_s
    found = trace.latency_s.copy()
    found[log.served[served]] = log.completion_s[served]
    return found


def completions_of(requests: RequestLog, settling: SettleLog) -> Floats:
    """Of each row of the requests how long it took to settle, whatever its outcome; NaN: longer than the run."""
    found = requests.latency_s
    found[settling.row] = settling.completion_s
    return found


def unsettled_by_bin(trace: Trace) -> Integers:
    """Requests that ended, but were not settled when the run did: bins, workloads."""
    log, (bins, workloads, _) = trace.settling, trace.outcomes.shape
    never = np.isnan(log.completion_s)
    counts = np.bincount(log.bin[never] * workloads + log.workload[never], minlength=bins * workloads)
    return counts.reshape(bins, workloads)
