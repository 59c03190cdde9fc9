"""What goes wrong: replicas that fail by chance, and faults that are planned."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from .base import Model
from .distributions import Distribution
from .mistakes import Mistake, Source, describe, listed, mistake
from .policies import Percent
from .values import (
    Duration,
    Name,
    Positive,
    PositiveCount,
    is_number,
    read_duration,
    read_positive_count,
)

FaultKind = Literal["kill", "slow", "pause", "abort", "delay", "partition"]
FAULT_KINDS: tuple[FaultKind, ...] = ("kill", "slow", "pause", "abort", "delay", "partition")
OF_THE_NETWORK = ("abort", "delay", "partition")


def _read_time_between(value: object) -> object:
    """A bare duration is the mean of an exponential law."""
    if isinstance(value, str) or is_number(value):
        if read_duration(value) == 0.0:
            raise mistake(f"expected a duration above 0, found {describe(value)}")
        return {"dist": "exponential", "mean": value}
    return value


def _read_time_to_repair(value: object) -> object:
    if isinstance(value, str) or is_number(value):
        return value if read_duration(value) == 0.0 else _read_time_between(value)
    return value


class Failures(Model):
    """How each replica fails and is repaired, again and again."""

    mtbf: Annotated[Distribution, BeforeValidator(_read_time_between)] = Field(
        description="Time up between failures; a bare duration is the mean of an exponential law."
    )
    mttr: Annotated[Distribution, BeforeValidator(_read_time_to_repair)] = Field(
        description="Time to repair, without `startup`; a bare duration is the mean of an exponential law."
    )


def _read_replicas(value: object) -> object:
    if isinstance(value, str):
        if value == "all":
            return value
        raise mistake(f"expected a whole number or `all`, found {describe(value)}")
    return read_positive_count(value)


Some = Annotated[PositiveCount | Literal["all"], BeforeValidator(_read_replicas)]
SOME = "How many, those with the lowest numbers."


class Kill(Model):
    """Replicas die: what is in them is lost."""

    replicas: Some = Field("all", description=SOME)


class Slow(Model):
    """Steps take longer."""

    factor: Positive = Field(description="cpu steps and sleeps that begin take so many times as long.")
    replicas: Some = Field("all", description=SOME)


class Pause(Model):
    """Replicas stand still; nothing is lost."""

    replicas: Some = Field("all", description=SOME)


class Abort(Model):
    """Attempts fail on the way, as Istio's `abort`."""

    percentage: Percent = Field(100.0, description="Of the attempts; a number from 0 to 100.")
    replicas: Some = Field("all", description=SOME)


class Delay(Model):
    """Messages to the target are late, as Istio's `delay`."""

    percentage: Percent = Field(100.0, description="Of the messages; a number from 0 to 100.")
    fixed_delay: Duration = Field(description="How late.")


class Partition(Model):
    """Messages vanish, in both directions."""


class Fault(Model):
    """Something that goes wrong at a time, for a time."""

    at: Duration = Field(description="When it begins.")
    for_: Duration | None = Field(
        None, alias="for", description="How long it lasts; of a `kill` by default no time: it starts again at once."
    )
    target: Name = Field(description="A service.")
    from_: Name | None = Field(
        None,
        alias="from",
        description="A service or a workload, whose calls alone it is about; not of `kill`, `slow`, `pause`.",
    )
    kill: Kill | None = Field(None, description="Replicas of the target's unit are down.")
    slow: Slow | None = Field(None, description="Its steps take longer.")
    pause: Pause | None = Field(None, description="The cores of replicas of its unit stand still.")
    abort: Abort | None = Field(None, description="Attempts at it fail on the way.")
    delay: Delay | None = Field(None, description="Messages to it are late.")
    partition: Partition | None = Field(None, description="Messages between it and its callers vanish.")

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Point out what does not go together."""
        kinds = [key for key in data if key in FAULT_KINDS]
        if len(kinds) > 1:
            message = f"a fault is of one kind, but this one is of {listed(kinds, 'and')}"
            data[kinds[1]] = Mistake(message, "key")
        elif kinds and kinds[0] not in OF_THE_NETWORK and "from" in data:
            data["from"] = Mistake(f"`from` acts only with {listed(OF_THE_NETWORK)}, not with `{kinds[0]}`", "key")
        return data

    @classmethod
    def _missing(cls, data: dict[str, object]) -> dict[str, Mistake]:
        missing = super()._missing(data)
        kinds = [key for key in data if key in FAULT_KINDS]
        if not kinds:
            missing["kill"] = Mistake(f"a fault needs one of {listed(FAULT_KINDS)}", "key")
        elif kinds != ["kill"] and "for" not in data:
            missing["for"] = Mistake(f"missing key `for`: how long the {kinds[0]} lasts", "key")
        return missing

    @classmethod
    def _means(cls, key: str) -> set[str]:
        return set(FAULT_KINDS) if key == "kill" else {key}

    @property
    def kind(self) -> FaultKind:
        """What goes wrong."""
        return next(kind for kind in FAULT_KINDS if getattr(self, kind) is not None)

    @property
    def until(self) -> float:
        """When it ends."""
        return self.at + (self.for_ or 0.0)

    @property
    def replicas(self) -> int | Literal["all"]:
        """How many replicas it is about."""
        block = getattr(self, self.kind)
        chosen: int | Literal["all"] = getattr(block, "replicas", "all")
        return chosen
