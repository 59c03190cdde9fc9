"""Every column of every table of a run, once: its unit, its rule, what it means, and its value where measures give it.

`docs/results.md` is made of this by `docs/make_results.py`, and a test holds it beside the tables of a run. Tables of
several runs are in `experiments/columns.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..plan.columns import Floats, Integers
from ..plan.measures import Count, Level, Measures, Visits, Waste

COUNT, NAME, TEXT, FLAG, CORES = "number", "name", "text", "true or false", "cores"
"""Units that a name does not say."""
ENDINGS: Final = {
    "_per_s": "per s",
    "_s": "s",
    "_ratio": "share of 1",
    "_per_hour": "money per hour",
    "_bytes": "bytes",
}
"""Units by how a name ends."""

Numbers = Callable[[Measures[Integers, Floats]], NDArray[Any]]
"""From the sums over the span to a number for each service."""


class Whole(Enum):
    """What a value is divided by that is no measure of services."""

    ONE = auto()
    SECONDS = auto()  # of the span
    CORES = auto()  # core-seconds of the unit
    REQUESTS = auto()  # of the span


class Value(NamedTuple):
    """What a column has of a service; of a unit, both parts are added up over its services."""

    of: Numbers
    by: Numbers | Whole = Whole.ONE
    most: float = np.inf


class Column(NamedTuple):
    """A column. `<quantity>` is each one of `summary`, and with an end each one of its table; other words are names."""

    name: str
    rule: str
    """Of `docs/semantics.md`; a name or a text may do without."""
    meaning: str
    other_unit: str = ""
    value: Value | None = None

    @property
    def unit(self) -> str:
        """What a number of it counts in."""
        return self.other_unit or next(unit for end, unit in ENDINGS.items() if self.name.endswith(end))


class Table(NamedTuple):
    """A table, as a user gets it; what names its rows is among the columns."""

    name: str
    row: str
    columns: tuple[Column, ...]


def interval(rule: str, of: str = "", unit: str = "as the value") -> tuple[Column, ...]:
    """How sure a number is: `of` which one, where a table has several."""
    return (
        Column(f"{of}half_width", rule, "half the width of the interval", unit),
        Column(f"{of}low", rule, "its lower end", unit),
        Column(f"{of}high", rule, "its upper end", unit),
    )


SERVICE, QUANTITY = Column("service", "", "its name", NAME), Column("quantity", "", "a row of `summary`", NAME)
WORKLOAD, REPLICATION = Column("workload", "", "its name", NAME), Column("replication", "11.7", "from 0 on", COUNT)
INTERVAL = (Column("mean", "11.7", "what all replications say together", "of the quantity"), *interval("11.7"))
LATENCIES = (
    Column("latency_mean_s", "11.3", "mean latency of those that were served"),
    *(
        Column(f"latency_p{digits}_s", "11.3", f"what {share} % of these latencies stay below")
        for digits, share in (("50", "50"), ("90", "90"), ("95", "95"), ("99", "99"), ("999", "99.9"))
    ),
)
QUANTITIES = (
    Column("requests", "11.20", "requests that arrive in the span", COUNT),
    Column("throughput_per_s", "11.20", "requests that end in it, in any way"),
    Column("goodput_per_s", "11.20", "requests that end in it, `ok` or `degraded`"),
    Column("availability_ratio", "11.20", "share of the requests that end `ok` or `degraded`"),
    *LATENCIES,
    Column("completion_mean_s", "11.24", "mean time to settle of those that were served, and settled"),
    *(
        Column(f"completion_p{share}_s", "11.24", f"what {share} % of these times stay below")
        for share in (50, 90, 95, 99)
    ),
    Column("unsettled_ratio", "11.24", "share of the requests that had not settled when the run ended"),
    Column("degraded", "11.20", "requests that a fallback served", COUNT),
    Column("errors", "11.20", "requests that ended and were not served", COUNT),
    Column("unfinished", "11.20", "requests without an end", COUNT),
    Column("cost_per_hour", "11.9", "what the replicas cost, busy or not"),
    Column("cost_per_million_successful", "11.20", "what a million served requests cost", "money"),
)
EACH = Column("<quantity>", "11.20", "each one of `summary`", "its own")
REPLICAS = (
    Column("replicas", "14.18", "replicas of the unit, those that are down among them", COUNT),
    Column("ready_replicas", "14.18", "those that are ready", COUNT),
)
VISITS = (
    Column(
        "utilisation_ratio",
        "11.2",
        "busy cores by the cores of the unit",
        value=Value(lambda sums: sums.levels[:, Level.BUSY], Whole.CORES),
    ),
    Column(
        "waiting_time_s",
        "11.4",
        "waiting for a slot and for cores, of a visit",
        value=Value(lambda sums: sums.visits[:, Visits.WAITING], lambda sums: sums.visits[:, Visits.NUMBER]),
    ),
    Column(
        "service_time_s",
        "11.4",
        "own cpu and sleep, of a visit",
        value=Value(lambda sums: sums.visits[:, Visits.SERVICE], lambda sums: sums.visits[:, Visits.NUMBER]),
    ),
    Column("response_time_s", "11.4", "the sum of the two, callees left out"),
    Column(
        "queue_length",
        "11.2",
        "visits that wait for a slot or a core",
        COUNT,
        Value(lambda sums: sums.levels[:, Level.WAITING], Whole.SECONDS),
    ),
    Column(
        "arrival_rate_per_s",
        "11.1",
        "visits that arrive, the rejected ones too",
        value=Value(lambda sums: sums.counts[:, Count.BEGUN], Whole.SECONDS),
    ),
    Column(
        "throughput_per_s",
        "11.1",
        "visits that end, in any way",
        value=Value(lambda sums: sums.counts[:, Count.ENDED], Whole.SECONDS),
    ),
    Column("errors", "11.16", "failed visits", COUNT, Value(lambda sums: sums.counts[:, Count.FAILED])),
)
WASTED = (
    Column(
        "wasted_ratio",
        "12.16",
        "share of the busy core time for which nobody waited any more",
        value=Value(lambda sums: sums.wasted[:, Waste.CPU], lambda sums: sums.levels[:, Level.BUSY], most=1.0),
    ),
    Column(
        "wasted_time_s",
        "12.16",
        "cpu and sleep for which nobody waited any more, of a visit",
        value=Value(lambda sums: sums.wasted.sum(axis=1), lambda sums: sums.counts[:, Count.ENDED]),
    ),
)

SERVICES: Final = Table(
    "services",
    "a service",
    (
        SERVICE,
        Column("unit", "10.1", "the unit that hosts it", NAME),
        Column("kind", "10.2", "`service`, `database`, `cache` or `external`", NAME),
        *REPLICAS,
        *VISITS,
        Column("calls", "11.16", "calls of it that somebody waited for and that ended", COUNT),
        Column("failed_calls", "11.16", "those that were not served", COUNT),
        Column("sends", "11.17", "messages of `send` to it", COUNT),
        Column("failed_sends", "11.17", "those that failed or were lost", COUNT),
        Column("unawaited_per_s", "11.17", "attempts at it for which nobody waits, by the seconds of the span"),
        Column("unawaited_failed", "11.17", "those that failed, were lost, or have not ended", COUNT),
        Column(
            "attempts_per_request",
            "11.11",
            "attempts at it for each request of the run",
            COUNT,
            Value(lambda sums: sums.tries, Whole.REQUESTS),
        ),
        *WASTED,
        Column("breaker_open_ratio", "11.12", "share of the time in which breakers towards it let nobody pass"),
    ),
)
UNITS: Final = Table(
    "units",
    "a unit: the sums over its services",
    (
        Column("unit", "10.1", "its name", NAME),
        *REPLICAS,
        Column("cores", "8.1", "cores of one replica", CORES),
        *VISITS,
        *WASTED,
        Column("cost_per_hour", "11.9", "what its replicas cost, busy or not"),
    ),
)
TABLES: Final = (
    Table(
        "summary",
        "a quantity, of all replications together: a Series",
        (*QUANTITIES, Column("replications", "11.7", "how many there were", COUNT)),
    ),
    Table("intervals", "a quantity, and how sure it is", (QUANTITY, *INTERVAL)),
    Table("replications", "a replication: the quantities of each", (REPLICATION, EACH)),
    SERVICES,
    UNITS,
    *(
        Table(
            f"{name}s_intervals",
            f"a {name} and a number of its row in `{name}s`",
            (column, number, *INTERVAL),
        )
        for name, column in (("service", SERVICE), ("unit", Column("unit", "", "its name", NAME)))
        for number in (Column("quantity", "", f"a column of `{name}s`", NAME),)
    ),
    Table(
        "endpoints",
        "a workload, entry and endpoint",
        (
            WORKLOAD,
            Column("entry", "11.21", "the endpoint at which its requests enter", NAME),
            Column("endpoint", "11.21", "the endpoint that is called for them", NAME),
            Column("calls", "11.21", "calls that somebody waited for and that ended", COUNT),
            Column("calls_per_s", "11.21", "the same, by the seconds of the span"),
            Column("latency_mean_s", "11.21", "mean latency of the calls that were served"),
            *(
                Column(f"latency_p{share}_s", "11.21", f"what {share} % of these latencies stay below")
                for share in (50, 90, 95, 99)
            ),
            Column("errors", "11.21", "calls that were not served", COUNT),
            Column("error_ratio", "11.21", "their share"),
        ),
    ),
    Table(
        "breakdown",
        "a service: its part of the mean latency",
        (
            SERVICE,
            Column("network_s", "11.5", "messages to it and back"),
            Column("waiting_s", "11.5", "for its slots, its cores, its permits and places"),
            Column("service_s", "11.5", "its cpu and sleep"),
            Column("timeout_s", "11.5", "lost in timeouts and backoff of calls of it"),
        ),
    ),
    Table(
        "outcomes",
        "a workload: how its requests ended",
        (
            WORKLOAD,
            *(
                Column(word, rule, meaning, COUNT)
                for word, rule, meaning in (
                    ("ok", "2.1", "served"),
                    ("degraded", "12.15", "served, by a fallback somewhere on the way"),
                    ("error", "2.2", "a handler failed, or a link"),
                    ("timeout", "5.6", "the user gave up"),
                    ("rejected", "5.8", "no place in a queue, a bulkhead or a rate limit"),
                    ("circuit_open", "12.10", "a breaker let nobody pass"),
                    ("unreachable", "5.2", "no replica was ready"),
                    ("unfinished", "2.4", "no end when the run ended"),
                )
            ),
        ),
    ),
    Table(
        "objectives",
        "a promise of an slo",
        (
            Column("slo", "11.10", "its name", NAME),
            Column("endpoint", "11.10", "whose calls it is of", NAME),
            Column("quantity", "11.10", "`p99`, `mean`, `errorRate` ...", NAME),
            Column("limit", "11.10", "what the value may be at most", "s or share of 1"),
            Column("value", "11.14", "what was seen", "as the limit"),
            Column("low", "11.14", "lower end of its interval", "as the limit"),
            Column("high", "11.14", "upper end of its interval", "as the limit"),
            Column("met", "11.14", "whether it is kept", FLAG),
            Column("straddles", "11.14", "whether the limit lies in the interval", FLAG),
            Column("served_ratio", "11.15", "share of the requests that the value is of"),
            Column("reason", "11.15", "why it is missed, or what makes it unsure", TEXT),
            Column("until", "11.24", "`answered`, or `settled`: what the requests are judged by", NAME),
        ),
    ),
    Table(
        "timeline",
        "a bin of time and a service",
        (
            Column("time_s", "11.22", "when the bin begins"),
            SERVICE,
            Column("arrival_rate_per_s", "11.22", "visits that arrive, the rejected ones too"),
            Column("throughput_per_s", "11.22", "visits that end, in any way"),
            Column("errors_per_s", "11.22", "failed visits"),
            Column("queue_length", "11.22", "visits that wait for a slot or a core", COUNT),
            Column("utilisation_ratio", "11.22", "busy cores by the cores of the unit"),
            *REPLICAS,
            Column("latency_p50_s", "11.22", "median latency of calls that end in the bin"),
            Column("latency_p99_s", "11.22", "what 99 % of these latencies stay below"),
        ),
    ),
    Table(
        "latencies",
        "a served request of the span, in the order of ends",
        (REPLICATION, WORKLOAD, Column("latency_s", "11.3", "from its arrival to its end")),
    ),
    Table(
        "requests",
        "a request that arrives in [0, horizon); not with detail `summary`",
        (
            REPLICATION,
            Column("request", "6.3", "its number in its workload", COUNT),
            WORKLOAD,
            Column("endpoint", "7.1", "where it enters", NAME),
            Column("arrival_s", "1.1", "when it arrives"),
            Column("latency_s", "11.3", "from its arrival to its end in any outcome"),
            Column("outcome", "2.1", "how it ended", NAME),
            Column("cause", "2.3", "`outcome@service` of the innermost failure, or what a `fail` says (4.9)", NAME),
            Column("attempts", "11.6", "tries at calls that were made for it", COUNT),
            Column("completion_s", "11.24", "from its arrival until it has settled; NaN if it has not"),
        ),
    ),
    Table(
        "attempts",
        "a try at a call; with detail `attempts` alone",
        (
            REPLICATION,
            Column("request", "6.3", "the number of its request", COUNT),
            Column("span", "12.4", "its number in its request; the edge is 0", COUNT),
            Column("parent", "12.4", "the span of its caller; -1 at the edge", COUNT),
            Column("caller", "11.6", "a service, or the workload", NAME),
            Column("target", "11.6", "the service that is called", NAME),
            Column("endpoint", "11.6", "its endpoint", NAME),
            Column("replica", "9.1", "of the target's unit; -1: none was ready", COUNT),
            Column("attempt", "12.4", "0: the first try of its call", COUNT),
            Column("start_s", "12.5", "when it begins"),
            Column("end_s", "12.5", "when it has ended for its caller"),
            Column("outcome", "2.1", "how it ended", NAME),
            Column("workload", "7.1", "of its request; only where there are several", NAME),
        ),
    ),
)
