"""Rows of the logs, in the order of the columns of `plan.trace`."""

from __future__ import annotations

from typing import Any

from ...machine_code.records import Nanoseconds, Record
from ...plan.trace import AttemptLog, CallLog, RequestLog, SendLog, SettleLog, times_in

NO_END = -1
"""The end of what has none yet."""
PAGE_ROWS = 4096


class LatencyRow(Record):
    """A request that was answered well."""

    latency: Nanoseconds
    arrival: Nanoseconds
    bin: int
    workload: int


def _row(log: type, name: str) -> Any:
    """A record with the columns of a log of `plan.trace`, times in nanoseconds."""
    kinds = {column.removesuffix("_s"): Nanoseconds if is_time else int for column, is_time in times_in(log).items()}
    return type(name, (Record,), {"__annotations__": kinds, "__module__": __name__})


RequestRow = _row(RequestLog, "RequestRow")
CallRow = _row(CallLog, "CallRow")
AttemptRow = _row(AttemptLog, "AttemptRow")
SendRow = _row(SendLog, "SendRow")
SettleRow = _row(SettleLog, "SettleRow")
