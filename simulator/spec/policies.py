"""The blocks of a policy: what a caller does about a target that is slow, fails, or is not there.

A key that is not written is None, so that what a call overrides can be told from what it leaves; the defaults are the
products' own, and are put in when the topology is compiled.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from .base import Model
from .mistakes import describe, mistake
from .values import Count, Duration, PositiveCount, PositiveDuration, WindowSize, is_number, one_of

RetryOn = Literal["error", "timeout", "rejected", "unreachable"]
RETRY_ON: tuple[RetryOn, ...] = ("error", "timeout", "rejected", "unreachable")
B = TypeVar("B", bound=Model)


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


class Retries(Model):
    """Further tries at a call that failed, by Envoy's meaning (differences: rule 12.7)."""

    attempts: Count | None = Field(None, description="Re-tries at most, beside the first try; default: 1.")
    per_try_timeout: PositiveDuration | None = Field(
        None, description="Of one try, from the sending of its message; default: none."
    )
    retry_on: Annotated[
        tuple[Annotated[RetryOn, one_of("error", "timeout", "rejected", "unreachable"),
                        BeforeValidator(_read_retry_on)], ...] | None,
        BeforeValidator(_read_outcomes),
    ] = Field(None, description="Outcomes that are tried again; default: all four.")  # fmt: skip
    backoff: Duration | None = Field(None, description="The base of the waits between tries; default: 25ms.")
    max_backoff: Duration | None = Field(None, description="No wait is longer; default: ten times `backoff`.")
    jitter: (
        Annotated[Literal["full", "equal", "decorrelated", "none"], one_of("full", "equal", "decorrelated", "none")]
        | None
    ) = Field(None, description="How a wait is drawn; default: `full`.")

    @field_validator("retry_on")
    @classmethod
    def _names_some(cls, value: tuple[RetryOn, ...] | None) -> tuple[RetryOn, ...] | None:
        if value is not None and not value:
            raise mistake("`retryOn` needs at least one outcome; for no re-tries write `attempts: 0`")
        return value


class RetryBudget(Model):
    """A limit of re-tries in proportion to the tries, as Envoy's; it needs `retries`."""

    percent: Percent | None = Field(None, description="Active re-tries, in percent of the active tries; default: 20.")
    min_retry_concurrency: Count | None = Field(None, description="So many re-tries may always be active; default: 3.")


class CircuitBreaker(Model):
    """Calls that are not made while too many fail: the machine of resilience4j, with its defaults."""

    sliding_window_type: Annotated[Literal["COUNT_BASED", "TIME_BASED"], one_of("COUNT_BASED", "TIME_BASED")] | None = (
        Field(None, description="The last results, or those of the last seconds; default: COUNT_BASED.")
    )
    sliding_window_size: WindowSize | None = Field(
        None, description="Results, or whole seconds, that are looked back on; default: 100."
    )
    minimum_number_of_calls: PositiveCount | None = Field(
        None, description="With fewer results it stays as it is; default: 100."
    )
    failure_rate_threshold: Threshold | None = Field(
        None, description="Percent of failures from which on it opens; default: 50."
    )
    slow_call_rate_threshold: Threshold | None = Field(
        None, description="Percent of slow calls from which on it opens; default: 100."
    )
    slow_call_duration_threshold: Duration | None = Field(
        None, description="A call that takes longer is slow; default: 60s."
    )
    wait_duration_in_open_state: Duration | None = Field(None, description="So long no call is made; default: 60s.")
    permitted_number_of_calls_in_half_open_state: PositiveCount | None = Field(
        None, description="Calls that then try whether it may close; default: 10."
    )
    max_wait_duration_in_half_open_state: Duration | None = Field(
        None, description="So long it waits for their results before it opens again; default: 0, for ever."
    )


class Hedge(Model):
    """A second try, sent while the first one is still unanswered; the first good answer wins."""

    after: Duration = Field(description="So long after the sending of a try that is still unanswered.")


class RateLimit(Model):
    """A limit of the tries at a service in a period, as resilience4j's."""

    limit_for_period: PositiveCount | None = Field(None, description="Tries in one period; default: 50.")
    limit_refresh_period: PositiveDuration | None = Field(
        None, description="The length of a period; default: 500ns, as in resilience4j."
    )
    timeout_duration: Duration | None = Field(
        None, description="So long one more waits for its permit before it is rejected; default: 5s; 0 is at once."
    )


class OutlierDetection(Model):
    """Replicas that fail again and again get no calls for a while, with Istio's words and defaults."""

    consecutive5xx_errors: PositiveCount | None = Field(
        None, alias="consecutive5xxErrors", description="So many failures one after the other; default: 5."
    )
    interval: PositiveDuration | None = Field(None, description="Between two looks at who may come back; default: 10s.")
    base_ejection_time: PositiveDuration | None = Field(
        None, description="Out for this long, times how often lately; default: 30s."
    )
    max_ejection_percent: Percent | None = Field(None, description="Of the replicas, out at once at most; default: 10.")


class Bulkhead(Model):
    """A limit of the calls that one replica has at a target at once, as resilience4j's."""

    max_concurrent_calls: PositiveCount | None = Field(None, description="At once; default: 25.")
    max_wait_duration: Duration | None = Field(
        None, description="One more waits so long for a place, and is rejected; default: 0, not at all."
    )


def overridden(base: B | None, own: B | None) -> B | None:
    """The block that `own` makes of another one: its keys, and the other's where it has none."""
    if base is None or own is None:
        return own if base is None else base
    written = {name: value for name, value in own if value is not None}
    return base.model_copy(update=written)
