"""The Plan: one deployment of a topology as flat read-only arrays, small integers and seconds.

Its tables are declared in `tables.py` and `policies.py`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np

from .columns import Table, empty
from .policies import Breakers, Budgets, Bulkheads, Detectors, Limiters, Policies
from .tables import (
    Calls,
    Crossings,
    Distributions,
    Endpoints,
    Failures,
    Faults,
    Health,
    Patience,
    Programs,
    Reasons,
    Services,
    Startups,
    Units,
    Workloads,
)


@dataclass(frozen=True)
class Objective:
    """One number that one endpoint has to keep, as its callers see it.

    `quantity` is `p99` (and the like), `mean` or `errorRate`; `probability` is that of a percentile, else NaN;
    `limit` is in seconds or a fraction; `settled`: it is of settled requests, not of answered ones (rule 11.24).
    """

    slo: str
    endpoint: int
    quantity: str
    probability: float
    limit: float
    settled: bool = field(default=False, repr=False)


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
    reasons: Reasons = field(default_factory=partial(empty, Reasons))

    def tables(self) -> dict[str, Table]:
        """All tables by name, in their order."""
        parts = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: part for name, part in parts if isinstance(part, Table)}

    def digest(self) -> str:
        """SHA-256 of all that a run depends on: the warnings, seed and number of replications are left out."""
        sha = hashlib.sha256()
        settings = self.settings
        sha.update(repr((settings.duration_s, settings.warmup_s, settings.drain_s)).encode())
        tables = self.tables()
        for table in tables.values():
            if table.only_with and not any(len(tables[name]) for name in table.only_with):
                continue
            for name, column in table.kinds().items():
                content = getattr(table, name)
                if not column.is_missing(content):
                    data = content.tobytes() if isinstance(content, np.ndarray) else repr(content).encode()
                    sha.update(f"{type(table).__name__}.{name}:{len(data)}:".encode())
                    sha.update(data)
        sha.update(repr((self.objectives, self.prices)).encode())
        if any(one.settled for one in self.objectives):
            sha.update(repr([one.settled for one in self.objectives]).encode())
        return sha.hexdigest()

    def explain(self) -> str:
        """What the simulator understood, as a disassembly that a person can read."""
        from .explain import explain

        return explain(self)
