"""Requests that fork into parallel calls and go on when the last of them is back."""

import math
from collections.abc import Sequence
from itertools import combinations

from ._checks import below_one, positive, stable_load, whole

_MOST_MEANS = 16


def harmonic_number(count: int) -> float:
    """The sum 1 + 1/2 + ... + 1/`count`; 0 for 0. Raises ValueError below 0."""
    return math.fsum(1.0 / number for number in range(1, whole("count", count, 0) + 1))


def fork_join_mean_response_time(arrival_rate: float, service_time: float) -> float:
    """Mean response time in seconds of a request that forks into TWO calls, each to its own M/M/1; exact.

    Poisson requests, both stations FIFO with the same mean service time, independent exponential service
    times.

    Parameters
    ----------
    arrival_rate
        Requests per second, at least 0; each station gets all of them.
    service_time
        Mean, seconds, above 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range or the utilisation is 1 or more.

    References
    ----------
    L. Flatto, S. Hahn, "Two parallel queues created by arrivals with two demands I", 1984; R. Nelson,
    A. N. Tantawi, "Approximate analysis of fork/join synchronization in parallel queues", 1988.
    """
    load = stable_load(arrival_rate, service_time)
    return (12.0 - load) / 8.0 * service_time / (1.0 - load)


def fork_join_mean_response_time_nelson_tantawi(arrival_rate: float, service_time: float, calls: int) -> float:
    """Mean response time in seconds of a request that forks into n calls: an APPROXIMATION for n above 2.

    Assumes what `fork_join_mean_response_time` does, which it equals for two calls; for one it is M/M/1.
    Its authors found it within 5 % of simulation for 2 to 32 calls.

    Parameters
    ----------
    arrival_rate, service_time
        As for `fork_join_mean_response_time`.
    calls
        Parallel calls, each to a station of its own, 1 to 32.

    Raises
    ------
    ValueError
        If a parameter is out of its range or the utilisation is 1 or more.

    References
    ----------
    R. Nelson, A. N. Tantawi, "Approximate analysis of fork/join synchronization in parallel queues", 1988.
    """
    load = stable_load(arrival_rate, service_time)
    if whole("calls", calls, 1) > 32:
        raise ValueError(f"calls must be at most 32, where the approximation was tested, got {calls}")
    if calls == 1:
        return service_time / (1.0 - load)
    ratio = harmonic_number(calls) / harmonic_number(2)
    return (ratio + 4.0 / 11.0 * (1.0 - ratio) * load) * fork_join_mean_response_time(arrival_rate, service_time)


def mean_maximum_exponential(means: Sequence[float]) -> float:
    """Mean of the largest of independent exponential times, with these means, in their unit; no queueing.

    For equal means it is the mean times the harmonic number; else by inclusion and exclusion.

    Parameters
    ----------
    means
        Above 0. Any number of equal ones; up to 16 if they differ.

    Returns
    -------
    float
        0 for no means at all.

    Raises
    ------
    ValueError
        If a mean is out of its range, or more than 16 differ.

    References
    ----------
    S. M. Ross, "Introduction to Probability Models", 2010, section 5.2.
    """
    rates = [1.0 / positive("means", mean) for mean in means]
    if len(set(means)) <= 1:
        return harmonic_number(len(means)) * (means[0] if means else 0.0)
    if len(rates) > _MOST_MEANS:
        raise ValueError(f"means must be equal or at most {_MOST_MEANS}, got {len(rates)}")
    return math.fsum(
        (1.0 if size % 2 else -1.0) / math.fsum(chosen)
        for size in range(1, len(rates) + 1)
        for chosen in combinations(rates, size)
    )


def maximum_exponential_quantile(mean: float, count: int, probability: float) -> float:
    """Time not exceeded with this probability by the largest of `count` independent exponential times.

    Parameters
    ----------
    mean
        Of each, above 0; the result has its unit.
    count
        At least 1.
    probability
        In [0, 1).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    S. M. Ross, "Introduction to Probability Models", 2010, section 5.2; for the tail at scale, J. Dean,
    L. A. Barroso, "The tail at scale", 2013.
    """
    positive("mean", mean)
    whole("count", count, 1)
    if below_one("probability", probability) == 0.0:
        return 0.0
    # 1 - p^(1/n), without cancellation
    return -mean * math.log(-math.expm1(math.log(probability) / count))
