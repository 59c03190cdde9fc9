"""Laws of every system in balance, whatever its distributions: Little, utilisation, forced flow, saturation.

Rates are per second, times and demands are seconds. A service demand is the mean service time a whole request
asks of a station: visits times mean service time. Every function raises ValueError for a parameter out of its
range.
"""

import math
from collections.abc import Sequence

from ._checks import not_negative, positive, same_length, whole


def little_number(throughput: float, response_time: float) -> float:
    """Mean number inside, from the rate through and the mean time inside (seconds).

    References
    ----------
    J. D. C. Little, "A proof for the queuing formula: L = lambda W", 1961.
    """
    return not_negative("throughput", throughput) * not_negative("response_time", response_time)


def little_time(number: float, throughput: float) -> float:
    """Mean time inside in seconds, from the mean number inside and the rate through (above 0).

    References
    ----------
    J. D. C. Little, "A proof for the queuing formula: L = lambda W", 1961.
    """
    return not_negative("number", number) / positive("throughput", throughput)


def little_throughput(number: float, response_time: float) -> float:
    """Rate through per second, from the mean number inside and the mean time inside (seconds, above 0).

    References
    ----------
    J. D. C. Little, "A proof for the queuing formula: L = lambda W", 1961.
    """
    return not_negative("number", number) / positive("response_time", response_time)


def interactive_response_time(users: int, throughput: float, think_time: float) -> float:
    """Mean response time in seconds that a population of `users` sees: users / throughput - think time.

    Raises
    ------
    ValueError
        Also if that many users cannot make this throughput (above 0) with this think time.

    References
    ----------
    P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models", 1978.
    """
    cycle = whole("users", users, 0) / positive("throughput", throughput)
    if cycle < not_negative("think_time", think_time):
        raise ValueError(f"{users} users thinking {think_time!r} s cannot make {throughput!r} per second")
    return cycle - think_time


def utilisation(throughput: float, service_time: float, servers: int = 1) -> float:
    """Share of server time busy, from the rate through a station; above 1: more than it can serve.

    References
    ----------
    P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models", 1978.
    """
    busy = not_negative("throughput", throughput) * not_negative("service_time", service_time)
    return busy / whole("servers", servers, 1)


def forced_flow(throughput: float, visits: float) -> float:
    """Rate through a station per second, from that of whole requests and the visits of each to the station.

    References
    ----------
    P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models", 1978.
    """
    return not_negative("throughput", throughput) * not_negative("visits", visits)


def service_demand(visits: float, service_time: float) -> float:
    """Mean service time in seconds that a whole request asks of a station: visits times mean service time.

    References
    ----------
    P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models", 1978.
    """
    return not_negative("visits", visits) * not_negative("service_time", service_time)


def bottleneck(demands: Sequence[float], servers: Sequence[int] | None = None) -> int:
    """Index of the station that saturates first: the largest demand per server; of equals, the first.

    Parameters
    ----------
    demands
        Service demand of each station in seconds, at least 0; not all 0.
    servers
        Servers of each station, at least 1; one each if not given.

    References
    ----------
    P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models", 1978.
    """
    shares = _per_server(demands, servers)
    return shares.index(max(shares))


def saturation_rate(demands: Sequence[float], servers: Sequence[int] | None = None) -> float:
    """Whole requests per second at which the bottleneck is busy all the time: the capacity of the system.

    Parameters as for `bottleneck`.

    References
    ----------
    P. J. Denning, J. P. Buzen, "The operational analysis of queueing network models", 1978.
    """
    return 1.0 / max(_per_server(demands, servers))


def saturation_population(
    demands: Sequence[float], think_time: float = 0.0, servers: Sequence[int] | None = None
) -> float:
    """Number of users beyond which queues are certain: the asymptotes of the throughput cross here.

    (Sum of demands + think time) times the saturation rate; at least 1, not a whole number.

    References
    ----------
    L. Kleinrock, "Queueing Systems, Volume 2: Computer Applications", 1976, section 4.12; P. J. Denning,
    J. P. Buzen, "The operational analysis of queueing network models", 1978.
    """
    cycle = math.fsum(demands) + not_negative("think_time", think_time)
    return cycle * saturation_rate(demands, servers)


def _per_server(demands: Sequence[float], servers: Sequence[int] | None) -> list[float]:
    """Demand per server of each station, checked."""
    each = [1] * len(demands) if servers is None else servers
    same_length("servers", each, len(demands))
    shares = [
        not_negative("demands", demand) / whole("servers", count, 1)
        for demand, count in zip(demands, each, strict=True)
    ]
    if not any(shares):
        raise ValueError("demands must hold at least one above 0")
    return shares
