"""Constant service times, Poisson arrivals, FIFO: M/D/1 with its distribution, and the mean of M/D/c.

Everywhere `arrival_rate` is per second, at least 0; `service_time` is the constant in seconds, above 0;
`servers` is at least 1. Every function raises ValueError for a parameter out of its range and when the
utilisation `arrival_rate * service_time / servers` is 1 or more.
"""

import math

from ._checks import below_one, not_negative, poisson_probability, stable_load
from .mg1 import mg1_mean_waiting_time

_LONGEST_WAIT = 100_000  # in service times; the work and the memory grow with it
_MOST_TERMS = 20_000
_NEGLIGIBLE = 1e-18


def md1_mean_waiting_time(arrival_rate: float, service_time: float) -> float:
    """Mean waiting time in M/D/1, in seconds: half that of M/M/1.

    References
    ----------
    A. K. Erlang, "The theory of probabilities and telephone conversations", 1909; L. Kleinrock, "Queueing
    Systems, Volume 1: Theory", 1975, section 5.6.
    """
    return mg1_mean_waiting_time(arrival_rate, service_time, 0.0)


def md1_mean_response_time(arrival_rate: float, service_time: float) -> float:
    """Mean response time in M/D/1, in seconds. Source: as for `md1_mean_waiting_time`."""
    return md1_mean_waiting_time(arrival_rate, service_time) + service_time


def md1_waiting_time_survival(arrival_rate: float, service_time: float, time: float) -> float:
    """Probability that the waiting time in M/D/1 exceeds `time` (seconds, at least 0).

    Erlang's classical series alternates in sign and loses all digits after some tens of service times; this
    is the same law by sums of positive numbers over the number present, with an absolute error
    below 1e-11.

    Raises
    ------
    ValueError
        Also if `time` is over 100,000 service times.

    References
    ----------
    G. J. Franx, "A simple solution for the M/D/c waiting time distribution", 2001; numbers present: H. C.
    Tijms, "A First Course in Stochastic Models", 2003, section 9.2; the law: A. K. Erlang, 1909, C. D.
    Crommelin, 1932.
    """
    load = stable_load(arrival_rate, service_time)
    services = not_negative("time", time) / service_time
    if services > _LONGEST_WAIT:
        raise ValueError(f"time must be at most {_LONGEST_WAIT} service times, got {services:.6g}")
    return _survival(_NumberPresent(load), services)


def md1_waiting_time_quantile(arrival_rate: float, service_time: float, probability: float) -> float:
    """Waiting time in M/D/1 not exceeded with this probability (in [0, 1 - 1e-9]), in seconds.

    It is 0 up to the share of requests that do not wait. Source: as for `md1_waiting_time_survival`.

    Raises
    ------
    ValueError
        Also if `probability` is above 1 - 1e-9, where the absolute error of the survival function shows,
        or if the answer is over 100,000 service times.
    """
    load = stable_load(arrival_rate, service_time)
    tail = 1.0 - below_one("probability", probability)
    if tail < 0.999e-9:
        raise ValueError(f"probability must be at most 1 - 1e-9, got {probability!r}")
    if load <= tail:
        return 0.0
    present = _NumberPresent(load)
    low, high = 0.0, 1.0
    while _survival(present, high) > tail:
        low, high = high, 2.0 * high
        if high > _LONGEST_WAIT:
            raise ValueError(f"the quantile is over {_LONGEST_WAIT} service times: utilisation {load!r}")
    while high - low > 4.0 * math.ulp(high):
        middle = 0.5 * (low + high)
        if _survival(present, middle) > tail:
            low = middle
        else:
            high = middle
    return high * service_time


def mdc_mean_waiting_time(arrival_rate: float, service_time: float, servers: int) -> float:
    """Mean waiting time in M/D/c, in seconds; exact.

    Every c-th request meets the same server, which makes it E_c/D/1, and the identity of Spitzer gives the
    mean.

    Raises
    ------
    ValueError
        Also if the utilisation is so close to 1 that the series needs over 20,000 terms (with two servers,
        above about 0.95; with a hundred, about 0.994). One server has no such limit.

    References
    ----------
    C. D. Crommelin, "Delay probability formulae when the holding times are constant", 1932; H. C. Tijms, "A
    First Course in Stochastic Models", 2003, section 9.6.
    """
    load = stable_load(arrival_rate, service_time, servers)
    if servers == 1:
        return md1_mean_waiting_time(arrival_rate, service_time)
    if load == 0.0:
        return 0.0
    utilisation = load / servers
    decay = servers * (utilisation - 1.0 - math.log(utilisation))
    needed = 36.0 / decay
    if needed > _MOST_TERMS:
        raise ValueError(f"the series for M/D/c needs over {_MOST_TERMS} terms at utilisation {utilisation:.6g}")
    total = 0.0
    for round_ in range(1, math.ceil(needed) + 2):
        total += _excess(round_ * servers, round_ * load)
    return total * service_time


def _excess(count: int, mean: float) -> float:
    """P(N >= count) - count / mean P(N > count), for N Poisson with a mean below `count`.

    Summed term by term as P(N = count) times a positive series: nothing cancels.
    """
    # with q(i) = P(N = count + i) / P(N = count) and q(i + 1) = q(i) mean / (count + i + 1),
    # q(i) - count / mean q(i + 1) is q(i) (i + 1) / (count + i + 1)
    ratio, total, step = 1.0, 0.0, 0
    while True:
        term = ratio * (step + 1) / (count + step + 1)
        total += term
        if term < 1e-17 * total:
            return poisson_probability(count, mean) * total
        step += 1
        ratio *= mean / (count + step)


class _NumberPresent:
    """P(number present in M/D/1 <= m), computed as far as asked, by a recursion of positive numbers."""

    def __init__(self, load: float) -> None:
        self.load = load
        self._more = []  # P(more than n arrivals in one service time)
        tail, count = -math.expm1(-load), 0
        while tail > _NEGLIGIBLE:
            self._more.append(tail)
            count += 1
            tail = _poisson_tail(count, load)
        self._share = [1.0 - load]
        self._cumulated = [1.0 - load]

    def at_most(self, number: int) -> float:
        """P(number present <= number)."""
        more, share = self._more, self._share
        for state in range(len(share), number + 1):
            total = share[0] * more[state - 1] if state <= len(more) else 0.0
            for back in range(1, min(state, len(more))):
                total += more[back] * share[state - back]
            share.append(total / math.exp(-self.load))
            self._cumulated.append(self._cumulated[-1] + share[-1])
        return min(1.0, self._cumulated[number])


def _poisson_tail(count: int, mean: float) -> float:
    """P(N > count) of a Poisson number with a mean below 1, by its positive series."""
    term = poisson_probability(count + 1, mean)
    total, number = term, count + 1
    while term > 1e-17 * total:
        number += 1
        term *= mean / number
        total += term
    return total


def _survival(present: _NumberPresent, services: float) -> float:
    """P(waiting time > services), in service times."""
    rounds = math.floor(services) + 1
    mean = present.load * (rounds - services)
    term, total = math.exp(-mean), 0.0
    for arrivals in range(rounds):
        total += term * present.at_most(rounds - arrivals)
        term *= mean / (arrivals + 1)
        if term < _NEGLIGIBLE:
            break
    return min(1.0, max(0.0, 1.0 - total))
