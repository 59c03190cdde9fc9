"""Who shares a process, what was promised, and what it costs."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from .base import FrozenDict, Model
from .distributions import WithPercentiles
from .mistakes import Mistake, mistake
from .services import LoadBalancer, Queue, Scheduling
from .values import (
    Amount,
    CallName,
    Cores,
    Count,
    Fraction,
    Memory,
    Name,
    PositiveCount,
    PositiveDuration,
    Words,
)


class UnitResources(Model):
    """What one replica of a unit has; by default the sum of its services'."""

    cpu: Cores | None = None
    memory: Memory | None = None


class Unit(Model):
    """One process image that hosts several services; what is not written follows from theirs."""

    later = frozenset({"startup", "failures", "healthCheck", "autoscaling", "outlierDetection", "rateLimit"})

    services: tuple[Name, ...]
    replicas: Count | None = None
    resources: UnitResources = Field(default_factory=UnitResources)
    concurrency: PositiveCount | None = None
    queue: Queue | None = None
    scheduling: Scheduling | None = None
    load_balancer: LoadBalancer | None = None

    @field_validator("services")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise mistake("a unit needs at least one service")
        return value


def _freeze_units(value: dict[str, Unit]) -> dict[str, Unit]:
    if not value:
        raise mistake("a deployment needs at least one unit", "key")
    return FrozenDict(value)


class Deployment(Model):
    """Services that share processes; a service in no unit stays on its own."""

    units: Annotated[dict[Name, Unit], AfterValidator(_freeze_units)]


class Slo(WithPercentiles):
    """What was promised of a call: its percentiles, its mean, its share of failures."""

    call: CallName
    mean: PositiveDuration | None = Field(None, description="The mean latency may be at most this.")
    error_rate: Fraction | None = Field(None, description="1 - availability may be at most this.")

    @classmethod
    def _missing(cls, data: dict[str, object]) -> dict[str, Mistake]:
        missing = super()._missing(data)
        if not {"percentiles", "mean", "errorRate"} & set(data):
            missing["mean"] = Mistake("an slo needs an objective such as `p99`, `mean` or `errorRate`", "key")
        return missing


class Prices(Model):
    """What things cost per hour."""

    currency: Words = "USD"
    vcpu_hour: Amount = 0.0
    gib_hour: Amount = 0.0
    unit_hour: Amount = Field(0.0, description="What running one more deployable costs.")
