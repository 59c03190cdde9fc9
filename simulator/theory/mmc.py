"""Poisson arrivals, exponential service times, unlimited queue served in order of arrival: M/M/1 and M/M/c.

Everywhere `arrival_rate` is per second, at least 0; `service_time` is the mean in seconds, above 0; `servers`
is a whole number of at least 1; times are seconds. Every function raises ValueError for a parameter out of
its range and when the utilisation `arrival_rate * service_time / servers` is 1 or more.
"""

import math

from ._checks import below_one, invert_survival, not_negative, stable_load, whole
from .erlang import erlang_c


def mm1_mean_waiting_time(arrival_rate: float, service_time: float) -> float:
    """Mean waiting time in M/M/1, in seconds.

    References
    ----------
    L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 3.2.
    """
    load = stable_load(arrival_rate, service_time)
    return load * service_time / (1.0 - load)


def mm1_mean_response_time(arrival_rate: float, service_time: float) -> float:
    """Mean response time in M/M/1, in seconds; processor sharing has the same mean.

    References
    ----------
    L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 3.2.
    """
    return service_time / (1.0 - stable_load(arrival_rate, service_time))


def mm1_mean_number(arrival_rate: float, service_time: float) -> float:
    """Mean number of requests in M/M/1, waiting and in service.

    References
    ----------
    L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 3.2.
    """
    load = stable_load(arrival_rate, service_time)
    return load / (1.0 - load)


def mm1_number_probability(arrival_rate: float, service_time: float, number: int) -> float:
    """Probability of `number` (at least 0) requests in M/M/1: geometric.

    References
    ----------
    L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 3.2.
    """
    load = stable_load(arrival_rate, service_time)
    return (1.0 - load) * load ** whole("number", number, 0)


def mm1_response_time_survival(arrival_rate: float, service_time: float, time: float) -> float:
    """Probability that the response time in M/M/1 exceeds `time` (seconds, at least 0): exponential.

    References
    ----------
    L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 5.12.
    """
    load = stable_load(arrival_rate, service_time)
    return math.exp(-(1.0 - load) * not_negative("time", time) / service_time)


def mm1_response_time_quantile(arrival_rate: float, service_time: float, probability: float) -> float:
    """Response time in M/M/1 not exceeded with this probability (in [0, 1)), in seconds.

    References
    ----------
    L. Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 5.12.
    """
    load = stable_load(arrival_rate, service_time)
    return -math.log1p(-below_one("probability", probability)) * service_time / (1.0 - load)


def mmc_mean_waiting_time(arrival_rate: float, service_time: float, servers: int) -> float:
    """Mean waiting time in M/M/c, over all requests (those that wait not at all count as 0), in seconds.

    References
    ----------
    A. K. Erlang, 1917; D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008,
    section 2.3.
    """
    load = stable_load(arrival_rate, service_time, servers)
    return erlang_c(load, servers) * service_time / (servers - load)


def mmc_mean_response_time(arrival_rate: float, service_time: float, servers: int) -> float:
    """Mean response time in M/M/c, in seconds.

    References
    ----------
    D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section 2.3.
    """
    return mmc_mean_waiting_time(arrival_rate, service_time, servers) + service_time


def mmc_mean_queue_length(arrival_rate: float, service_time: float, servers: int) -> float:
    """Mean number of requests that wait in M/M/c, those in service not counted.

    References
    ----------
    D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section 2.3.
    """
    return arrival_rate * mmc_mean_waiting_time(arrival_rate, service_time, servers)


def mmc_mean_number(arrival_rate: float, service_time: float, servers: int) -> float:
    """Mean number of requests in M/M/c, waiting and in service.

    References
    ----------
    D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section 2.3.
    """
    return arrival_rate * mmc_mean_response_time(arrival_rate, service_time, servers)


def mmc_waiting_time_survival(arrival_rate: float, service_time: float, servers: int, time: float) -> float:
    """Probability that the waiting time in M/M/c exceeds `time` (seconds, at least 0); at 0, Erlang C.

    References
    ----------
    D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section 2.3.
    """
    load = stable_load(arrival_rate, service_time, servers)
    decay = (servers - load) / service_time
    return erlang_c(load, servers) * math.exp(-decay * not_negative("time", time))


def mmc_waiting_time_quantile(arrival_rate: float, service_time: float, servers: int, probability: float) -> float:
    """Waiting time in M/M/c not exceeded with this probability (in [0, 1)), in seconds.

    It is 0 up to the share of requests that do not wait.

    References
    ----------
    D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section 2.3.
    """
    load = stable_load(arrival_rate, service_time, servers)
    tail = 1.0 - below_one("probability", probability)
    waits = erlang_c(load, servers)
    return 0.0 if waits <= tail else math.log(waits / tail) * service_time / (servers - load)


def mmc_response_time_survival(arrival_rate: float, service_time: float, servers: int, time: float) -> float:
    """Probability that the response time in M/M/c exceeds `time` (seconds, at least 0).

    References
    ----------
    D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section 2.3.
    """
    load = stable_load(arrival_rate, service_time, servers)
    return response_survival(erlang_c(load, servers), load, servers, not_negative("time", time) / service_time)


def mmc_response_time_quantile(arrival_rate: float, service_time: float, servers: int, probability: float) -> float:
    """Response time in M/M/c not exceeded with this probability (in [0, 1)), in seconds.

    By bisection of `mmc_response_time_survival`, to the last digits of a float.

    References
    ----------
    D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section 2.3.
    """
    load = stable_load(arrival_rate, service_time, servers)
    tail = 1.0 - below_one("probability", probability)
    waits = erlang_c(load, servers)
    return service_time * invert_survival(lambda x: response_survival(waits, load, servers, x), tail, 1.0)


def response_survival(waits: float, load: float, servers: int, time: float) -> float:
    """P(response time > time) in M/M/c, with time in mean service times and `waits` = Erlang C.

    Service plus, with probability `waits`, an exponential wait of rate `servers - load`. The difference of
    the two exponentials is written by expm1 of a negative number: no cancellation where the two rates meet,
    no overflow at large times.
    """
    rate = servers - load
    gap = rate - 1.0
    if gap > 0.0:
        both = -math.exp(-time) * math.expm1(-gap * time) / gap
    elif gap < 0.0:
        both = math.exp(-rate * time) * math.expm1(gap * time) / gap
    else:
        both = math.exp(-time) * time
    return math.exp(-time) + waits * both
