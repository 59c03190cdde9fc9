"""Who shares a process, what was promised, and what it costs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from .base import FrozenDict, Model
from .distributions import Distribution, WithPercentiles
from .mistakes import Mistake, mistake
from .policies import OutlierDetection
from .services import Bounded, Bounds, LoadBalancer, Queue, Scheduling
from .values import (
    Amount,
    CallName,
    Cores,
    Count,
    Duration,
    Fraction,
    Memory,
    Name,
    PositiveCount,
    PositiveDuration,
    Words,
    one_of,
)


class UnitResources(Bounded):
    """What one replica of a unit has; by default the sum of its services'."""

    meant = "cpu"

    cpu: Cores | None = Field(None, description="Default: the sum of its services', rounded up above one.")
    memory: Memory | None = Field(None, description="Default: the sum of its services'.")
    limits: Bounds | None = Field(None, description="As in Kubernetes; `cpu` and `memory` beside it count first.")
    requests: Bounds | None = Field(None, description="As in Kubernetes, for what has no limit.")


class Unit(Model):
    """One process of several services, or one server of several databases; what is not written follows from theirs."""

    later = frozenset({"failures", "autoscaling"})

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        if key == "rateLimit":
            return Mistake("`rateLimit` belongs to a service: calls over the network are to services", "key")
        return super()._foreign(key)

    services: tuple[Name, ...] = Field(description="Whom it hosts: all of kind service, or all databases.")
    replicas: Count | None = Field(
        None, description="Default: the fewest with the cores that its services have in `microservices`."
    )
    resources: UnitResources = Field(default_factory=UnitResources, description="What one replica has.")
    concurrency: PositiveCount | None = Field(
        None, description="Default: the sum of its services'; no limit if one has none."
    )
    queue: Queue | None = Field(None, description="Default: the sum of its services' places; no limit if one has none.")
    scheduling: Scheduling | None = Field(None, description="Default: that of its services, which have to agree.")
    load_balancer: LoadBalancer | None = Field(None, description="Default: that of its services, which have to agree.")
    outlier_detection: OutlierDetection | None = Field(
        None, description="Default: that of its services; those that have one have to agree."
    )
    startup: Distribution | None = Field(
        None, description="A replica that starts again is ready after this; default: the longest of its services'."
    )
    health_check: Duration | None = Field(None, description="Default: the longest of its services'.")

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

    units: Annotated[dict[Name, Unit], AfterValidator(_freeze_units)] = Field(
        description="By name: what hosts several services, or several databases."
    )


Until = Annotated[Literal["answered", "settled"], one_of("answered", "settled")]


class Slo(WithPercentiles):
    """What was promised of a call: its percentiles, its mean, its share of failures."""

    call: CallName = Field(description="Of whose calls: those of users if a workload enters there, else all.")
    until: Until = Field(
        "answered", description="Until the answer, or `settled`: until all is done that the request has set off."
    )
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

    meant = "vcpuHour"

    currency: Words = Field("USD", description="What the amounts are in.")
    vcpu_hour: Amount = Field(0.0, description="One core for an hour.")
    gib_hour: Amount = Field(0.0, description="One GiB of memory for an hour.")
    unit_hour: Amount = Field(0.0, description="What running one more deployable costs.")
