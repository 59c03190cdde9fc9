"""Who asks for what, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, field_validator, model_serializer
from pydantic.alias_generators import to_camel

from .base import Model
from .csvfiles import read_column
from .distributions import Constant, Distribution
from .mistakes import Mistake, Source, listed, mistake
from .steps import POLICY_KEYS
from .values import Amount, CallName, Count, Duration, Name, Rate, Words, WrittenFloat, WrittenInt, one_of

Shape = Literal["rate", "stages", "users", "replay"]
SHAPES: tuple[Shape, ...] = ("rate", "stages", "users", "replay")
# what acts only with some shapes
_NEEDS = {"arrivals": ("rate", "stages"), "startRate": ("stages",), "thinkTime": ("users",)}
KEYS = ("call", "calls", *SHAPES, *_NEEDS)


class Entry(Model):
    """One entry point of a workload and its share of the requests."""

    call: CallName = Field(description="A service, or a service and its endpoint.")
    weight: Amount = Field(1.0, description="Relative to the weights of the other entries.")


def _read_target(value: object) -> object:
    if isinstance(value, WrittenInt | WrittenFloat) and value > 0:
        raise mistake(
            f"a target is a rate and needs a unit, found `{value!r}`: write {value!r}/s for requests that come whoever "
            f"waits, or `users: {value!r}` instead of `stages` if it counts users, as the stages of k6 do"
        )
    return value


class Stage(Model):
    """A straight line from the rate before to the target."""

    target: Annotated[Rate, BeforeValidator(_read_target)] = Field(description="The rate at its end.")
    duration: Duration = Field(description="Its length; a stage of 0s is a jump.")


class Workload(Model):
    """A stream of requests: at a rate, in stages, from users who wait for their replies, or replayed."""

    shorthands = ("call",)
    hidden = frozenset({"replay_times", "replay_digest"})

    entries: tuple[Entry, ...] = Field(
        alias="calls", description="Several entry points, drawn by weight, instead of `call`."
    )
    rate: Rate | None = Field(None, description="Requests that come whatever became of the earlier ones.")
    arrivals: Annotated[Literal["poisson", "even"], one_of("poisson", "even")] = Field(
        "poisson", description="At random or evenly spaced; only with `rate` and `stages`."
    )
    start_rate: Rate | None = Field(None, description="The rate at 0, by default 0/s; only with `stages`.")
    stages: tuple[Stage, ...] | None = Field(
        None, description="A rate that changes; after the last stage nothing comes."
    )
    users: Count | None = Field(None, description="People, each with one request at a time: ask, wait, think.")
    think_time: Distribution = Field(
        default_factory=lambda: Constant(value=0.0),
        description="From the end of a request to the user's next; only with `users`; default: 0.",
    )
    replay: Words | None = Field(
        None, description="CSV file with a column arrival_s; the path is relative to this file."
    )
    policy: Name | None = Field(
        None, description="One of `policies`: the user's own patience and re-tries; default: waits for ever."
    )
    replay_times: tuple[float, ...] = Field(default=(), exclude=True, repr=False)
    replay_digest: str = Field(default="", exclude=True, repr=False)

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out."""
        shapes = [key for key in data if key in SHAPES]
        if len(shapes) > 1:
            message = f"a workload has one shape, but this one has {listed(shapes, 'and')}"
            two = ", ".join(f"{name}: {{{key}: ...}}" for name, key in zip(("one", "other"), shapes, strict=False))
            data[shapes[1]] = Mistake(f"{message}; leave one out, or make it two, `workload: {{{two}}}`", "key")
        elif shapes:
            for key, needed in _NEEDS.items():
                if key in data and shapes[0] not in needed:
                    data[key] = Mistake(f"`{key}` acts only with {listed(needed)}, not with `{shapes[0]}`", "key")
        if "call" in data and "calls" in data:
            data["calls"] = Mistake("a workload has `call` or `calls`, not both", "key")
            del data["call"]
        elif "call" in data:
            data["calls"] = [{"call": data.pop("call")}]
        if shapes == ["stages"]:
            data.setdefault("startRate", 0)
        if shapes == ["replay"]:
            _read_replay(data, source)
        return data

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        if key in POLICY_KEYS:
            return Mistake(f"`{key}` is for a policy: write it under `policies`, and name that by `policy`", "key")
        return super()._foreign(key)

    @classmethod
    def _missing(cls, data: dict[str, object]) -> dict[str, Mistake]:
        missing = {}
        if "calls" not in data:
            missing["calls"] = Mistake("missing key `call`", "key")
        if not any(shape in data for shape in SHAPES):
            missing["rate"] = Mistake(f"a workload needs one of {listed(SHAPES)}", "key")
        return missing

    @classmethod
    def _means(cls, key: str) -> set[str]:
        return {"call", "calls"} if key == "calls" else set(SHAPES)

    @field_validator("entries")
    @classmethod
    def _has_weight(cls, value: tuple[Entry, ...]) -> tuple[Entry, ...]:
        if not value:
            raise mistake("`calls` needs at least one entry")
        if not sum(entry.weight for entry in value) > 0:
            raise mistake("the weights of `calls` must not all be 0", "key")
        return value

    @field_validator("stages")
    @classmethod
    def _has_stages(cls, value: tuple[Stage, ...] | None) -> tuple[Stage, ...] | None:
        if value is not None and not value:
            raise mistake("`stages` needs at least one stage")
        return value

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        return {key: value for key, value in content.items() if self.shape in _NEEDS.get(to_camel(key), SHAPES)}

    @property
    def shape(self) -> Shape:
        """How the requests arrive: `rate`, `stages`, `users` or `replay`."""
        return next(shape for shape in SHAPES if getattr(self, shape) is not None)


def _read_replay(data: dict[str, object], source: Source) -> None:
    path = data["replay"]
    if not isinstance(path, str) or not path.strip():
        return  # reported by the field
    try:
        column = read_column(path, source.base, "arrival_s", ascending=True, confined=source.confined)
    except ValueError as error:
        data["replay"] = Mistake(str(error))
    else:
        data |= {"replayTimes": column.values, "replayDigest": column.digest}


def is_nameless(workload: object) -> bool:
    """Whether the `workload` of a file is one workload rather than several by name."""
    if not isinstance(workload, Mapping) or not workload:
        return False
    if any(key in KEYS and not isinstance(value, Mapping) for key, value in workload.items()):
        return True
    return not any(isinstance(value, Mapping) for value in workload.values())
