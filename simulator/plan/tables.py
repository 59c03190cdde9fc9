"""The tables of a Plan: columns of small integers, numbers and seconds, each declared once (`columns.py`).

Row numbers are the references: `Calls.target` is a row of `Endpoints`, `Services.unit` a row of `Units`. What callers
do about their calls is in `policies.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from .columns import (
    Bytes,
    Code,
    Count,
    Flag,
    Floats,
    Integers,
    Limit,
    Names,
    Rate,
    Ref,
    Seconds,
    Share,
    Stream,
    Table,
)
from .layout import Balancer, Discipline, Dist, FaultKind, Kind, Op, Scheduling, Shape

Law = Annotated[Integers, Ref("distributions")]
OfService = Annotated[Integers, Ref("services")]
OfUnit = Annotated[Integers, Ref("units")]
OfCall = Annotated[Integers, Ref("calls")]


@dataclass(frozen=True, eq=False)
class Programs(Table):
    """What requests do: instructions, one a row, the handlers of all endpoints one after the other.

    ======== ====================== ==================== ====================== =============
    op       a                      b                    c                      x
    ======== ====================== ==================== ====================== =============
    END      of a handler, branch or option
    CPU      distribution           stream
    SLEEP    distribution           stream
    CALL     call
    SEND     call
    PARALLEL first row in `branch`  number of branches   where to go on
    CHOOSE   first row in `branch`  number of options    stream
    MAYBE                           stream               where to go on if not  probability
    REPEAT   site                   times (0: never)     where to go on after
    AGAIN                                                row of its REPEAT
    JUMP                                                 where to go on
    FALLBACK                                             where to go on
    FAIL     row of `reasons`
    ======== ====================== ==================== ====================== =============

    FALLBACK stands after a CALL that has one: who comes to it goes on after it; a remote call that has failed goes on
    in the row below it. A branch of PARALLEL ends with END; an option of CHOOSE with a JUMP. `branch` holds the row at
    which a branch or an option starts, `weight` the cumulative share of an option (the last is 1; 0 for branches).
    """

    op: Annotated[Integers, Code(Op)]
    a: Integers
    b: Integers
    c: Integers
    x: Floats
    branch: Integers
    weight: Share


@dataclass(frozen=True, eq=False)
class Reasons(Table):
    """Why handlers fail, as their FAIL instructions say (rule 4.9): causes from `layout.FIRST_REASON` on."""

    only_with = ("reasons",)

    name: Names


@dataclass(frozen=True, eq=False)
class Distributions(Table):
    """Times in seconds; `layout.Dist` says what p0, p1 and p2 are. Points are rows of `probability`, `value`."""

    kind: Annotated[Integers, Code(Dist)]
    p0: Floats
    p1: Floats
    p2: Floats
    mean: Seconds
    variance: Floats
    first_point: Integers
    points: Count
    probability: Share
    value: Seconds


@dataclass(frozen=True, eq=False)
class Services(Table):
    """Services that some workload reaches, by distance from the edge, then by name."""

    name: Names
    kind: Annotated[Integers, Code(Kind)]
    unit: OfUnit
    pace: Floats  # cpu seconds of work done per second of one core: speed x the core's own speed
    balance_stream: Stream


@dataclass(frozen=True, eq=False)
class Endpoints(Table):
    """What can be called. `name` is `service.endpoint`, or the service alone where it has one nameless endpoint."""

    name: Names
    service: OfService
    start: Annotated[Integers, Ref("programs")]
    error_rate: Share
    error_stream: Stream


@dataclass(frozen=True, eq=False)
class Calls(Table):
    """Call sites, and one for each entry of a workload (whose `caller` is -1).

    A call that is not `remote` is a function call inside a unit: the columns of the network do not act on it.
    """

    name: Names
    caller: OfService  # -1: a workload
    target: Annotated[Integers, Ref("endpoints")]
    site: Stream  # part of the addresses of what is called
    remote: Flag  # 1: through balancer and network; 0: inside the process
    latency: Law  # one draw a message
    latency_stream: Stream
    loss: Share
    loss_stream: Stream
    error_rate: Share
    error_stream: Stream
    serialization: Law  # -1: none
    serialization_stream: Stream
    timeout: Seconds


@dataclass(frozen=True, eq=False)
class Patience(Table):
    """Remote calls whose timeout is drawn once a call, or is told to their callees, one row each."""

    only_with = ("patience",)

    call: OfCall
    law: Law  # -1: `Calls.timeout`, which is else the mean
    stream: Stream
    propagates: Flag  # 1: its callees have a deadline


@dataclass(frozen=True, eq=False)
class Failures(Table):
    """How replicas fail by chance: each row a process of every replica of the service's unit."""

    only_with = ("failures", "faults")

    service: OfService
    up: Law
    up_stream: Stream
    repair: Law
    repair_stream: Stream
    startup: Law  # the service's own
    startup_stream: Stream


@dataclass(frozen=True, eq=False)
class Faults(Table):
    """What goes wrong in [at_s, until_s); `layout.FaultKind` has the kinds. What a kind has not is 0."""

    only_with = ("failures", "faults")

    name: Names  # kind and target
    kind: Annotated[Integers, Code(FaultKind)]
    at_s: Seconds
    until_s: Seconds
    service: OfService  # the target
    unit: OfUnit  # that hosts it
    replicas: Count  # of the unit: those with the lowest numbers
    factor: Floats
    chance: Share
    delay_s: Seconds
    stream: Stream


@dataclass(frozen=True, eq=False)
class Crossings(Table):
    """Which faults of the network are on the way of which remote calls, by call, then by fault."""

    only_with = ("failures", "faults")

    call: OfCall
    fault: Annotated[Integers, Ref("faults")]


@dataclass(frozen=True, eq=False)
class Startups(Table):
    """How long it takes a replica to start again: the longest of its unit's rows, none is no time."""

    only_with = ("failures", "faults")

    unit: OfUnit
    law: Law
    stream: Stream


@dataclass(frozen=True, eq=False)
class Health(Table):
    """After how long the balancer of a unit knows of a replica's death; without a row at once."""

    only_with = ("failures", "faults")

    unit: OfUnit
    known_after_s: Seconds


@dataclass(frozen=True, eq=False)
class Units(Table):
    """What is deployed and scaled as one. Every replica has `cores` cores, each running at `Services.pace`."""

    name: Names
    replicas: Count
    cores: Count
    concurrency: Limit  # slots
    queue_capacity: Limit  # places
    discipline: Annotated[Integers, Code(Discipline)]
    scheduling: Annotated[Integers, Code(Scheduling)]
    balancer: Annotated[Integers, Code(Balancer)]
    choice_count: Limit  # UNLIMITED: all
    ring_stream: Stream
    cpu: Floats  # as asked for, for the bill: 0.5 is half a core
    memory: Bytes
    priced: Flag  # 0: external


@dataclass(frozen=True, eq=False)
class Workloads(Table):
    """Where requests come from. Entries are rows of `entry_call` and `entry_weight` (cumulative share, last 1)."""

    name: Names
    shape: Annotated[Integers, Code(Shape)]
    stream: Stream  # part of the requests' addresses
    arrival_stream: Stream
    entry_stream: Stream
    users: Count
    think: Law
    think_stream: Stream
    first_ramp: Integers
    ramps: Count
    first_time: Integers
    times: Count
    first_entry: Integers
    entries: Count
    ramp_start_s: Seconds
    ramp_duration_s: Seconds  # inf: a rate that never ends
    ramp_start_rate: Rate
    ramp_end_rate: Rate
    ramp_before: Floats  # expected arrivals before this ramp
    ramp_after: Floats  # and by its end
    time_s: Seconds
    entry_call: OfCall
    entry_weight: Share
