"""The traces of a run, and the sums over the span that its statistics are of (rule 11.1).

One replication is an `Observed` too: a statistic is written once, and holds for one as for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ResultError
from ..plan.columns import Floats, Integers
from ..plan.layout import GOOD, Outcome
from ..plan.measures import MEASURES, Measures
from ..plan.plan import Plan
from ..plan.trace import CallLog, RequestLog, Trace, to_the_nanosecond
from . import warmup
from .groups import blocks, gather, order_by_group, start_groups
from .sections import SECTIONS, Sections, sections_of
from .settling import completions, unsettled_by_bin


class Sums(Measures[Integers, Floats]):
    """Each measure over a span of some replications: added up when it is asked for, once."""

    traces: Sequence[Trace]
    first: int

    def __init__(self, traces: Sequence[Trace], first: int) -> None:
        """The span begins at the edge `first`."""
        vars(self).update(traces=traces, first=first)

    def __getattr__(self, name: str) -> NDArray[Any]:
        if name not in MEASURES:
            raise AttributeError(name)
        measure = MEASURES[name]
        added = np.asarray(sum(measure.over(getattr(trace, name), self.first) for trace in self.traces))
        value = vars(self)[name] = added if measure.shares else exact(added)
        return value


@dataclass(frozen=True, eq=False)
class Observed:
    """Replications of one plan, and the edge from which on they count."""

    plan: Plan
    traces: tuple[Trace, ...]
    first: int
    settled: bool

    @property
    def edges(self) -> Floats:
        """The cuts of time, in seconds."""
        return self.traces[0].edges

    @property
    def warmup_s(self) -> float:
        """The start of the span."""
        return float(self.edges[self.first])

    @property
    def time_s(self) -> float:
        """Simulated seconds within the span, of all replications."""
        return float(to_the_nanosecond(self.edges[-1] - self.edges[self.first])) * len(self.traces)

    @property
    def detail(self) -> str:
        """How much of the run was recorded."""
        return self.traces[0].detail

    @cached_property
    def each(self) -> tuple[Observed, ...]:
        """The replications, one by one."""
        return tuple(Observed(self.plan, (trace,), self.first, self.settled) for trace in self.traces)

    @cached_property
    def sums(self) -> Sums:
        """Each measure over the span."""
        return Sums(self.traces, self.first)

    def in_sections(self, column: str) -> NDArray[Any]:
        """Sums of what a trace has by bin: one row a replication, then one a section of its span."""
        arrays = [getattr(trace, column)[self.first :] for trace in self.traces]
        return exact(np.array([[part.sum(axis=0) for part in np.array_split(array, SECTIONS)] for array in arrays]))

    @cached_property
    def sections(self) -> Sections:
        """The latencies, by replication and section."""
        return sections_of([one.latencies for one in self.each])

    @cached_property
    def replica_seconds(self) -> Floats:
        """Units: integrals over the span."""
        return exact(np.asarray(sum(trace.replicas[-1] - trace.replicas[self.first] for trace in self.traces)))

    @cached_property
    def latencies(self) -> Floats:
        """Of ok and degraded requests that arrive in the span (rule 11.3)."""
        return np.concatenate([trace.latency_s[trace.latency_bin >= self.first] for trace in self.traces])

    @cached_property
    def completions(self) -> Floats:
        """How long each of them took to settle, NaN of those that did not; `latencies` itself if all did at once."""
        if not any(trace.settling.served.size for trace in self.traces):
            return self.latencies
        return np.concatenate([completions(trace)[trace.latency_bin >= self.first] for trace in self.traces])

    @cached_property
    def settled_sections(self) -> Sections:
        """The completions of those that settled, by replication and section."""
        if self.completions is self.latencies:
            return self.sections
        return sections_of([one.completions[~np.isnan(one.completions)] for one in self.each])

    @property
    def unsettled(self) -> Floats:
        """How many were not settled when the run ended, the unfinished among them: replications, sections."""
        pending = [unsettled_by_bin(trace)[self.first :].sum(axis=1) for trace in self.traces]
        parts = np.array([[part.sum() for part in np.array_split(one, SECTIONS)] for one in pending])
        return np.asarray(parts + self.in_sections("outcomes")[..., Outcome.UNFINISHED].sum(axis=2), np.float64)

    def served_unsettled(self, workloads: Integers) -> Integers:
        """How many requests of some workloads were served, and had not settled by the end: replications, sections."""
        found = []
        for trace in self.traces:
            log = trace.settling
            mine = np.isnan(log.completion_s) & (log.served >= 0) & np.isin(log.workload, workloads)
            counts = np.bincount(log.bin[mine], minlength=self.edges.size - 1)[self.first :]
            found.append([part.sum() for part in np.array_split(counts, SECTIONS)])
        return np.array(found)

    @cached_property
    def latency_workload(self) -> NDArray[np.int32]:
        """The workload of each of `latencies`."""
        return np.concatenate([trace.latency_workload[trace.latency_bin >= self.first] for trace in self.traces])

    @property
    def requests(self) -> int:
        """How many arrive in the span."""
        return int(self.sums.outcomes.sum())

    @property
    def served(self) -> int:
        """How many of them end ok or degraded."""
        return int(self.sums.outcomes[:, : GOOD + 1].sum())

    @property
    def unfinished(self) -> int:
        """How many of them have no end."""
        return int(self.sums.outcomes[:, Outcome.UNFINISHED].sum())

    @property
    def request_logs(self) -> tuple[RequestLog, ...]:
        """The requests by replication; empty with detail `summary`."""
        return tuple(trace.requests for trace in self.traces if trace.requests is not None)

    @property
    def call_logs(self) -> tuple[CallLog, ...]:
        """The calls by replication; empty with detail `summary`."""
        return tuple(trace.calls for trace in self.traces if trace.calls is not None)

    def _served_calls(self) -> Iterator[tuple[Integers, Floats]]:
        for log in blocks(self.call_logs):
            kept = (log.arrival_s >= self.warmup_s) & (log.outcome <= GOOD)
            yield log.endpoint[kept], log.latency_s[kept]

    @cached_property
    def _calls_by_endpoint(self) -> list[Floats]:
        endpoint, latencies = gather(self._served_calls())
        starts = start_groups(endpoint, len(self.plan.endpoints.name))
        return np.split(order_by_group(endpoint, latencies, starts), starts[1:])

    def calls_of(self, endpoint: int) -> Floats:
        """Latencies of the calls of an endpoint that were served, by requests that arrive in the span."""
        if len(self.traces) > 1:
            return np.concatenate([one.calls_of(endpoint) for one in self.each])
        return self._calls_by_endpoint[endpoint]

    def sends_of(self, endpoint: int) -> Floats:
        """Latencies of the sends to an endpoint that ended well, of requests that arrive in the span."""
        found = [np.zeros(0)]
        for log in (trace.sent for trace in self.traces if trace.sent is not None):
            kept = (log.arrival_s >= self.warmup_s) & (log.outcome <= GOOD)
            kept &= self.plan.calls.target[log.call] == endpoint
            found.append(log.latency_s[kept])
        return np.concatenate(found)


def exact(sums: NDArray[Any]) -> NDArray[Any]:
    """Sums of times without what adding up seconds made of them; counts as they are."""
    return to_the_nanosecond(sums) if sums.dtype == np.float64 else sums


def check_traces(plan: Plan, traces: Sequence[Trace]) -> None:
    """Refuse traces that are not replications of one run of this plan."""
    if not traces:
        raise ResultError("no replication has finished: there is nothing to summarise")
    if {trace.digest for trace in traces} != {plan.digest()}:
        raise ResultError("these traces are of another plan: summarise a trace with the plan it was run from")
    if len({(trace.seed, trace.detail) for trace in traces}) > 1:
        raise ResultError("these traces differ in seed or detail: they are not replications of one run")
    if len({trace.replication for trace in traces}) < len(traces):
        raise ResultError("a replication is there twice: it would be counted twice")


def observe(plan: Plan, traces: Sequence[Trace], cut: tuple[int, bool] | None = None) -> Observed:
    """Order the replications and find the span of their statistics; `cut` is one found before, for `warmup: auto`.

    Raises
    ------
    ResultError
        If these are not replications of one run of this plan, or if the warmup leaves nothing of it.
    """
    check_traces(plan, traces)
    ordered = tuple(sorted(traces, key=lambda trace: trace.replication))
    warmup_s, duration_s = plan.settings.warmup_s, plan.settings.duration_s
    if warmup_s is None:
        return Observed(plan, ordered, *(cut or warmup.find_first(ordered)))
    if not 0.0 <= warmup_s < duration_s:
        raise ResultError(f"a warmup of {warmup_s:g} s leaves nothing of a run of {duration_s:g} s")
    return Observed(plan, ordered, int(np.searchsorted(ordered[0].edges, warmup_s)), settled=True)
