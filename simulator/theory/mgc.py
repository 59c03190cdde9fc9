"""Many servers and any service time: exact when shared or unlimited, approximate for M/G/c FIFO.

Everywhere `arrival_rate` is per second, at least 0; `service_time` is the mean in seconds, above 0; `servers`
is at least 1; `cv` is the standard deviation of the service time over its mean, at least 0. Every function
raises ValueError for a parameter out of its range and, infinitely many servers apart, when the utilisation
`arrival_rate * service_time / servers` is 1 or more.
"""

import math

from ._checks import not_negative, poisson_probability, positive, stable_load, whole
from .mmc import mmc_mean_response_time, mmc_mean_waiting_time


def mgc_ps_mean_response_time(arrival_rate: float, service_time: float, servers: int) -> float:
    """Mean response time in seconds when n requests share c servers, each at the speed min(1, c / n); exact.

    Insensitive: it is that of M/M/c whatever the distribution of the service time.

    References
    ----------
    J. W. Cohen, "The multiple phase service network with generalized processor sharing", 1979.
    """
    return mmc_mean_response_time(arrival_rate, service_time, servers)


def mgc_ps_conditional_response_time(
    arrival_rate: float, service_time: float, servers: int, own_service_time: float
) -> float:
    """Mean response time in seconds, under sharing of c servers, of a request with this own need; exact.

    In proportion to `own_service_time` (seconds, at least 0). Source: as for `mgc_ps_mean_response_time`.
    """
    stretch = mgc_ps_mean_response_time(arrival_rate, service_time, servers) / service_time
    return not_negative("own_service_time", own_service_time) * stretch


def mginf_mean_number(arrival_rate: float, service_time: float) -> float:
    """Mean number of requests in progress with unlimited servers, M/G/infinity and so M/M/infinity; exact.

    References
    ----------
    L. Takács, "Introduction to the Theory of Queues", 1962, chapter 3.
    """
    return not_negative("arrival_rate", arrival_rate) * positive("service_time", service_time)


def mginf_number_probability(arrival_rate: float, service_time: float, number: int) -> float:
    """Probability of `number` (at least 0) requests in progress with unlimited servers: Poisson; exact.

    The response time is the service time itself. Source: as for `mginf_mean_number`.
    """
    return poisson_probability(whole("number", number, 0), mginf_mean_number(arrival_rate, service_time))


def mgc_mean_waiting_time_allen_cunneen(arrival_rate: float, service_time: float, servers: int, cv: float) -> float:
    """Mean waiting time in M/G/c, FIFO, in seconds: an APPROXIMATION, exact for one server and for cv = 1.

    That of M/M/c times (1 + cv^2) / 2. Within some per cent where the utilisation is high and cv moderate;
    too low at low utilisation when cv is below 1.

    References
    ----------
    A. O. Allen, "Probability, Statistics, and Queueing Theory with Computer Science Applications", 1990,
    section 5.3 (the rule of A. O. Allen and J. Cunneen); A. M. Lee, P. A. Longton, 1959.
    """
    spread = (1.0 + not_negative("cv", cv) ** 2) / 2.0
    return mmc_mean_waiting_time(arrival_rate, service_time, servers) * spread


def mgc_mean_waiting_time_kimura(arrival_rate: float, service_time: float, servers: int, cv: float) -> float:
    """Mean waiting time in M/G/c, FIFO, in seconds: an APPROXIMATION, exact for one server and for cv = 1.

    The harmonic mixture of M/M/c and M/D/c, with the closed form of Cosmetatos for M/D/c, its
    correction cut at 0.24 as Whitt does. Better than Allen and Cunneen at low utilisation.

    References
    ----------
    T. Kimura, "A two-moment approximation for the mean waiting time in the GI/G/s queue", 1986;
    G. P. Cosmetatos, "Some approximate equilibrium results for the multi-server queue (M/G/r)", 1976;
    W. Whitt, "Approximations for the GI/G/m queue", 1993.
    """
    load = stable_load(arrival_rate, service_time, servers)
    square = not_negative("cv", cv) ** 2
    exponential = mmc_mean_waiting_time(arrival_rate, service_time, servers)
    if load == 0.0:
        return 0.0
    utilisation = load / servers
    shape = (servers - 1) * (math.sqrt(4.0 + 5.0 * servers) - 2.0) / (16.0 * servers)
    # M/D/c over M/M/c
    constant = 0.5 * (1.0 + min(0.24, (1.0 - utilisation) * shape / utilisation))
    return exponential * (1.0 + square) * constant / (2.0 * square * constant + 1.0 - square)
