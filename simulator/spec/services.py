"""What a service is: its endpoints, its replicas and what each of them has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from .base import FrozenDict, Model
from .distributions import Constant, Distribution
from .faults import Failures
from .mistakes import Mistake, Source, describe, mistake
from .policies import OutlierDetection, RateLimit
from .steps import VERBS, Steps, callers_key, step_elsewhere
from .values import (
    Cores,
    Count,
    Duration,
    Fraction,
    Memory,
    Positive,
    PositiveCount,
    one_of,
    read_cpu,
    read_endpoint_name,
    read_memory,
    read_positive_count,
)

Kind = Annotated[
    Literal["service", "database", "cache", "external"], one_of("service", "database", "cache", "external")
]
Discipline = Annotated[Literal["FIFO", "LIFO"], one_of("FIFO", "LIFO")]
Scheduling = Annotated[Literal["FIFO", "PS"], one_of("FIFO", "PS")]
Balancing = Annotated[
    Literal["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "CONSISTENT_HASH"],
    one_of("LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "CONSISTENT_HASH"),
]


Choice = Annotated[Literal["independent", "distinct", "all"], one_of("independent", "distinct", "all")]


class Bounds(Model):
    """A block of Kubernetes' `resources`."""

    cpu: Cores | None = Field(None, description="As `cpu` of the replica.")
    memory: Memory | None = Field(None, description="As `memory` of the replica.")


class Bounded(Model):
    """What may be said as in Kubernetes: a replica has what it may use at most, else what it asks for."""

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out; what is wrong with them is said where it stands."""
        for block in (data.get("limits"), data.get("requests")):
            for key, read in (("cpu", read_cpu), ("memory", read_memory)):
                if key not in data and isinstance(block, Mapping) and key in block and _is_read(read, block[key]):
                    data[key] = block[key]
        return data

    @field_validator("limits", "requests", check_fields=False)
    @classmethod
    def _acted(cls, value: Bounds | None) -> None:
        return None


def _is_read(read: Callable[[object], float], value: object) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


class Resources(Bounded):
    """What one replica has."""

    meant = "cpu"

    cpu: Cores = Field(1.0, description="Whole cores, or a fraction of one: one core at that speed.")
    memory: Memory = Field(0.0, description="Bytes; only the price depends on it.")
    limits: Bounds | None = Field(None, description="As in Kubernetes; `cpu` and `memory` beside it count first.")
    requests: Bounds | None = Field(None, description="As in Kubernetes, for what has no limit.")


class Queue(Model):
    """Requests that wait for a slot."""

    meant = "capacity"

    capacity: Count | None = Field(None, description="One more is rejected; default: no limit.")
    discipline: Discipline = Field("FIFO", description="Who gets a free slot: the first or the last who came.")


def _read_choice_count(value: object) -> object:
    if isinstance(value, str):
        if value == "all":
            return value
        raise mistake(f"expected a whole number or `all`, found {describe(value)}")
    return read_positive_count(value)


CHOICE_COUNT = 2


class LoadBalancer(Model):
    """How a replica is chosen; the bare word is enough."""

    simple: Balancing = Field("LEAST_REQUEST", description="The way to choose.")
    choice_count: Annotated[PositiveCount | Literal["all"], BeforeValidator(_read_choice_count)] = Field(
        CHOICE_COUNT, description="Draws that LEAST_REQUEST compares; `all` is `choice: all`."
    )
    choice: Choice = Field(
        "independent",
        description="Whom LEAST_REQUEST compares: draws that may be of one replica (Envoy), of distinct ones, or all.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_word(cls, value: object) -> object:
        if isinstance(value, str):
            return {"simple": value}
        if not isinstance(value, Mapping | Model | Mistake):
            raise mistake(f"expected a load balancer such as ROUND_ROBIN, found {describe(value)}")
        return value

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Say `all` in both keys; what contradicts it is a mistake."""
        choice, count = data.get("choice"), data.get("choiceCount")
        if choice == "all" and data.setdefault("choiceCount", "all") != "all":
            data["choiceCount"] = Mistake("`choiceCount` cannot act beside `choice: all`: leave one of them out", "key")
        elif count == "all" and data.setdefault("choice", "all") in ("independent", "distinct"):
            data["choiceCount"] = Mistake(
                f"`choiceCount: all` cannot act beside `choice: {choice}`: leave one of them out", "key"
            )
        return data

    @field_validator("choice_count", "choice")
    @classmethod
    def _acts(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("simple", "LEAST_REQUEST") != "LEAST_REQUEST":
            key = "choice" if info.field_name == "choice" else "choiceCount"
            raise mistake(f"`{key}` acts only with LEAST_REQUEST", "key")
        return value

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        if self.simple != "LEAST_REQUEST":
            content = {"simple": self.simple}
        return content


class Endpoint(Model):
    """What a service does when it is called."""

    steps: Steps = Field(description="What it does, one step after the other; [] answers at once.")
    error_rate: Fraction | None = Field(None, description="Default: that of the service.")

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        if key in Service.known_keys() and key not in ("steps", "endpoints"):
            return Mistake(f"`{key}` is of the service: write it beside `endpoints`", "key")
        return step_elsewhere(key) or callers_key(key) or super()._foreign(key)

    @classmethod
    def _meant(cls, key: str) -> set[str]:
        return {"steps"} if key in VERBS else super()._meant(key)


def _no_time() -> Constant:
    return Constant(value=0.0)


class Service(Model):
    """A service, with `steps` if it has one endpoint, else with `endpoints`."""

    later = frozenset({"autoscaling"})
    shorthands = ("steps",)

    kind: Kind = Field("service", description="The derived monolith merges those of kind `service` alone.")
    replicas: Count = Field(1, description="Copies, each with its own cores, slots and queue.")
    resources: Resources = Field(default_factory=Resources, description="What one replica has.")
    speed: Positive = Field(1.0, description="cpu steps take their time / speed.")
    concurrency: PositiveCount | None = Field(
        None,
        description="Requests in progress in a replica, each in its slot to its reply; default: no limit.",
    )
    queue: Queue | None = Field(None, description="Who waits for a slot; needs `concurrency`; default: no limit.")
    scheduling: Scheduling = Field("FIFO", description="Of the cores: in order, or processor sharing.")
    load_balancer: LoadBalancer = Field(
        default_factory=LoadBalancer, description="How a replica is chosen; the bare word is enough."
    )
    outlier_detection: OutlierDetection | None = Field(
        None, description="Replicas that fail again and again get no calls for a while; default: none."
    )
    rate_limit: RateLimit | None = Field(None, description="Of all calls over the network; default: none.")
    error_rate: Fraction = Field(0.0, description="The handler fails, after its steps.")
    startup: Distribution = Field(
        default_factory=_no_time, description="A replica that starts again is ready after this."
    )
    failures: Failures | None = Field(None, description="How each replica fails; default: never.")
    health_check: Duration = Field(0.0, description="From a replica's death to the balancer's knowing of it.")
    endpoints: dict[str, Endpoint] = Field(description="By name: what can be called.")

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out."""
        if "steps" in data and "endpoints" in data:
            data["endpoints"] = Mistake("a service has `steps` or `endpoints`, not both", "key")
            del data["steps"]
        elif "steps" in data:
            data["endpoints"] = {"": {"steps": data.pop("steps")}}
        elif isinstance(endpoints := data.get("endpoints"), Mapping):
            data["endpoints"] = {
                str(name): Mistake(wrong, "key") if (wrong := _wrong_name(name, endpoint)) else endpoint
                for name, endpoint in endpoints.items()
            } or Mistake("a service needs at least one endpoint", "key")
        return data

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        return step_elsewhere(key) or callers_key(key) or super()._foreign(key)

    @classmethod
    def _meant(cls, key: str) -> set[str]:
        return {"steps"} if key in VERBS else super()._meant(key)

    @classmethod
    def _missing(cls, data: dict[str, object]) -> dict[str, Mistake]:
        if "endpoints" in data:
            return {}
        return {"endpoints": Mistake("a service needs `steps` or `endpoints`", "key")}

    @classmethod
    def _means(cls, key: str) -> set[str]:
        return {"steps", "endpoints"}

    @field_validator("endpoints")
    @classmethod
    def _freeze(cls, value: dict[str, Endpoint]) -> dict[str, Endpoint]:
        return FrozenDict(value)

    @field_validator("queue")
    @classmethod
    def _queue_acts(cls, value: Queue | None, info: ValidationInfo) -> Queue | None:
        if value is not None and info.data.get("concurrency", 0) is None:
            raise mistake("`queue` needs `concurrency`: without a limit nobody waits for a slot", "key")
        return value

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        endpoints = content["endpoints"]
        if isinstance(endpoints, dict) and set(endpoints) == {""}:  # as a file would have it: nothing but steps
            del content["endpoints"]
            content |= {key: value for key, value in endpoints[""].items() if value is not None}
        return content


def _wrong_name(name: object, endpoint: object) -> str:
    """Return what is wrong with an endpoint's name; the empty one, of bare steps, is for Python only."""
    if name == "" and isinstance(endpoint, Endpoint):
        return ""
    try:
        read_endpoint_name(name)
    except ValueError as error:
        return str(error)
    return ""
