"""Poisson arrivals, any service time, one server: M/G/1 in order of arrival, last in first out, and shared.

Everywhere `arrival_rate` is per second, at least 0; `service_time` is the mean in seconds, above 0; `cv` is
the standard deviation of the service time over its mean, at least 0. Every function raises ValueError for a
parameter out of its range and when the utilisation `arrival_rate * service_time` is 1 or more.
"""

from ._checks import not_negative, stable_load


def mg1_mean_waiting_time(arrival_rate: float, service_time: float, cv: float) -> float:
    """Mean waiting time in M/G/1, FIFO, in seconds: the formula of Pollaczek and Khinchine.

    References
    ----------
    F. Pollaczek, "Ueber eine Aufgabe der Wahrscheinlichkeitstheorie", 1930; A. Y. Khinchine, 1932; L.
    Kleinrock, "Queueing Systems, Volume 1: Theory", 1975, section 5.6.
    """
    load = stable_load(arrival_rate, service_time)
    spread = 1.0 + not_negative("cv", cv) ** 2
    return load * service_time * spread / (2.0 * (1.0 - load))


def mg1_mean_response_time(arrival_rate: float, service_time: float, cv: float) -> float:
    """Mean response time in M/G/1, FIFO, in seconds. Source: as for `mg1_mean_waiting_time`."""
    return mg1_mean_waiting_time(arrival_rate, service_time, cv) + service_time


def mg1_mean_number(arrival_rate: float, service_time: float, cv: float) -> float:
    """Mean number of requests in M/G/1, FIFO, waiting and in service.

    Source: as for `mg1_mean_waiting_time`.
    """
    return arrival_rate * mg1_mean_response_time(arrival_rate, service_time, cv)


def mg1_lifo_mean_waiting_time(arrival_rate: float, service_time: float, cv: float) -> float:
    """Mean waiting time in M/G/1, last in first out without preemption, in seconds: that of FIFO.

    The mean does not depend on an order that ignores the service times; the spread does, and is larger here.

    References
    ----------
    R. W. Conway, W. L. Maxwell, L. W. Miller, "Theory of Scheduling", 1967, chapter 8.
    """
    return mg1_mean_waiting_time(arrival_rate, service_time, cv)


def mg1_ps_mean_response_time(arrival_rate: float, service_time: float) -> float:
    """Mean response time in M/G/1 under processor sharing, in seconds.

    Insensitive: the distribution of the service time counts only by its mean.

    References
    ----------
    M. Sakata, S. Noguchi, J. Oizumi, "An analysis of the M/G/1 queue under round-robin scheduling", 1971;
    L. Kleinrock, "Queueing Systems, Volume 2: Computer Applications", 1976, section 4.4.
    """
    return service_time / (1.0 - stable_load(arrival_rate, service_time))


def mg1_ps_conditional_response_time(arrival_rate: float, service_time: float, own_service_time: float) -> float:
    """Mean response time in M/G/1-PS, in seconds, of a request that needs `own_service_time` (at least 0).

    Source: as for `mg1_ps_mean_response_time`.
    """
    load = stable_load(arrival_rate, service_time)
    return not_negative("own_service_time", own_service_time) / (1.0 - load)
