"""The blocks of a policy: what a caller does about a target that is slow, fails, or is not there.

A key that is not written is None, so that what a call overrides can be told from what it leaves. What it is by default
is declared with it, and put in when the topology is compiled (`Block.settled`): the products' own, of Envoy (API
reference, v3: `RetryPolicy`, `RetryPolicy.RetryBackOff`, `RetryBudget`; to try again after any failure is its `5xx`),
resilience4j 2 (documentation: "CircuitBreaker", "Bulkhead", "RateLimiter") and Istio (reference: "Destination Rule").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, field_validator
from pydantic.alias_generators import to_camel

from .base import Model
from .distributions import Distribution
from .mistakes import Mistake, describe, mistake
from .values import (
    Count,
    Duration,
    PositiveCount,
    PositiveDuration,
    WindowSize,
    is_number,
    one_of,
    read_positive_duration,
)

RetryOn = Literal["error", "timeout", "rejected", "unreachable"]
RETRY_ON: tuple[RetryOn, ...] = get_args(RetryOn)
MAX_BACKOFF_FACTOR = 10.0
V = TypeVar("V")


def by_default(value: Any, description: str, alias: str | None = None) -> Any:
    """A key that is None where it is not written, and then means this value."""
    return Field(None, alias=alias, description=description, json_schema_extra={"default": value})


class Block(Model):
    """Keys of a policy that are inherited and overridden one by one."""

    @classmethod
    def default(cls, name: str) -> Any:
        """What a key means where it is not written, by the name of its field; None if that is nothing."""
        extra = cls.model_fields[name].json_schema_extra
        return extra.get("default") if isinstance(extra, dict) else None

    def settled(self) -> dict[str, Any]:
        """The values by field, defaults in the place of what is not written."""
        return {name: self.default(name) if value is None else value for name, value in self}


def _read_retry_on(value: object) -> object:
    if value == "circuit_open":
        raise mistake("`circuit_open` cannot be tried again: the breaker would refuse that too")
    return value


def _read_outcomes(value: object) -> object:
    if isinstance(value, str):
        raise mistake(
            f"expected a list such as [error, timeout], of error, timeout, rejected and unreachable, found"
            f" {describe(value)}; Envoy's 5xx and reset are `error`, its connect-failure is `unreachable`"
        )
    return value


def _read_percent(value: object) -> float:
    if isinstance(value, str) and value.endswith("%"):
        raise mistake(f"expected a number from 0 to 100, found {describe(value)}; write it without the %")
    if not is_number(value) or not 0 <= float(value) <= 100:  # type: ignore[arg-type]
        raise mistake(f"expected a number from 0 to 100, found {describe(value)}")
    return abs(float(value))  # type: ignore[arg-type]


def _read_threshold(value: object) -> float:
    percent = _read_percent(value)
    if percent == 0:
        raise mistake("expected a percentage above 0: a breaker with a threshold of 0 would always open")
    return percent


Percent = Annotated[
    float, BeforeValidator(_read_percent), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100})
]
Threshold = Annotated[
    float, BeforeValidator(_read_threshold), WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 100})
]


class Retries(Block):
    """Further tries at a call that failed, by Envoy's meaning (differences: rule 12.7)."""

    meant = "attempts"

    attempts: Count | None = by_default(1, "Re-tries at most, beside the first try.")
    per_try_timeout: PositiveDuration | None = Field(
        None, description="Of one try, from the sending of its message; default: none."
    )
    retry_on: Annotated[
        tuple[Annotated[RetryOn, one_of(*RETRY_ON), BeforeValidator(_read_retry_on)], ...] | None,
        BeforeValidator(_read_outcomes),
    ] = by_default(list(RETRY_ON), "Outcomes that are tried again.")
    backoff: Duration | None = by_default(0.025, "The base of the waits between tries.")
    max_backoff: Duration | None = Field(
        None, description=f"No wait is longer; default: {MAX_BACKOFF_FACTOR:g} times `backoff`."
    )
    jitter: (
        Annotated[Literal["full", "equal", "decorrelated", "none"], one_of("full", "equal", "decorrelated", "none")]
        | None
    ) = by_default("full", "How a wait is drawn.")

    @field_validator("retry_on")
    @classmethod
    def _names_some(cls, value: tuple[RetryOn, ...] | None) -> tuple[RetryOn, ...] | None:
        if value is not None and not value:
            raise mistake("`retryOn` needs at least one outcome; for no re-tries write `attempts: 0`")
        return value

    def settled(self) -> dict[str, Any]:
        """The values by field, defaults in the place of what is not written."""
        values = super().settled()
        longest = MAX_BACKOFF_FACTOR * values["backoff"]
        return values | {"max_backoff": longest if self.max_backoff is None else self.max_backoff}


class RetryBudget(Block):
    """A limit of re-tries in proportion to the tries, as Envoy's; it needs `retries`."""

    meant = "percent"

    percent: Percent | None = by_default(20.0, "Active re-tries, in percent of the active tries.")
    min_retry_concurrency: Count | None = by_default(3, "So many re-tries may always be active.")


class CircuitBreaker(Block):
    """Calls that are not made while too many fail: the machine of resilience4j, with its defaults."""

    meant = "failureRateThreshold"

    sliding_window_type: Annotated[Literal["COUNT_BASED", "TIME_BASED"], one_of("COUNT_BASED", "TIME_BASED")] | None = (
        by_default("COUNT_BASED", "The last results, or those of the last seconds.")
    )
    sliding_window_size: WindowSize | None = by_default(100, "Results, or whole seconds, that are looked back on.")
    minimum_number_of_calls: PositiveCount | None = by_default(100, "With fewer results it stays as it is.")
    failure_rate_threshold: Threshold | None = by_default(50.0, "Percent of failures from which on it opens.")
    slow_call_rate_threshold: Threshold | None = by_default(100.0, "Percent of slow calls from which on it opens.")
    slow_call_duration_threshold: Duration | None = by_default(60.0, "A call that takes longer is slow.")
    wait_duration_in_open_state: Duration | None = by_default(60.0, "So long no call is made.")
    permitted_number_of_calls_in_half_open_state: PositiveCount | None = by_default(
        10, "Calls that then try whether it may close."
    )
    max_wait_duration_in_half_open_state: Duration | None = by_default(
        0.0, "So long it waits for their results before it opens again; 0 is for ever."
    )


class Bulkhead(Block):
    """A limit of the calls that one replica has at a target at once, as resilience4j's."""

    meant = "maxConcurrentCalls"

    max_concurrent_calls: PositiveCount | None = by_default(25, "At once.")
    max_wait_duration: Duration | None = by_default(
        0.0, "One more waits so long for a place, and is rejected; 0 is not at all."
    )


class Hedge(Block):
    """A second try, sent while the first one is still unanswered; the first good answer wins."""

    meant = "after"

    after: Duration = Field(description="So long after the sending of a try that is still unanswered.")


# -- what a caller may say


def _read_patience(value: object) -> object:
    """Let a distribution through; a bare duration is above 0."""
    return value if isinstance(value, Mapping | Model | Mistake) else read_positive_duration(value)


Patience: TypeAlias = Annotated[
    Annotated[PositiveDuration, Tag("<duration>")] | Annotated[Distribution, Tag("<distribution>")],
    Discriminator(lambda value: "<duration>" if is_number(value) else "<distribution>"),
    BeforeValidator(_read_patience),
]


class CallerKeys(Model):
    """What a policy can say, by name or on a call, but for its fallback, which is made of steps."""

    timeout: Patience | None = Field(
        None, description="Of the whole call, all tries, drawn once a call if it is a distribution; default: none."
    )
    deadline: Annotated[Literal["propagate", "ignore"], one_of("propagate", "ignore")] | None = by_default(
        "ignore", "`propagate`: callees drop work for which nobody waits any more."
    )
    retries: Retries | None = Field(None, description="Further tries; default: none.")
    retry_budget: RetryBudget | None = Field(None, description="A limit of the re-tries; default: none.")
    circuit_breaker: CircuitBreaker | None = Field(None, description="No calls while too many fail; default: none.")
    bulkhead: Bulkhead | None = Field(None, description="A limit of the calls at once; default: none.")
    hedge: Hedge | None = Field(None, description="A second try while the first is unanswered; default: none.")

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        if key == "perTryTimeout":
            return Mistake("`perTryTimeout` belongs into `retries`", "key")
        if key in SERVICE_KEYS:
            return Mistake(f"`{key}` belongs to the service that is called", "key")
        return super()._foreign(key)


BLOCK_KEYS = frozenset(
    to_camel(name)
    for name, field in CallerKeys.model_fields.items()
    if any(isinstance(kind, type) and issubclass(kind, Block) for kind in get_args(field.annotation))
)
"""Keys of a policy that are inherited and overridden key by key, the others as a whole."""


def overridden(base: V | None, own: V | None) -> V | None:
    """What `own` makes of another value: of a block its keys, and the other's where it has none; else itself."""
    if base is None or own is None:
        return own if base is None else base
    if not isinstance(base, Block) or not isinstance(own, Block):
        return own
    return base.model_copy(update={name: value for name, value in own if value is not None})


# -- what a target may say of all its callers


SERVICE_KEYS = ("rateLimit", "outlierDetection")
"""Keys that are a target's, not a caller's."""


class RateLimit(Block):
    """A limit of the tries at a service in a period, as resilience4j's."""

    meant = "limitForPeriod"

    limit_for_period: PositiveCount | None = by_default(50, "Tries in one period.")
    limit_refresh_period: PositiveDuration | None = by_default(
        500e-9, "The length of a period; by default next to nothing, as in resilience4j."
    )
    timeout_duration: Duration | None = by_default(
        5.0, "So long one more waits for its permit before it is rejected; 0 is at once."
    )


class OutlierDetection(Block):
    """Replicas that fail again and again get no calls for a while, with Istio's words and defaults."""

    meant = "consecutive5xxErrors"

    consecutive5xx_errors: PositiveCount | None = by_default(
        5, "So many failures one after the other.", alias="consecutive5xxErrors"
    )
    interval: PositiveDuration | None = by_default(10.0, "Between two looks at who may come back.")
    base_ejection_time: PositiveDuration | None = by_default(30.0, "Out for this long, times how often lately.")
    max_ejection_percent: Percent | None = by_default(10.0, "Of the replicas, out at once at most.")
