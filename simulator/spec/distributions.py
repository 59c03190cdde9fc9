"""How long something takes: the distributions of a file, given by mean and cv or by percentiles."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
)

from .. import units
from .base import Model
from .csvfiles import read_column
from .mistakes import Issue, Mistake, Source, describe, did_you_mean, listed, mistake, refuse
from .values import DURATION_SCHEMA, Cv, Duration, Mean, WideCv, Words, is_number, read_duration

Points: TypeAlias = tuple[tuple[float, float], ...]


def read_points(value: object) -> Points:
    """Return (probability, seconds) pairs, sorted, from a mapping such as {p50: 6ms, p99: 25ms}."""
    if isinstance(value, tuple):
        return value
    if not isinstance(value, Mapping):
        raise mistake(f"expected a mapping of percentiles such as p50: 6ms, found {describe(value)}")
    points: list[tuple[float, float, str]] = []
    issues: list[Issue] = []
    for key, duration in value.items():
        try:
            probability = units.parse_percentile(str(key))
        except ValueError as error:
            issues.append(Issue((key,), str(error), "key"))
            continue
        if any(probability == known for known, _, _ in points):
            issues.append(Issue((key,), f"percentile `{key}` is given twice", "key"))
        if isinstance(duration, Mistake):
            issues.append(Issue((key,), duration.message, duration.at))
            continue
        try:
            points.append((probability, read_duration(duration), str(key)))
        except ValueError as error:
            issues.append(Issue((key,), str(error)))
    points.sort()
    for (_, low, lower), (_, high, higher) in itertools.pairwise(points):
        if high < low:
            issues.append(Issue((higher,), f"percentiles must ascend, but `{higher}` is below `{lower}`"))
    if issues:
        refuse(issues, value)
    return tuple((probability, seconds) for probability, seconds, _ in points)


Quantiles: TypeAlias = Annotated[
    Points,
    BeforeValidator(read_points),
    WithJsonSchema(
        {
            "type": "object",
            "patternProperties": {units.PERCENTILE_PATTERN: DURATION_SCHEMA},
            "required": ["p0", "p100"],
        }
    ),
]


class WithPercentiles(Model):
    """Base of what has percentiles as keys, such as p50 and p99."""

    hidden = frozenset({"percentiles"})

    percentiles: Annotated[Points, BeforeValidator(read_points)] = ()

    @classmethod
    def is_known(cls, key: str) -> bool:
        """Whether a file may have this key here: a field, or a percentile."""
        return super().is_known(key) or units.is_percentile(key)

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out."""
        given = {key: value for key, value in data.items() if units.is_percentile(key)}
        rest = {key: value for key, value in data.items() if key not in given}
        if given:
            rest["percentiles"] = given
        return rest

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        wrong = super()._foreign(key)
        hint = " or percentiles such as `p99`" if "; expected" in wrong.message else ""
        return Mistake(wrong.message + hint, wrong.at)

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        points = content.pop("percentiles", ())
        assert isinstance(points, tuple | list)
        return content | {units.format_percentile(probability): seconds for probability, seconds in points}


class _Kind(Model):
    """What every distribution has."""

    @classmethod
    def _means(cls, key: str) -> set[str]:
        return {key, ""}  # any unknown key was meant to be the missing one: sigma, say

    @property
    def kind(self) -> str:
        """The name of the distribution."""
        return str(getattr(self, "dist"))  # noqa: B009 - each kind has its own literal type


class Constant(_Kind):
    """Always the same time; a bare duration is one."""

    dist: Literal["constant"] = "constant"
    value: Duration = Field(description="The time.")


class Uniform(_Kind):
    """Evenly spread between two times."""

    dist: Literal["uniform"] = "uniform"
    min: Duration = Field(description="The shortest time.")
    max: Duration = Field(description="The longest time.")

    @field_validator("max")
    @classmethod
    def _ascends(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("min", 0.0):
            raise mistake("`max` must not be below `min`")
        return value


class Normal(_Kind):
    """A normal distribution by the mean and cv that it has before it is cut at 0."""

    dist: Literal["normal"] = "normal"
    mean: Mean = Field(description="Its mean.")
    cv: Cv


class Gamma(_Kind):
    """A gamma distribution."""

    dist: Literal["gamma"] = "gamma"
    mean: Mean = Field(description="Its mean.")
    cv: Cv


class Hyperexponential(_Kind):
    """The hyperexponential distribution of two branches with balanced means, cv >= 1."""

    dist: Literal["hyperexponential"] = "hyperexponential"
    mean: Mean = Field(description="Its mean.")
    cv: WideCv = Field(description="Standard deviation / mean, at least 1.")


class _Fitted(WithPercentiles, _Kind):
    """Base of what is given by its moments or by as many percentiles as it has parameters."""

    moments: ClassVar[tuple[str, ...]] = ("mean", "cv")

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out."""
        dist = str(data.get("dist"))
        data = super().normalise(data, source)
        points = data.get("percentiles")
        given = [key for key in cls.moments if key in data]
        wanted = f"{listed(cls.moments, 'and')}, or {_COUNTS[len(cls.moments)]}"
        if isinstance(points, dict):
            _check_percentiles(points, dist)
            if given:
                data[given[0]] = Mistake(f"{dist} needs {wanted}, not both", "key")
            elif len(points) != len(cls.moments):
                data["percentiles"] = Mistake(f"{dist} needs {wanted}, found {listed(points, 'and')}", "key")
        return data

    @classmethod
    def _missing(cls, data: dict[str, object]) -> dict[str, Mistake]:
        wanted = f"{data.get('dist')} needs {listed(cls.moments, 'and')}, or {_COUNTS[len(cls.moments)]}"
        missing = [] if "percentiles" in data else [key for key in cls.moments if key not in data]
        return {key: Mistake(wanted, "key") for key in missing}


_COUNTS = {1: "one percentile such as p99", 2: "two percentiles such as p50 and p99"}


def _check_percentiles(points: dict[str, object], dist: str) -> None:
    """Put mistakes in place of percentiles that fix no distribution."""
    earlier: list[float] = []
    for key in sorted(points, key=units.parse_percentile):
        if units.parse_percentile(key) in (0.0, 1.0):
            points[key] = Mistake(f"{dist} has no `{key}`: it is zero or infinite", "key")
            continue
        try:
            seconds = read_duration(points[key])
        except ValueError:  # reported where the value is read
            seconds = math.inf
        if seconds <= 0:
            points[key] = Mistake(f"a percentile of {dist} must be above 0")
        elif earlier and seconds == earlier[-1]:
            points[key] = Mistake(f"two equal percentiles have no spread; write `{points[key]}`, a constant")
        earlier.append(seconds)


class Exponential(_Fitted):
    """The exponential distribution, by its mean or one percentile."""

    moments = ("mean",)

    dist: Literal["exponential"] = "exponential"
    mean: Mean | None = Field(None, description="Its mean.")


class LogNormal(_Fitted):
    """The lognormal distribution, by mean and cv or two percentiles."""

    dist: Literal["lognormal"] = "lognormal"
    mean: Mean | None = Field(None, description="Its mean.")
    cv: Cv | None = None


class Weibull(_Fitted):
    """The Weibull distribution, by mean and cv or two percentiles."""

    dist: Literal["weibull"] = "weibull"
    mean: Mean | None = Field(None, description="Its mean.")
    cv: Cv | None = None


class Pareto(_Fitted):
    """The Pareto distribution of type I, by mean and cv or two percentiles."""

    dist: Literal["pareto"] = "pareto"
    mean: Mean | None = Field(None, description="Its mean.")
    cv: Cv | None = None


class Empirical(_Kind):
    """What was measured: quantiles with straight lines between them, or the sample itself in a file."""

    hidden = frozenset({"values", "digest"})

    dist: Literal["empirical"] = "empirical"
    quantiles: Quantiles | None = Field(None, description="p0, p100, and any percentiles between them.")
    file: Words | None = Field(
        None, description="CSV file with a column value_s, each value as likely; relative to this file."
    )
    values: tuple[float, ...] = Field(default=(), exclude=True, repr=False)
    digest: str = Field(default="", exclude=True, repr=False)

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out."""
        if "quantiles" in data and "file" in data:
            data["file"] = Mistake("empirical needs `quantiles` or `file`, not both", "key")
        elif "quantiles" not in data and "file" not in data:
            data["quantiles"] = Mistake("empirical needs `quantiles` or `file`", "key")
        elif isinstance(path := data.get("file"), str) and path.strip():
            try:
                column = read_column(path, source.base, "value_s", ascending=False, confined=source.confined)
            except ValueError as error:
                data["file"] = Mistake(str(error))
            else:
                data |= {"values": tuple(sorted(column.values)), "digest": column.digest}
        return data

    @field_validator("quantiles")
    @classmethod
    def _has_ends(cls, value: Points | None) -> Points | None:
        if value is not None and (not value or (value[0][0], value[-1][0]) != (0.0, 1.0)):
            raise mistake("`quantiles` needs both ends, p0 and p100", "key")
        return value

    @property
    def points(self) -> Points:
        """The quantiles as (probability, seconds), sorted; empty for a file."""
        return self.quantiles or ()

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content: dict[str, object] = handler(self)
        quantiles = {units.format_percentile(p): seconds for p, seconds in self.points}
        return content | {"quantiles": quantiles or None}


MODELS: dict[str, type[Model]] = {
    "constant": Constant,
    "exponential": Exponential,
    "uniform": Uniform,
    "normal": Normal,
    "lognormal": LogNormal,
    "gamma": Gamma,
    "weibull": Weibull,
    "pareto": Pareto,
    "hyperexponential": Hyperexponential,
    "empirical": Empirical,
}
KINDS = tuple(MODELS)


def _read_distribution(value: object) -> object:
    if isinstance(value, str) or is_number(value):
        return {"dist": "constant", "value": value}
    if isinstance(value, Model | Mistake):
        return value
    if not isinstance(value, Mapping):
        raise mistake(f"expected a duration such as 250ms or a distribution, found {describe(value)}")
    kind = value.get("dist")
    if "dist" not in value:
        raise mistake("missing key `dist`, for example {dist: exponential, mean: 12ms}", "key")
    if not isinstance(kind, str) or kind not in MODELS:
        hint = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        hint = hint or f"; expected {listed(KINDS)}"
        refuse([Issue(("dist",), f"unknown distribution {describe(kind)}{hint}")], value)
    return value


def _tag(value: object) -> str:
    kind = value.get("dist") if isinstance(value, Mapping) else getattr(value, "dist", "constant")
    return f"<{kind}>"  # no key looks like this, so that it drops out of locations


Distribution: TypeAlias = Annotated[
    Annotated[Constant, Tag("<constant>")]
    | Annotated[Exponential, Tag("<exponential>")]
    | Annotated[Uniform, Tag("<uniform>")]
    | Annotated[Normal, Tag("<normal>")]
    | Annotated[LogNormal, Tag("<lognormal>")]
    | Annotated[Gamma, Tag("<gamma>")]
    | Annotated[Weibull, Tag("<weibull>")]
    | Annotated[Pareto, Tag("<pareto>")]
    | Annotated[Hyperexponential, Tag("<hyperexponential>")]
    | Annotated[Empirical, Tag("<empirical>")],
    Discriminator(_tag),
    BeforeValidator(_read_distribution),
]
