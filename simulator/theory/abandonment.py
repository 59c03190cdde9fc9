"""Queues that are left by those who have waited too long: M/M/c+M (Erlang A) and M/M/1+D.

Everywhere `arrival_rate` is offered requests per second, at least 0, those that leave included; `service_time` is the
mean in seconds of those that are served, above 0; `patience` is how long a request waits for its service to begin, in
seconds, above 0: its mean where it is exponential. Who is served stays to the end. Always stable: the utilisation
offered may exceed 1. Every function raises ValueError for a parameter out of its range.

Sources: C. Palm, "Research on telephone traffic carried by full availability groups", Tele, 1957; O. Garnett, A.
Mandelbaum, M. Reiman, "Designing a call center with impatient customers", Manufacturing & Service Operations
Management, 2002, for exponential patience. D. Barrer, "Queuing with impatient customers and ordered service",
Operations Research, 1957, for constant patience.
"""

import math

from ._checks import not_negative, positive, whole

_NEGLIGIBLE = 1e-18


def erlang_a_state_probabilities(
    arrival_rate: float, service_time: float, servers: int, patience: float
) -> tuple[float, ...]:
    """Probabilities of 0, 1, 2 ... requests present in M/M/c+M, to where they are negligible."""
    rate, mu = not_negative("arrival_rate", arrival_rate), 1.0 / positive("service_time", service_time)
    theta = 1.0 / positive("patience", patience)
    whole("servers", servers, 1)
    logs, top = [0.0], 0.0
    while rate > 0.0:
        number = len(logs)
        leaving = min(number, servers) * mu + max(0, number - servers) * theta
        logs.append(logs[-1] + math.log(rate / leaving))
        top = max(top, logs[-1])
        if leaving > rate and logs[-1] < top + math.log(_NEGLIGIBLE):
            break
    weights = [math.exp(one - top) for one in logs]
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def erlang_a_utilisation(arrival_rate: float, service_time: float, servers: int, patience: float) -> float:
    """Share of the time of the servers that is busy in M/M/c+M, in [0, 1]."""
    states = erlang_a_state_probabilities(arrival_rate, service_time, servers, patience)
    return math.fsum(min(number, servers) * share for number, share in enumerate(states)) / servers


def erlang_a_abandonment(arrival_rate: float, service_time: float, servers: int, patience: float) -> float:
    """Share of the requests that leave M/M/c+M before their service begins, in [0, 1]; 0 if none ever arrives."""
    states = erlang_a_state_probabilities(arrival_rate, service_time, servers, patience)
    if arrival_rate == 0.0:
        return 0.0
    waiting = math.fsum((number - servers) * share for number, share in enumerate(states) if number > servers)
    return waiting / patience / arrival_rate


def erlang_a_mean_waiting_time(arrival_rate: float, service_time: float, servers: int, patience: float) -> float:
    """Mean time in the queue of M/M/c+M, of all requests, those that leave included, in seconds."""
    return patience * erlang_a_abandonment(arrival_rate, service_time, servers, patience)


def mm1_constant_patience_abandonment(arrival_rate: float, service_time: float, patience: float) -> float:
    """Share of the requests that leave M/M/1+D, of constant patience, before their service begins, in [0, 1).

    The work ahead has the density lambda p exp(-(mu - lambda) x) up to the patience, and falls by exp(-mu x) beyond it,
    where nobody joins; p is the share of time in which nobody is there. Who finds more of it than its patience leaves.
    """
    rate, mu = not_negative("arrival_rate", arrival_rate), 1.0 / positive("service_time", service_time)
    slack, longest = mu - rate, positive("patience", patience)
    late = math.exp(-slack * longest) / mu
    in_time = -math.expm1(-slack * longest) / slack if slack != 0.0 else longest
    return rate * late / (1.0 + rate * (in_time + late))
