"""The Plan: one deployment of a topology as flat read-only arrays, small integers and seconds.

Row numbers are the references: `Calls.target` is a row of `Endpoints`, `Services.unit` a row of `Units`.
Columns are int64 or float64; a flag is 0 or 1; a stream is an unsigned 32-bit number that stands for a name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length; made read-only, so that a Plan can be shared between threads."""

    def __post_init__(self) -> None:
        for each in fields(self):
            column = getattr(self, each.name)
            if isinstance(column, np.ndarray):
                column.setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Unpickled arrays are writable: close them again."""
        self.__dict__.update(state)
        Table.__post_init__(self)


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
    ======== ====================== ==================== ====================== =============

    FALLBACK stands after a CALL that has one: who comes to it goes on after it; a remote call that has failed goes on
    in the row below it. A branch of PARALLEL ends with END; an option of CHOOSE with a JUMP. `branch` holds the row at
    which a branch or an option starts, `weight` the cumulative share of an option (the last is 1; 0 for branches).
    """

    op: Integers
    a: Integers
    b: Integers
    c: Integers
    x: Floats
    branch: Integers
    weight: Floats


@dataclass(frozen=True, eq=False)
class Distributions(Table):
    """Times in seconds; `layout.Dist` says what p0, p1 and p2 are. Points are rows of `probability`, `value`."""

    kind: Integers
    p0: Floats
    p1: Floats
    p2: Floats
    mean: Floats
    variance: Floats
    first_point: Integers
    points: Integers
    probability: Floats
    value: Floats


@dataclass(frozen=True, eq=False)
class Services(Table):
    """Services that some workload reaches, by distance from the edge, then by name."""

    name: tuple[str, ...]
    kind: Integers
    unit: Integers
    pace: Floats  # cpu seconds of work done per second of one core: speed x the core's own speed
    balance_stream: Integers


@dataclass(frozen=True, eq=False)
class Endpoints(Table):
    """What can be called. `name` is `service.endpoint`, or the service alone where it has one nameless endpoint."""

    name: tuple[str, ...]
    service: Integers
    start: Integers  # row in Programs
    error_rate: Floats
    error_stream: Integers


@dataclass(frozen=True, eq=False)
class Calls(Table):
    """Call sites, and one for each entry of a workload (whose `caller` is -1).

    A call that is not `remote` is a function call inside a unit: the columns of the network do not act on it.
    """

    name: tuple[str, ...]
    caller: Integers  # service, or -1 for a workload
    target: Integers  # endpoint
    site: Integers  # unsigned 32 bits, part of the addresses of what is called
    remote: Integers  # 1: through balancer and network; 0: inside the process
    latency: Integers  # distribution, one draw a message
    latency_stream: Integers
    loss: Floats
    loss_stream: Integers
    error_rate: Floats
    error_stream: Integers
    serialization: Integers  # distribution, or -1: none
    serialization_stream: Integers
    timeout: Floats  # seconds, inf: none


@dataclass(frozen=True, eq=False)
class Patience(Table):
    """Remote calls whose timeout is drawn once a call, or is told to their callees, one row each."""

    call: Integers
    law: Integers  # distribution, or -1: `Calls.timeout`, which is else the mean
    stream: Integers
    propagates: Integers  # 1: its callees have a deadline


@dataclass(frozen=True, eq=False)
class Policies(Table):
    """What is done about remote calls that need more than a timeout, one row each; `layout` has the codes.

    `breaker`, `bulkhead` and `budget` are rows of their tables, or -1.
    """

    name: tuple[str, ...]  # empty: a policy without a name
    call: Integers
    attempts: Integers  # re-tries
    per_try_s: Floats  # inf: none
    retry_on: Integers  # a bit for each Outcome
    backoff_s: Floats
    max_backoff_s: Floats
    jitter: Integers
    backoff_stream: Integers
    breaker: Integers
    bulkhead: Integers
    budget: Integers
    hedge_s: Floats  # inf: none


@dataclass(frozen=True, eq=False)
class Breakers(Table):
    """Circuit breakers, one a caller replica for each row."""

    callers: Integers
    target: Integers  # service
    window: Integers
    size: Integers  # results, or seconds
    minimum: Integers
    failure_rate: Floats  # percent
    slow_rate: Floats  # percent
    slow_duration_s: Floats
    wait_s: Floats
    permitted: Integers
    max_wait_s: Floats  # 0: for ever


@dataclass(frozen=True, eq=False)
class Bulkheads(Table):
    """Limits of the tries at once, one a caller replica for each row."""

    callers: Integers
    limit: Integers
    wait_s: Floats


@dataclass(frozen=True, eq=False)
class Budgets(Table):
    """Limits of the re-tries, one a caller replica for each row."""

    callers: Integers
    percent: Floats
    least: Integers


@dataclass(frozen=True, eq=False)
class Limiters(Table):
    """Services whose tries are limited in each period; all their remote calls have a row in `Policies`."""

    service: Integers
    limit: Integers
    period_s: Floats
    timeout_s: Floats


@dataclass(frozen=True, eq=False)
class Detectors(Table):
    """Units whose balancer ejects replicas that fail again and again."""

    unit: Integers
    errors: Integers  # one after the other
    interval_s: Floats
    base_s: Floats
    percent: Floats


@dataclass(frozen=True, eq=False)
class Failures(Table):
    """How replicas fail by chance: each row a process of every replica of the service's unit."""

    service: Integers
    up: Integers  # distribution
    up_stream: Integers
    repair: Integers  # distribution
    repair_stream: Integers
    startup: Integers  # distribution: the service's own
    startup_stream: Integers


@dataclass(frozen=True, eq=False)
class Faults(Table):
    """What goes wrong in [at_s, until_s); `layout.FaultKind` has the kinds. What a kind has not is 0."""

    name: tuple[str, ...]  # kind and target
    kind: Integers
    at_s: Floats
    until_s: Floats
    service: Integers  # the target
    unit: Integers  # that hosts it
    replicas: Integers  # of the unit: those with the lowest numbers
    factor: Floats
    chance: Floats
    delay_s: Floats
    stream: Integers


@dataclass(frozen=True, eq=False)
class Crossings(Table):
    """Which faults of the network are on the way of which remote calls, by call, then by fault."""

    call: Integers
    fault: Integers


@dataclass(frozen=True, eq=False)
class Startups(Table):
    """How long it takes a replica to start again: the longest of its unit's rows, none is no time."""

    unit: Integers
    law: Integers  # distribution
    stream: Integers


@dataclass(frozen=True, eq=False)
class Health(Table):
    """After how long the balancer of a unit knows of a replica's death; without a row at once."""

    unit: Integers
    known_after_s: Floats


def empty(table: type[T]) -> T:
    """A table without rows."""
    kinds = {"Integers": np.int64, "Floats": np.float64}
    columns: dict[str, Any] = {}
    for each in fields(table):  # type: ignore[arg-type]
        columns[each.name] = () if each.name == "name" else np.zeros(0, kinds[str(each.type)])
    return table(**columns)


@dataclass(frozen=True, eq=False)
class Units(Table):
    """What is deployed and scaled as one. Every replica has `cores` cores, each running at `Services.pace`."""

    name: tuple[str, ...]
    replicas: Integers
    cores: Integers
    concurrency: Integers  # UNLIMITED or slots
    queue_capacity: Integers  # UNLIMITED or places
    discipline: Integers
    scheduling: Integers
    balancer: Integers
    choice_count: Integers  # UNLIMITED: all
    ring_stream: Integers
    cpu: Floats  # as asked for, for the bill: 0.5 is half a core
    memory: Floats  # bytes
    priced: Integers  # 0: external


@dataclass(frozen=True, eq=False)
class Workloads(Table):
    """Where requests come from. Entries are rows of `entry_call` and `entry_weight` (cumulative share, last 1)."""

    name: tuple[str, ...]
    shape: Integers
    stream: Integers  # part of the requests' addresses
    arrival_stream: Integers
    entry_stream: Integers
    users: Integers
    think: Integers  # distribution
    think_stream: Integers
    first_ramp: Integers
    ramps: Integers
    first_time: Integers
    times: Integers
    first_entry: Integers
    entries: Integers
    ramp_start_s: Floats
    ramp_duration_s: Floats  # inf: a rate that never ends
    ramp_start_rate: Floats
    ramp_end_rate: Floats
    ramp_before: Floats  # expected arrivals before this ramp
    ramp_after: Floats  # and by its end
    time_s: Floats
    entry_call: Integers
    entry_weight: Floats


@dataclass(frozen=True)
class Objective:
    """One number that one endpoint has to keep, as its callers see it.

    `quantity` is `p99` (and the like), `mean` or `errorRate`; `probability` is that of a percentile, else NaN;
    `limit` is in seconds or a fraction.
    """

    slo: str
    endpoint: int
    quantity: str
    probability: float
    limit: float


@dataclass(frozen=True)
class Prices:
    """Per hour: of a core, of a GiB of memory, of running one more deployable."""

    currency: str
    vcpu_hour: float
    gib_hour: float
    unit_hour: float


@dataclass(frozen=True)
class Settings:
    """How long a run is, in seconds, and what it is asked for. A warmup of None is found by MSER-5."""

    duration_s: float
    warmup_s: float | None
    drain_s: float
    seed: int
    replications: int
    confidence: float


@dataclass(frozen=True, eq=False)
class Plan:
    """One deployment of a topology, ready to run."""

    topology: str
    deployment: str
    settings: Settings
    programs: Programs
    distributions: Distributions
    services: Services
    endpoints: Endpoints
    calls: Calls
    units: Units
    workloads: Workloads
    objectives: tuple[Objective, ...]
    prices: Prices | None
    warnings: tuple[str, ...] = ()
    policies: Policies = field(default_factory=partial(empty, Policies))
    breakers: Breakers = field(default_factory=partial(empty, Breakers))
    bulkheads: Bulkheads = field(default_factory=partial(empty, Bulkheads))
    budgets: Budgets = field(default_factory=partial(empty, Budgets))
    patience: Patience = field(default_factory=partial(empty, Patience))
    limiters: Limiters = field(default_factory=partial(empty, Limiters))
    detectors: Detectors = field(default_factory=partial(empty, Detectors))
    failures: Failures = field(default_factory=partial(empty, Failures))
    faults: Faults = field(default_factory=partial(empty, Faults))
    crossings: Crossings = field(default_factory=partial(empty, Crossings))
    startups: Startups = field(default_factory=partial(empty, Startups))
    health: Health = field(default_factory=partial(empty, Health))

    def digest(self) -> str:
        """SHA-256 of all that a run depends on: the warnings, seed and number of replications are left out."""
        sha = hashlib.sha256()
        settings = self.settings
        sha.update(repr((settings.duration_s, settings.warmup_s, settings.drain_s)).encode())
        parts: list[Table] = [self.programs, self.distributions, self.services, self.endpoints, self.calls, self.units,
                              self.workloads]  # fmt: skip
        if self.policies.call.size:  # a plan without policies is what it was before there were any
            parts += [self.policies, self.breakers, self.bulkheads, self.budgets]
        if self.patience.call.size:
            parts.append(self.patience)
        if self.limiters.service.size:
            parts.append(self.limiters)
        if self.detectors.unit.size:
            parts.append(self.detectors)
        if self.faults.kind.size or self.failures.service.size:
            parts += [self.failures, self.faults, self.crossings, self.startups, self.health]
        for part in parts:
            for each in fields(part):
                column = getattr(part, each.name)
                content = column.tobytes() if isinstance(column, np.ndarray) else repr(column).encode()
                sha.update(f"{type(part).__name__}.{each.name}:{len(content)}:".encode())
                sha.update(content)
        sha.update(repr((self.objectives, self.prices)).encode())
        return sha.hexdigest()

    def explain(self) -> str:
        """What the simulator understood, as a disassembly that a person can read."""
        from .explain import explain

        return explain(self)
