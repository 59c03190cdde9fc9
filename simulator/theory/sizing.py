"""The smallest number of servers of M/M/c that meets an objective.

Everywhere `arrival_rate` is per second, at least 0; `service_time` is the mean in seconds, above 0. The least
answer is one server, and always enough for a utilisation below 1. Every function raises ValueError for a
parameter out of its range. Waiting falls with every server added, so the first that meets the objective is
the smallest.

Source of all: A. K. Erlang, 1917, as for `erlang_c`; W. Whitt, "Understanding the efficiency of multi-server
service systems", 1992.
"""

import math
from collections.abc import Callable

from ._checks import not_negative, positive
from .erlang import lost_by_servers, waiting_from_lost
from .mmc import response_survival


def servers_for_mean_waiting_time(arrival_rate: float, service_time: float, longest: float) -> int:
    """Smallest number of servers with a mean waiting time of at most `longest` (seconds, above 0)."""
    target = positive("longest", longest) / positive("service_time", service_time)
    load = _load(arrival_rate, service_time)
    return _first(load, lambda waits, servers: waits <= target * (servers - load))


def servers_for_waiting_time(arrival_rate: float, service_time: float, time: float, probability: float) -> int:
    """Smallest number of servers with which at most this share of requests waits longer than `time`.

    `time` is seconds, at least 0; `probability` is the share allowed to wait longer, above 0 and below 1.
    """
    services = not_negative("time", time) / positive("service_time", service_time)
    _share(probability)
    load = _load(arrival_rate, service_time)
    return _first(load, lambda waits, servers: waits * math.exp(-(servers - load) * services) <= probability)


def servers_for_response_time(arrival_rate: float, service_time: float, time: float, probability: float) -> int:
    """Smallest number of servers with which at most this share of response times exceeds `time`.

    `time` is seconds, above 0; `probability` is the share allowed to take longer, above 0 and below 1.

    Raises
    ------
    ValueError
        Also if the service time alone exceeds `time` too often: then no number of servers is enough.
    """
    services = positive("time", time) / positive("service_time", service_time)
    _share(probability)
    if math.exp(-services) >= probability:
        raise ValueError(
            f"no number of servers is enough: a share {math.exp(-services):.6g} of the service times alone "
            f"exceeds {time!r} s, allowed is {probability!r}"
        )
    load = _load(arrival_rate, service_time)
    return _first(load, lambda waits, servers: response_survival(waits, load, servers, services) <= probability)


def servers_for_blocking(offered_load: float, probability: float) -> int:
    """Smallest number of servers that loses at most this share of requests when none can wait (Erlang B).

    `offered_load` is arrival rate times mean service time, at least 0; `probability` is above 0 and below 1.
    """
    _share(probability)
    not_negative("offered_load", offered_load)
    return next(servers for servers, lost in lost_by_servers(offered_load) if lost <= probability)


def _share(probability: float) -> None:
    """Raise a ValueError unless the share allowed lies inside (0, 1)."""
    if not 0.0 < probability < 1.0:
        raise ValueError(f"probability must lie in (0, 1), got {probability!r}")


def _load(arrival_rate: float, service_time: float) -> float:
    """Mean number of busy servers."""
    return not_negative("arrival_rate", arrival_rate) * service_time


def _first(load: float, good: Callable[[float, int], bool]) -> int:
    """Smallest stable number of servers that `good(Erlang C, servers)` accepts."""
    return next(
        servers
        for servers, lost in lost_by_servers(load)
        if servers > load and good(waiting_from_lost(lost, load, servers), servers)
    )
