"""How long a run is and how often it is repeated; the network between processes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from ..units import format_duration
from .base import Model
from .distributions import Constant, Distribution
from .mistakes import Source, mistake
from .values import (
    DURATION_SCHEMA,
    Confidence,
    Duration,
    Fraction,
    Name,
    PositiveCount,
    PositiveDuration,
    Seed,
    read_duration,
)


def _read_warmup(value: object) -> object:
    return value if value == "auto" and isinstance(value, str) else read_duration(value)


LONGEST_S = 320_000 * 3600.0
"""Of a run, and of its drain: nanoseconds are counted up to 2^61 (rule 1.1), 73 years."""
_WARMUP_SCHEMA = {"anyOf": [DURATION_SCHEMA, {"const": "auto"}]}
_WARMUP_S = 60.0


class Simulation(Model):
    """How long a run is, and how often it is repeated."""

    duration: PositiveDuration = Field(600.0, description="Length of a run: arrivals stop then.")
    warmup: Annotated[float | Literal["auto"], BeforeValidator(_read_warmup), WithJsonSchema(_WARMUP_SCHEMA)] = Field(
        _WARMUP_S,
        json_schema_extra={"default": format_duration(_WARMUP_S)},
        description="Before it nothing counts; auto: by MSER-5. Of a run of up to"
        f" {format_duration(_WARMUP_S)} the default is a tenth.",
    )
    seed: Seed = Field(1, description="What the randomness starts from: the same seed gives the same bytes.")
    replications: PositiveCount = Field(10, description="Independent runs.")
    confidence: Confidence = Field(0.95, description="Level of the intervals.")
    drain: Duration = Field(60.0, description="Time after the end for requests in flight.")

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out."""
        if "warmup" not in data and "duration" in data:
            try:
                duration = read_duration(data["duration"])
            except ValueError:
                return data
            if duration <= _WARMUP_S:
                # who shortens a run and does not name the warmup wants a short one, not an error
                data["warmup"] = duration / 10
        return data

    @field_validator("duration", "drain")
    @classmethod
    def _is_countable(cls, value: float) -> float:
        if value > LONGEST_S:
            raise mistake("expected 36 years (320000h) at most")
        return value

    @field_validator("warmup")
    @classmethod
    def _ends(cls, value: float | Literal["auto"], info: ValidationInfo) -> float | Literal["auto"]:
        if value != "auto" and "duration" in info.data and value >= info.data["duration"]:
            warmup, duration = format_duration(value), format_duration(info.data["duration"])
            raise mistake(f"`warmup` ({warmup}) must be shorter than `duration` ({duration}): change both")
        return value


class Link(Model):
    """What differs between a caller and a target, in both directions."""

    from_: Name = Field(alias="from", description="A service, or a workload.")
    to: Name = Field(description="A service.")
    latency: Distribution | None = Field(None, description="One way; default: that of the network.")
    loss: Fraction = Field(0.0, description="Of each message.")
    error_rate: Fraction = Field(0.0, description="Of each attempt; the target does no work.")


def _zero() -> Constant:
    return Constant(value=0.0)


class Network(Model):
    """What a message between two processes costs."""

    meant = "latency"

    latency: Distribution = Field(default_factory=_zero, description="One way, of each message.")
    serialization: Distribution = Field(default_factory=_zero, description="cpu at each end of each message.")
    links: tuple[Link, ...] = Field((), description="What differs between certain callers and targets.")
