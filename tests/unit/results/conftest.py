"""A small plan, and traces told request by request.

Two services: front (unit 0, one replica of two cores) and back (unit 1, one replica of one core); two endpoints,
`front.buy` and `back`; one call from front to back; workloads may be given. A run takes 200 s, so that a bin is 1 s.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pytest

from simulator.plan.callees import callees_of
from simulator.plan.layout import GOOD, Component, Op, Outcome
from simulator.plan.measures import MEASURES, Count, Level
from simulator.plan.plan import Plan, Prices, Settings
from simulator.plan.tables import Calls, Distributions, Endpoints, Programs, Services, Units, Workloads
from simulator.plan.trace import AttemptLog, CallLog, RequestLog, Trace, make_edges

NOTHING = np.array([], dtype=np.int64)
FRONT, BACK = 0, 1
INNER = 0  # the call front -> back


def integers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def empty(table: type, /, **given: Any) -> Any:
    """A table whose columns that nobody looks at are empty."""
    whole = dict.fromkeys([each.name for each in fields(table)], NOTHING)
    return table(**(whole | given))


def build_plan(
    *,
    workloads: tuple[tuple[str, tuple[int, ...]], ...] = (("shoppers", (FRONT,)),),
    warmup_s: float | None = 20.0,
    duration_s: float = 200.0,
    objectives: tuple[Any, ...] = (),
    prices: Prices | None = None,
    warnings: tuple[str, ...] = (),
    names: tuple[str, str] = ("front", "back"),
    endpoints: tuple[str, str] = ("front.buy", "back"),
    units: tuple[str, str] = ("front", "back"),
    topology: str = "shop",
    deployment: str = "microservices",
) -> Plan:
    """`workloads` are names with the endpoints that they enter at."""
    entered = [endpoint for _, entries in workloads for endpoint in entries]
    sizes = [len(entries) for _, entries in workloads]
    entry_calls = np.arange(len(entered), dtype=np.int64) + 1
    return Plan(
        topology=topology,
        deployment=deployment,
        settings=Settings(duration_s, warmup_s, 60.0, 1, 2, 0.95),
        programs=empty(Programs, op=integers(Op.CALL, Op.END, Op.END), a=integers(INNER, 0, 0)),
        distributions=empty(Distributions),
        services=empty(Services, name=names, kind=integers(0, 1), unit=integers(0, 1)),
        endpoints=empty(Endpoints, name=endpoints, service=integers(0, 1), start=integers(0, 2)),
        calls=empty(
            Calls,
            name=("front.buy -> back", *(f"entry {row}" for row in range(len(entered)))),
            caller=integers(0, *[-1] * len(entered)),
            target=integers(BACK, *entered),
        ),
        units=empty(
            Units,
            name=units,
            replicas=integers(1, 1),
            cores=integers(2, 1),
            cpu=floats(2.0, 0.5),
            memory=floats(2.0**30, 2.0**29),
            priced=integers(1, 1),
        ),
        workloads=empty(
            Workloads,
            name=tuple(name for name, _ in workloads),
            entries=np.array(sizes, dtype=np.int64),
            first_entry=np.cumsum([0, *sizes[:-1]]).astype(np.int64),
            entry_call=entry_calls,
        ),
        objectives=objectives,
        prices=prices,
        warnings=warnings,
    )


@dataclass
class Request:
    """One request, `latency_s` None if it never ends; it spends all its time in service at the front."""

    arrival_s: float
    latency_s: float | None = 0.1
    outcome: Outcome = Outcome.OK
    workload: int = 0
    entry: int = 0
    cause: tuple[Outcome, int] = (Outcome.OK, -1)
    attempts: int = 1
    inner: tuple[tuple[float, float, Outcome], ...] = ()  # calls of back: start, latency, outcome


@dataclass
class Story:
    """One replication: requests, and levels that grow evenly unless given by edge."""

    requests: list[Request] = field(default_factory=list)
    replication: int = 0
    seed: int = 1
    detail: str = "requests"
    busy: tuple[float, float] = (1.0, 0.25)  # cores of each service
    waiting: tuple[float, float] = (0.0, 0.5)
    replicas: tuple[float, float] = (1.0, 1.0)
    ready: tuple[float, float] = (1.0, 1.0)
    changes: dict[str, Any] = field(default_factory=dict)


def cumulate(edges: np.ndarray, times: list[float], width: int, columns: list[int]) -> np.ndarray:
    """How many of the times lie before each edge, by column."""
    result = np.zeros((edges.size, width), dtype=np.int64)
    for time, column in zip(times, columns, strict=True):
        result[edges > time, column] += 1
    return result


def build_trace(plan: Plan, story: Story) -> Trace:
    edges = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
    bins, workloads = edges.size - 1, len(plan.workloads.name)
    requests = sorted(story.requests, key=lambda one: one.arrival_s)
    measures = {name: np.zeros(one.shape(plan, bins), one.dtype) for name, one in MEASURES.items()}
    outcomes, tallies, visits = measures["outcomes"], measures["tallies"], measures["visits"]
    callees = callees_of(plan).row
    breakdown, counts = measures["breakdown"], measures["counts"]
    calls: list[tuple[float, ...]] = []
    served: list[tuple[float, ...]] = []
    for row, one in enumerate(requests):
        at = int(np.searchsorted(edges, one.arrival_s, side="right")) - 1
        outcomes[at, one.workload, one.outcome] += 1
        counts[edges > one.arrival_s, FRONT, Count.BEGUN] += 1
        for start, latency, outcome in one.inner:
            _tally(tallies[at, callees[one.entry, BACK]], latency, outcome)
            _visit(counts, edges, BACK, start, start + latency, outcome)
            calls.append((one.entry, BACK, one.arrival_s, start, start + latency, outcome))
        if one.latency_s is None:
            continue
        end = one.arrival_s + one.latency_s
        counts[edges > end, FRONT, Count.ENDED] += 1
        counts[edges > end, FRONT, Count.FAILED] += one.outcome > GOOD
        target = int(plan.calls.target[plan.workloads.entry_call[one.entry]])
        _tally(tallies[at, callees[one.entry, target]], end - one.arrival_s, one.outcome)
        visits[at, FRONT] += (1, 0.25 * one.latency_s, 0.75 * one.latency_s)
        calls.append((one.entry, target, one.arrival_s, one.arrival_s, end, one.outcome))
        if one.outcome <= GOOD:
            breakdown[at, FRONT, Component.SERVICE] += end - one.arrival_s
            served.append((end, end - one.arrival_s, at, one.workload, row))
    served.sort()
    calls.sort(key=lambda call: call[4])
    ended = [one for one in requests if one.latency_s is not None]
    ends = [one.arrival_s + one.latency_s for one in ended]
    good = [one.outcome <= GOOD for one in ended]
    logged = story.detail != "summary"
    measures["levels"] = edges[:, None, None] * np.array([story.busy, story.waiting]).T[None]
    measures["ready"] = edges[:, None] * np.array(story.ready)
    measures["arrived"] = cumulate(
        edges, [one.arrival_s for one in requests], workloads, [one.workload for one in requests]
    )
    measures["ended"] = np.stack(
        [
            cumulate(edges, ends, workloads, [one.workload for one in ended]),
            cumulate(
                edges,
                [end for end, fine in zip(ends, good, strict=True) if fine],
                workloads,
                [one.workload for one, fine in zip(ended, good, strict=True) if fine],
            ),
        ],
        axis=2,
    )
    trace = Trace(
        engine="reference",
        seed=story.seed,
        replication=story.replication,
        digest=plan.digest(),
        detail=story.detail,
        edges=edges,
        replicas=edges[:, None] * np.array(story.replicas),
        **measures,
        latency_s=floats(*(one[1] for one in served)),
        latency_arrival_s=floats(*(requests[one[4]].arrival_s for one in served)),
        latency_bin=np.array([one[2] for one in served], dtype=np.int32),
        latency_workload=np.array([one[3] for one in served], dtype=np.int32),
        requests=_request_log(requests) if logged else None,
        calls=_call_log(calls) if logged else None,
        attempts=_attempt_log(requests) if story.detail == "attempts" else None,
        events=10,
    )
    assert Level.BUSY == 0
    return replace(trace, **story.changes)


def _visit(counts: np.ndarray, edges: np.ndarray, service: int, start: float, end: float, outcome: int) -> None:
    counts[edges > start, service, Count.BEGUN] += 1
    counts[edges > end, service, Count.ENDED] += 1
    counts[edges > end, service, Count.FAILED] += outcome > GOOD


def _tally(cell: np.ndarray, latency: float, outcome: int) -> None:
    cell += (1, outcome > GOOD, latency if outcome <= GOOD else 0.0)


def _request_log(requests: list[Request]) -> RequestLog:
    return RequestLog(
        request=np.arange(len(requests), dtype=np.int64),
        workload=integers(*(one.workload for one in requests)),
        entry=integers(*(one.entry for one in requests)),
        arrival_s=floats(*(one.arrival_s for one in requests)),
        end_s=floats(*(np.nan if r.latency_s is None else r.arrival_s + r.latency_s for r in requests)),
        outcome=integers(*(one.outcome for one in requests)),
        cause_outcome=integers(*(one.cause[0] for one in requests)),
        cause_service=integers(*(one.cause[1] for one in requests)),
        attempts=integers(*(one.attempts for one in requests)),
    )


def _call_log(calls: list[tuple[float, ...]]) -> CallLog:
    columns = list(zip(*calls, strict=True)) or [()] * 6
    return CallLog(
        integers(*columns[0]),  # type: ignore[arg-type]
        integers(*columns[1]),  # type: ignore[arg-type]
        floats(*columns[2]),
        floats(*columns[3]),
        floats(*columns[4]),
        integers(*columns[5]),  # type: ignore[arg-type]
    )


def _attempt_log(requests: list[Request]) -> AttemptLog:
    rows = []
    for row, one in enumerate(requests):
        end = np.nan if one.latency_s is None else one.arrival_s + one.latency_s
        rows.append((row, 0, -1, 1 + one.entry, 0, 0, one.arrival_s, end, one.outcome))
        rows += [
            (row, span + 1, 0, INNER, 0, span, start, start + latency, outcome)
            for span, (start, latency, outcome) in enumerate(one.inner)
        ]
    columns = list(zip(*sorted(rows, key=lambda one: one[6]), strict=True)) or [()] * 9
    whole = [integers(*columns[at]) for at in range(6)]
    return AttemptLog(*whole, floats(*columns[6]), floats(*columns[7]), integers(*columns[8]))


class Builders:
    """What the tests build with."""

    Request = Request
    Story = Story
    plan = staticmethod(build_plan)
    trace = staticmethod(build_trace)

    @staticmethod
    def traces(plan: Plan, *stories: list[Request], detail: str = "requests", **changes: Any) -> list[Trace]:
        """One replication a list of requests."""
        return [
            build_trace(plan, Story(requests, replication=number, detail=detail, **changes))
            for number, requests in enumerate(stories)
        ]


@pytest.fixture(scope="session")
def build() -> type[Builders]:
    return Builders
