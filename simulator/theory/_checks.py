"""The parameter checks and the small numerical helpers that the closed forms share."""

import math
from collections.abc import Callable, Sequence


def positive(name: str, value: float) -> float:
    """`value`, if it is finite and above zero; else a ValueError that names it."""
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def not_negative(name: str, value: float) -> float:
    """`value`, if it is finite and zero or more; else a ValueError that names it."""
    if not (math.isfinite(value) and value >= 0.0):
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")
    return float(value)


def below_one(name: str, value: float) -> float:
    """`value`, if it lies in [0, 1); else a ValueError that names it."""
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name} must lie in [0, 1), got {value!r}")
    return float(value)


def whole(name: str, value: int, least: int) -> int:
    """`value`, if it is an int of at least `least`; else a ValueError that names it."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return value


def same_length(name: str, values: Sequence[object], count: int) -> None:
    """Raise a ValueError unless `values` has `count` entries."""
    if len(values) != count:
        raise ValueError(f"{name} must have {count} entries, one a station, got {len(values)}")


def stable_load(arrival_rate: float, service_time: float, servers: int = 1) -> float:
    """Mean number of busy servers, `arrival_rate * service_time`; raise unless it is below `servers`."""
    whole("servers", servers, 1)
    load = not_negative("arrival_rate", arrival_rate) * positive("service_time", service_time)
    if load >= servers:
        raise ValueError(
            f"unstable: utilisation {load / servers:.6g} must be below 1 "
            f"(arrival_rate {arrival_rate!r} per second, service_time {service_time!r} s, "
            f"servers {servers})"
        )
    return load


def invert_survival(survival: Callable[[float], float], tail: float, scale: float) -> float:
    """Smallest time with `survival(time) <= tail`, for a survival function that falls to zero.

    Bisection down to neighbouring floats; `scale` is a first guess of the time, above zero.
    """
    if survival(0.0) <= tail:
        return 0.0
    low, high = 0.0, scale
    while survival(high) > tail:
        low, high = high, 2.0 * high
    while True:
        middle = 0.5 * (low + high)
        if not low < middle < high:
            return high
        if survival(middle) > tail:
            low = middle
        else:
            high = middle


def poisson_probability(count: int, mean: float) -> float:
    """P(N = count) of a Poisson number with this mean; by logarithms, so it survives large arguments."""
    if mean == 0.0:
        return 1.0 if count == 0 else 0.0
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))


def log_sum(terms: Sequence[float]) -> float:
    """Logarithm of the sum of the exponentials of `terms`, without overflow; -inf for no terms."""
    top = max(terms, default=-math.inf)
    if top == -math.inf:
        return -math.inf
    return top + math.log(math.fsum(math.exp(term - top) for term in terms))


def log(value: float) -> float:
    """Natural logarithm, with -inf for zero."""
    return math.log(value) if value > 0.0 else -math.inf
