"""Closed networks of one class: a fixed number of users who think, ask, wait for the reply, and think again.

Assumes product form: exponential service times at FIFO stations, drawn afresh at every visit; any
distribution at processor sharing stations and for thinking; no limits on queues; one station at a time for
each request. The law is that of exact mean value analysis (M. Reiser, S. S. Lavenberg, "Mean-value analysis
of closed multichain queueing networks", 1980). It is evaluated by the normalisation constants (J. P. Buzen,
"Computational algorithms for closed queueing networks with exponential servers", 1973), for with many servers
the recursion of the means subtracts nearly equal numbers and can lose all its digits; the constants only add
positive ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ._checks import log, log_sum, not_negative, positive, whole
from .laws import saturation_rate


@dataclass(frozen=True, slots=True)
class Station:
    """One station of a closed network.

    Parameters
    ----------
    service_time
        Mean service time of a visit, seconds, at least 0.
    servers
        At least 1; None for unlimited (a pure delay: sleeping, the network).
    visits
        Mean visits of a request, at least 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    """

    service_time: float
    servers: int | None = 1
    visits: float = 1.0

    def __post_init__(self) -> None:
        not_negative("service_time", self.service_time)
        not_negative("visits", self.visits)
        if self.servers is not None:
            whole("servers", self.servers, 1)

    @property
    def demand(self) -> float:
        """Mean service time that a whole request asks of the station, in seconds."""
        return self.visits * self.service_time


@dataclass(frozen=True, slots=True)
class ClosedNetwork:
    """The mean values of a closed network; a tuple has one entry a station, in the order given.

    Attributes
    ----------
    population
        Number of users.
    throughput
        Whole requests per second.
    response_time
        Mean time of a request, thinking not counted, in seconds.
    utilisations
        Share of server time busy; 0 where the servers are unlimited.
    waiting_times, response_times
        Means of one visit in seconds; without any visit, that of a visitor who would find the station empty.
    numbers
        Mean requests present, waiting and in service.
    """

    population: int
    throughput: float
    response_time: float
    utilisations: tuple[float, ...]
    waiting_times: tuple[float, ...]
    response_times: tuple[float, ...]
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ClosedBounds:
    """Where the throughput (per second) and mean response time (seconds) of a closed network must lie."""

    throughput_low: float
    throughput_high: float
    response_time_low: float
    response_time_high: float


def closed_network(population: int, stations: Sequence[Station], think_time: float = 0.0) -> ClosedNetwork:
    """The exact mean values of a closed product-form network.

    The work grows with population * stations^2 * servers; ten thousand users of a few stations take seconds.

    Parameters
    ----------
    population
        Number of users, at least 0. With none, the throughput is 0 and times are those in an empty network.
    stations
        At least one, unless `think_time` is above 0.
    think_time
        Mean time between a reply and the next request of the same user, seconds, at least 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or a cycle takes no time at all.

    References
    ----------
    M. Reiser, S. S. Lavenberg, 1980; J. P. Buzen, 1973; F. Baskett, K. M. Chandy, R. R. Muntz, F. G.
    Palacios, "Open, closed, and mixed networks of queues with different classes of customers", 1975.
    """
    whole("population", population, 0)
    delay = math.fsum([not_negative("think_time", think_time), *_demands(stations, delays=True)])
    queues = [(i, s) for i, s in enumerate(stations) if s.servers is not None and s.demand > 0.0]
    # the unit of time that keeps the constants closest to 1: the bottleneck then multiplies them by 1
    scale = max((s.demand / (s.servers or 1) for _, s in queues), default=delay)
    positive("think_time plus the total demand", scale)

    numbers = [0.0] * len(stations)
    throughput = 0.0
    if population > 0:
        units = [(station.demand / scale, station.servers or 1) for _, station in queues]
        constants = _constants(population, delay / scale, units)
        throughput = math.exp(constants[population - 1] - constants[population]) / scale
        for place, (index, _) in enumerate(queues):
            others = _constants(population, delay / scale, units[:place] + units[place + 1 :])
            numbers[index] = _mean_present(*units[place], others, constants[population])
    response_times = []
    for index, station in enumerate(stations):
        if station.servers is None or station.demand == 0.0:
            numbers[index] = throughput * station.demand
            response_times.append(station.service_time)
        elif throughput == 0.0:
            response_times.append(station.service_time)
        else:
            response_times.append(numbers[index] / (throughput * station.visits))
    return ClosedNetwork(
        population=population,
        throughput=throughput,
        response_time=math.fsum(s.visits * r for s, r in zip(stations, response_times, strict=True)),
        utilisations=tuple(throughput * s.demand / s.servers if s.servers else 0.0 for s in stations),
        waiting_times=tuple(max(0.0, r - s.service_time) for s, r in zip(stations, response_times, strict=True)),
        response_times=tuple(response_times),
        numbers=tuple(numbers),
    )


def asymptotic_bounds(population: int, stations: Sequence[Station], think_time: float = 0.0) -> ClosedBounds:
    """Bounds from no queueing at all and from the worst queueing; they need no exponential service times.

    Parameters
    ----------
    population
        Number of users, at least 1.
    stations
        At least one with servers and a demand above 0.
    think_time
        Seconds, at least 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models", 1978; E. D. Lazowska,
    J. Zahorjan, G. S. Graham, K. C. Sevcik, "Quantitative System Performance", 1984, chapter 5.
    """
    whole("population", population, 1)
    not_negative("think_time", think_time)
    queued = math.fsum(_demands(stations, delays=False))
    delays = math.fsum(_demands(stations, delays=True))
    limited = [(s.demand, s.servers) for s in stations if s.servers is not None]
    most = saturation_rate([demand for demand, _ in limited], [count for _, count in limited])
    total = queued + delays
    return ClosedBounds(
        throughput_low=population / (population * queued + delays + think_time),
        throughput_high=min(most, population / (total + think_time)),
        response_time_low=max(total, population / most - think_time),
        response_time_high=population * queued + delays,
    )


def balanced_job_bounds(population: int, stations: Sequence[Station], think_time: float = 0.0) -> ClosedBounds:
    """Tighter bounds, from the networks with all demands equal that are better and worse than this one.

    They hold for product-form networks with single servers; delays join the think time. Parameters as for
    `asymptotic_bounds`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or a station has more than one server.

    References
    ----------
    J. Zahorjan, K. C. Sevcik, D. L. Eager, B. Galler, "Balanced job bound analysis of queueing networks",
    1982; E. D. Lazowska, J. Zahorjan, G. S. Graham, K. C. Sevcik, "Quantitative System Performance", 1984,
    section 5.4.
    """
    whole("population", population, 1)
    if any(station.servers is not None and station.servers > 1 for station in stations):
        raise ValueError("balanced job bounds need stations with one server, or None for a delay")
    demands = [demand for demand in _demands(stations, delays=False) if demand > 0.0]
    most = saturation_rate(demands)
    delays = math.fsum(_demands(stations, delays=True))
    thinking = not_negative("think_time", think_time) + delays
    total, largest = math.fsum(demands), max(demands)
    others = population - 1
    slow = total + others * largest / (1.0 + thinking / (population * total))
    fast = total + others * (total / len(demands)) / (1.0 + thinking / total)
    fast = max(fast, population * largest - thinking)
    return ClosedBounds(
        throughput_low=population / (slow + thinking),
        throughput_high=min(most, population / (fast + thinking)),
        response_time_low=fast + delays,
        response_time_high=slow + delays,
    )


def _demands(stations: Sequence[Station], *, delays: bool) -> list[float]:
    """The demands of the pure delays, or of the others."""
    return [station.demand for station in stations if (station.servers is None) == delays]


def _factors(demand: float, servers: int, most: int) -> list[float]:
    """Logarithms of the product-form factor of a station with 0, 1, ..., `most` present."""
    steps = (log(demand / min(number, servers)) for number in range(1, most + 1))
    return list(accumulate(steps, initial=0.0))


def _constants(population: int, delay: float, stations: Sequence[tuple[float, int]]) -> list[float]:
    """Logarithms of the normalisation constants for 0, 1, ..., `population` users.

    From n = servers on, the factors of a station fall by the same ratio, so that h = g * f obeys
    h(n) = ratio h(n - 1) + sum over k < servers of g(n - k) f(k) (1 - k / servers): positive terms only.
    """
    constants = [number * log(delay) - math.lgamma(number + 1) for number in range(1, population + 1)]
    constants.insert(0, 0.0)
    for demand, servers in stations:
        ratio = log(demand / servers)
        few = min(servers - 1, population)
        heads = [f + math.log1p(-k / servers) for k, f in enumerate(_factors(demand, servers, few))]
        joined = [0.0]
        for number in range(1, population + 1):
            terms = [constants[number - k] + head for k, head in enumerate(heads[: number + 1])]
            terms.append(ratio + joined[-1])
            joined.append(log_sum(terms))
        constants = joined
    return constants


def _mean_present(demand: float, servers: int, others: Sequence[float], constant: float) -> float:
    """Mean number at a station, from the constants of the network without it and that of the whole."""
    population = len(others) - 1
    factors = _factors(demand, servers, population)
    return math.fsum(
        number * math.exp(factors[number] + others[population - number] - constant)
        for number in range(1, population + 1)
    )
