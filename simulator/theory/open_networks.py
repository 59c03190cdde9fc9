"""Open networks of M/M/c stations: the theorem of Jackson.

Assumes Poisson arrivals from outside, exponential service times drawn afresh at every visit, routing by
chance, FIFO (or processor sharing, or unlimited servers, both of which allow any distribution), no limits on
queues, and one station at a time for each request: no parallel calls, no slot held while another station
serves.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ._checks import not_negative, positive, same_length, whole
from .mmc import mmc_mean_waiting_time


@dataclass(frozen=True, slots=True)
class OpenNetwork:
    """The mean values of an open network; a tuple has one entry a station, in the order given.

    Attributes
    ----------
    arrival_rates
        Requests per second at each station, from outside and from other stations.
    utilisations
        Share of server time busy; 0 where the servers are unlimited.
    waiting_times, response_times
        Means of one visit, in seconds.
    numbers
        Mean requests present, waiting and in service.
    visits
        Mean visits of a request to each station; 0 where no request arrives at all.
    response_time
        Mean time of a request from its arrival to its leave of the network, in seconds; 0 without arrivals.
    """

    arrival_rates: tuple[float, ...]
    utilisations: tuple[float, ...]
    waiting_times: tuple[float, ...]
    response_times: tuple[float, ...]
    numbers: tuple[float, ...]
    visits: tuple[float, ...]
    response_time: float


def traffic_rates(external_rates: Sequence[float], routing: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Arrival rate at each station, per second: the solution of the traffic equations.

    Parameters
    ----------
    external_rates
        Arrivals per second from outside at each station, at least 0.
    routing
        `routing[i][j]`: probability that a request served at station i goes to j next; what a row lacks
        to 1 leaves the network.

    Raises
    ------
    ValueError
        If a row is no part of a distribution, or requests can enter a part of the network that they never
        leave.

    References
    ----------
    J. R. Jackson, "Networks of waiting lines", 1957.
    """
    count = len(external_rates)
    same_length("routing", routing, count)
    for row in routing:
        same_length("each row of routing", row, count)
        if math.fsum(not_negative("routing", share) for share in row) > 1.0 + 1e-12:
            raise ValueError(f"a row of routing must sum to at most 1, got {list(row)!r}")
    rates = [not_negative("external_rates", rate) for rate in external_rates]
    reached = _closure([rate > 0.0 for rate in rates], lambda i, j: routing[i][j] > 0.0)
    leaves = _closure([math.fsum(row) < 1.0 - 1e-12 for row in routing], lambda i, j: routing[j][i] > 0.0)
    for station in range(count):
        if reached[station] and not leaves[station]:
            raise ValueError(f"requests that reach station {station} never leave the network")
    inside = [station for station in range(count) if reached[station]]
    matrix = [[float(i == j) - routing[j][i] for j in inside] + [rates[i]] for i in inside]
    solved = _solve(matrix)
    result = [0.0] * count
    for station, rate in zip(inside, solved, strict=True):
        result[station] = rate
    return tuple(result)


def jackson_network(
    external_rates: Sequence[float],
    routing: Sequence[Sequence[float]],
    service_times: Sequence[float],
    servers: Sequence[int | None] | None = None,
) -> OpenNetwork:
    """The mean values of an open Jackson network, given by its routing.

    Parameters
    ----------
    external_rates, routing
        As for `traffic_rates`.
    service_times
        Mean service time of a visit at each station, seconds, above 0.
    servers
        Servers of each station, at least 1; None for unlimited; one each if not given.

    Raises
    ------
    ValueError
        As for `traffic_rates`, and if a station is unstable; the message gives its index.

    References
    ----------
    J. R. Jackson, "Networks of waiting lines", 1957.
    """
    rates = traffic_rates(external_rates, routing)
    return _network(math.fsum(external_rates), rates, service_times, servers)


def visits_network(
    arrival_rate: float,
    visits: Sequence[float],
    service_times: Sequence[float],
    servers: Sequence[int | None] | None = None,
) -> OpenNetwork:
    """The mean values of an open Jackson network, given by the mean visits of a request to each station.

    `arrival_rate` is of whole requests per second, `visits` are at least 0, the rest as for
    `jackson_network`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or a station is unstable; the message gives its index.

    References
    ----------
    J. R. Jackson, "Networks of waiting lines", 1957; P. J. Denning, J. P. Buzen, "The operational analysis of
    queueing network models", 1978.
    """
    not_negative("arrival_rate", arrival_rate)
    rates = tuple(arrival_rate * not_negative("visits", each) for each in visits)
    return _network(arrival_rate, rates, service_times, servers)


def tandem_network(
    arrival_rate: float, service_times: Sequence[float], servers: Sequence[int | None] | None = None
) -> OpenNetwork:
    """The mean values of stations in a row, each visited once: by Burke, each sees Poisson arrivals.

    References
    ----------
    R. R. P. Jackson, "Queueing systems with phase type service", 1954; P. J. Burke, "The output of a queuing
    system", 1956.
    """
    return visits_network(arrival_rate, [1.0] * len(service_times), service_times, servers)


def _network(
    arrival_rate: float,
    rates: tuple[float, ...],
    service_times: Sequence[float],
    servers: Sequence[int | None] | None,
) -> OpenNetwork:
    """The mean values, from the arrival rate of each station."""
    each = [1] * len(rates) if servers is None else servers
    same_length("service_times", service_times, len(rates))
    same_length("servers", each, len(rates))
    utilisations, waiting_times = [], []
    for station, (rate, service_time, count) in enumerate(zip(rates, service_times, each, strict=True)):
        positive("service_times", service_time)
        if count is None:
            utilisations.append(0.0)
            waiting_times.append(0.0)
            continue
        utilisations.append(rate * service_time / whole("servers", count, 1))
        try:
            waiting_times.append(mmc_mean_waiting_time(rate, service_time, count))
        except ValueError as error:
            raise ValueError(f"station {station}: {error}") from None
    response_times = tuple(w + s for w, s in zip(waiting_times, service_times, strict=True))
    numbers = tuple(rate * time for rate, time in zip(rates, response_times, strict=True))
    some = arrival_rate > 0.0
    return OpenNetwork(
        arrival_rates=rates,
        utilisations=tuple(utilisations),
        waiting_times=tuple(waiting_times),
        response_times=response_times,
        numbers=numbers,
        visits=tuple(rate / arrival_rate if some else 0.0 for rate in rates),
        response_time=math.fsum(numbers) / arrival_rate if some else 0.0,
    )


def _closure(marked: list[bool], step: Callable[[int, int], bool]) -> list[bool]:
    """`marked`, with every station marked that steps lead to from a marked one."""
    result, waiting = list(marked), [i for i, mark in enumerate(marked) if mark]
    while waiting:
        here = waiting.pop()
        for there in range(len(result)):
            if not result[there] and step(here, there):
                result[there] = True
                waiting.append(there)
    return result


def _solve(matrix: list[list[float]]) -> list[float]:
    """The solution of linear equations, by elimination; the last column is the right hand side."""
    count = len(matrix)
    for column in range(count):
        pivot = max(range(column, count), key=lambda row: abs(matrix[row][column]))
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        for row in range(column + 1, count):
            factor = matrix[row][column] / matrix[column][column]
            for k in range(column, count + 1):
                matrix[row][k] -= factor * matrix[column][k]
    solution = [0.0] * count
    for row in reversed(range(count)):
        known = math.fsum(matrix[row][k] * solution[k] for k in range(row + 1, count))
        solution[row] = (matrix[row][count] - known) / matrix[row][row]
    return solution
