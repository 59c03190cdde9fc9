"""Rows of the logs, in the order of the columns of `plan.trace`."""

from __future__ import annotations

from ...machine_code.records import Nanoseconds, Record, field
from ...plan.layout import Outcome

NO_END = -1
"""The end of what has none yet."""
PAGE_ROWS = 4096


class LatencyRow(Record):
    """A request that was answered well."""

    latency: Nanoseconds
    arrival: Nanoseconds
    bin: int
    workload: int


class RequestRow(Record):
    """A request."""

    number: int
    workload: int
    entry: int
    arrival: Nanoseconds
    end: Nanoseconds
    outcome: int = field(codes=Outcome)
    cause: int = field(codes=Outcome)
    cause_service: int
    attempts: int


class CallRow(Record):
    """A call that has ended."""

    entry: int
    endpoint: int
    arrival: Nanoseconds
    start: Nanoseconds
    end: Nanoseconds
    outcome: int = field(codes=Outcome)


class AttemptRow(Record):
    """A try at a call."""

    row: int  # of the request
    span: int
    parent: int
    call: int
    replica: int
    number: int
    start: Nanoseconds
    end: Nanoseconds
    outcome: int = field(codes=Outcome)
