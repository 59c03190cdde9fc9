"""The scalar types of a topology: what a file may write and its JSON Schema, and what Python may give."""

from __future__ import annotations

import math
import numbers
import re
import unicodedata
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from .. import units
from .mistakes import describe, did_you_mean, listed, mistake
from .unitwords import Noun, meant

ENDPOINT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$"
CALL_PATTERN = NAME_PATTERN
"""A call names a service, whose name may have dots, or after one more dot an endpoint, whose name has none."""

MOST_LOOKED_BACK_ON = 1_000_000
"""Results, or seconds, of a sliding window: every caller replica has room for them."""

_NAME = re.compile(NAME_PATTERN)
_ENDPOINT = re.compile(ENDPOINT_PATTERN)
_CALL = re.compile(CALL_PATTERN)


class WrittenInt(int):
    """A whole number that a file wrote, where a bare number has no unit."""


class WrittenFloat(float):
    """A number that a file wrote, where a bare number has no unit."""


def is_number(value: object) -> bool:
    """Whether a value is a real number; a boolean is none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _number(value: object, expected: str) -> float:
    if not is_number(value):
        raise mistake(f"expected {expected}, found {describe(value)}")
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        raise mistake(f"expected {expected}, found a number that is too large") from None
    if not math.isfinite(number):
        raise mistake(f"expected {expected}, found {describe(value)}")
    return number


def _parsed(parse: Callable[[str], float], noun: Noun, text: str) -> float:
    """What a text says, or a mistake that has our unit where it has one of others."""
    try:
        return parse(text)
    except ValueError as error:
        told = str(error)
        raise mistake(told + (meant(noun, text) if told.startswith("expected ") else "")) from None


def _quantity(parse: Callable[[str], float], noun: Noun, example: str) -> Callable[[object], float]:
    """Return a reader of text with a unit, or, from Python, of a number in the unit of the package."""

    def read(value: object) -> float:
        expected = f"{noun} such as {example}"
        if isinstance(value, str):
            return _parsed(parse, noun, value)
        number = _number(value, expected)
        if number < 0:
            raise mistake(f"{noun} cannot be negative, found {describe(value)}")
        if number and isinstance(value, WrittenInt | WrittenFloat):
            raise mistake(f"{noun} needs a unit, for example {example}, found `{value!r}`")
        return abs(number)  # -0.0 is 0.0

    return read


_read_seconds = _quantity(units.parse_duration, "a duration", "250ms")


def read_duration(value: object) -> float:
    """Return seconds, to the nanosecond, from `250ms` or, in Python, a number of them."""
    seconds = _read_seconds(value)
    try:
        return units.whole(seconds, describe(value))
    except ValueError as error:
        raise mistake(str(error)) from None


read_rate = _quantity(units.parse_rate, "a rate", "80/s")


def read_fraction(value: object) -> float:
    """Return a fraction of one from `0.2%`, 0.002 or, in Python, a number."""
    if isinstance(value, str):
        try:
            return units.parse_fraction(value)
        except ValueError as error:
            raise mistake(str(error)) from None
    number = _number(value, "a percentage such as 0.2% or a fraction of one")
    if 0 <= number <= 1:
        return abs(number)
    hint = f"; did you mean `{value}%`?" if 1 < number <= 100 else ""
    raise mistake(f"expected 0% to 100% or a fraction of at most 1, found {describe(value)}{hint}")


def read_confidence(value: object) -> float:
    """Return a confidence level, a fraction strictly between 0 and 1."""
    fraction = read_fraction(value)
    if not 0 < fraction < 1:
        raise mistake(f"expected a confidence between 0% and 100%, such as 95%, found {describe(value)}")
    return fraction


def read_memory(value: object) -> float:
    """Return bytes from a Kubernetes quantity or a number of bytes."""
    if isinstance(value, str):
        return _parsed(units.parse_memory, "memory", value)
    number = _number(value, "memory such as 256Mi")
    if number < 0:
        raise mistake(f"memory cannot be negative, found {describe(value)}")
    return abs(number)


def read_cpu(value: object) -> float:
    """Return cores: a whole number of them, or a fraction of one."""
    if isinstance(value, str):
        cores = _parsed(units.parse_cpu, "cores", value)
    else:
        cores = _number(value, "cores such as 2 or 500m")
    if cores <= 0:
        raise mistake(f"expected cores above 0, such as 2 or 500m, found {describe(value)}")
    if cores > 1 and cores != math.floor(cores):
        raise mistake(
            f"expected whole cores, or a fraction of one core, found {describe(value)}:"
            f" a step runs on one core at a time, so {cores:g} has no meaning;"
            f" write {math.floor(cores)} to be on the safe side, or {math.ceil(cores)} with"
            f" `speed: {cores / math.ceil(cores):.3g}` for as much work in all"
        )
    return cores


def _positive(read: Callable[[object], float], noun: str, hint: str = "") -> Callable[[object], float]:
    def check(value: object) -> float:
        number = read(value)
        if number <= 0:
            raise mistake(f"expected {noun} above 0, found {describe(value)}{hint}")
        return number

    return check


read_positive_duration = _positive(read_duration, "a duration")


def _number_from(low: float, noun: str) -> Callable[[object], float]:
    def check(value: object) -> float:
        number = _number(value, noun)
        if number < low:
            raise mistake(f"expected {noun} of at least {low:g}, found {describe(value)}")
        return abs(number) if number == 0 else number

    return check


def _whole(low: int, high: int = 2**63 - 1) -> Callable[[object], int]:
    def check(value: object) -> int:
        number = value
        if isinstance(value, float) and value.is_integer():
            number = int(value)  # 1e3 is a float in YAML 1.2
        if not isinstance(number, numbers.Integral) or isinstance(number, bool):
            raise mistake(f"expected a whole number, found {describe(value)}")
        if int(number) < low:
            raise mistake(f"expected a whole number of at least {low}, found {describe(value)}")
        if int(number) > high:
            raise mistake(f"expected a whole number of at most {high}, found {describe(value)}")
        return int(number)

    return check


read_positive_count = _whole(1)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise mistake(f"expected text, found {describe(value)}; put it in quotes if it is text")
    if control := next((each for each in value if unicodedata.category(each) == "Cc" and each not in "\n\t"), ""):
        raise mistake(f"expected text without control characters, found U+{ord(control):04X}")
    return value


def _words(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise mistake(f"expected text, found {describe(value)}")
    return value


def read_name(value: object) -> str:
    """Return a name, such as `payment` or, as Kubernetes has them, `payment.default`."""
    return _named(value, _NAME, "a name of letters, digits, -, _ and dots between them")


def read_endpoint_name(value: object) -> str:
    """Return the name of an endpoint, which has no dots, so that the last dot of a call comes before it."""
    return _named(value, _ENDPOINT, "a name of letters, digits, - and _")


def read_call(value: object) -> str:
    """Return what a call names: a service, or a service and its endpoint."""
    return _named(value, _CALL, "`service` or `service.endpoint`")


def _named(value: object, pattern: re.Pattern[str], expected: str) -> str:
    if is_number(value):
        raise mistake(f"expected {expected}, found the number {describe(value)}: put a name of digits in quotes")
    if not isinstance(value, str):
        raise mistake(f"expected {expected}, found {describe(value)}")
    if not pattern.match(value):
        begin = "" if value[:1].isalnum() and value[:1].isascii() else " that begins with a letter or a digit"
        tail = "" if "service" in expected else begin
        raise mistake(f"expected {expected}{tail}, found {describe(value)}")
    return value


def one_of(*words: str) -> BeforeValidator:
    """Return a reader of one of these words, spelt so."""

    def check(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        raise mistake(f"expected {listed(words)}, found {describe(value)}{hint}")

    return BeforeValidator(check)


DURATION_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": units.DURATION_PATTERN}, {"const": 0}],
    "description": "A duration with its unit: 250ms, 5us, 1.5s, 10m, 2h, 1h30m.",
}
RATE_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": units.RATE_PATTERN}, {"const": 0}],
    "description": "A rate with its unit: 80/s, 4800/min, 3/h.",
}
FRACTION_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": units.PERCENT_PATTERN},
        {"type": "number", "minimum": 0, "maximum": 1},
    ],
    "description": "A percentage such as 0.2%, or a fraction of one.",
}
MEMORY_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": units.MEMORY_PATTERN}, {"type": "number", "minimum": 0}],
    "description": "Bytes, as in Kubernetes: 256Mi, 1Gi, 512M.",
}
CPU_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": units.CPU_PATTERN},
        {"type": "integer", "minimum": 1},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    ],
    "description": "Whole cores, or a fraction of one: 2, 500m, 0.5.",
}

Duration = Annotated[float, BeforeValidator(read_duration), WithJsonSchema(DURATION_SCHEMA)]
PositiveDuration = Annotated[float, BeforeValidator(read_positive_duration), WithJsonSchema(DURATION_SCHEMA)]
Mean = Annotated[
    float,
    BeforeValidator(
        _positive(read_duration, "a mean", "; for a time that is always zero write 0 instead of a distribution")
    ),
    WithJsonSchema(DURATION_SCHEMA),
]
Rate = Annotated[float, BeforeValidator(read_rate), WithJsonSchema(RATE_SCHEMA)]
Fraction = Annotated[float, BeforeValidator(read_fraction), WithJsonSchema(FRACTION_SCHEMA)]
Confidence = Annotated[float, BeforeValidator(read_confidence), WithJsonSchema(FRACTION_SCHEMA)]
Memory = Annotated[float, BeforeValidator(read_memory), WithJsonSchema(MEMORY_SCHEMA)]
Cores = Annotated[float, BeforeValidator(read_cpu), WithJsonSchema(CPU_SCHEMA)]
Positive = Annotated[
    float,
    BeforeValidator(_positive(lambda value: _number(value, "a number"), "a number")),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
Amount = Annotated[
    float, BeforeValidator(_number_from(0, "a number")), WithJsonSchema({"type": "number", "minimum": 0})
]
Count = Annotated[int, BeforeValidator(_whole(0)), WithJsonSchema({"type": "integer", "minimum": 0})]
PositiveCount = Annotated[int, BeforeValidator(read_positive_count), WithJsonSchema({"type": "integer", "minimum": 1})]
WindowSize = Annotated[
    int,
    BeforeValidator(_whole(1, MOST_LOOKED_BACK_ON)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_LOOKED_BACK_ON}),
]
Seed = Annotated[
    int,
    BeforeValidator(_whole(0)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 2**63 - 1}),
]
Cv = Annotated[
    float,
    BeforeValidator(
        _positive(
            lambda value: _number(value, "a cv such as 0.8"),
            "a cv",
            "; without spread write `5ms`, a constant",
        )
    ),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "description": "Standard deviation / mean."}),
]
WideCv = Annotated[float, BeforeValidator(_number_from(1, "a cv")), WithJsonSchema({"type": "number", "minimum": 1})]
Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": "string"})]
Words = Annotated[str, BeforeValidator(_words), WithJsonSchema({"type": "string", "minLength": 1})]
Name = Annotated[str, BeforeValidator(read_name), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]
CallName = Annotated[
    str,
    BeforeValidator(read_call),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": CALL_PATTERN,
            "description": "A service, or a service and its endpoint.",
        }
    ),
]
