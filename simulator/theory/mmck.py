"""M/M/c/K: a queue with a limit. A request that finds all places taken is rejected and gone.

Everywhere `arrival_rate` is offered requests per second, at least 0, rejected ones included; `service_time`
is the mean in seconds, above 0; `servers` is at least 1; `places` is the largest number of requests present,
in service and waiting, so servers plus queue capacity, at least `servers`. Always stable: the utilisation
offered may exceed 1. Every function raises ValueError for a parameter out of its range.

Source of all: D. Gross, J. Shortle, J. Thompson, C. Harris, "Fundamentals of Queueing Theory", 2008, section
2.5.
"""

import math

from ._checks import log, not_negative, positive, whole


def mmck_state_probabilities(arrival_rate: float, service_time: float, servers: int, places: int) -> tuple[float, ...]:
    """Probabilities of 0, 1, ..., `places` requests present in M/M/c/K; also what an arrival finds."""
    load = not_negative("arrival_rate", arrival_rate) * positive("service_time", service_time)
    whole("servers", servers, 1)
    whole("places", places, servers)
    weights = [0.0]
    for number in range(1, places + 1):
        weights.append(weights[-1] + log(load / min(number, servers)))
    top = max(weights)
    scaled = [math.exp(weight - top) for weight in weights]
    total = math.fsum(scaled)
    return tuple(weight / total for weight in scaled)


def mmck_blocking_probability(arrival_rate: float, service_time: float, servers: int, places: int) -> float:
    """Share of the requests that M/M/c/K rejects, in [0, 1]."""
    return mmck_state_probabilities(arrival_rate, service_time, servers, places)[-1]


def mmck_throughput(arrival_rate: float, service_time: float, servers: int, places: int) -> float:
    """Requests per second that M/M/c/K serves."""
    # the busy servers give it without 1 - blocking, which loses digits in deep overload
    states = mmck_state_probabilities(arrival_rate, service_time, servers, places)
    return math.fsum(min(number, servers) * share for number, share in enumerate(states)) / service_time


def mmck_utilisation(arrival_rate: float, service_time: float, servers: int, places: int) -> float:
    """Share of the time of the servers that is busy in M/M/c/K, in [0, 1]."""
    return mmck_throughput(arrival_rate, service_time, servers, places) * service_time / servers


def mmck_mean_number(arrival_rate: float, service_time: float, servers: int, places: int) -> float:
    """Mean number of requests present in M/M/c/K, waiting and in service."""
    states = mmck_state_probabilities(arrival_rate, service_time, servers, places)
    return math.fsum(number * share for number, share in enumerate(states))


def mmck_mean_waiting_time(arrival_rate: float, service_time: float, servers: int, places: int) -> float:
    """Mean waiting time in M/M/c/K of the requests admitted, in seconds; 0 if none ever arrives."""
    states = mmck_state_probabilities(arrival_rate, service_time, servers, places)
    waiting = math.fsum((number - servers) * states[number] for number in range(servers, places + 1))
    busy = math.fsum(min(number, servers) * share for number, share in enumerate(states))
    return waiting * service_time / busy if busy > 0.0 else 0.0


def mmck_mean_response_time(arrival_rate: float, service_time: float, servers: int, places: int) -> float:
    """Mean response time in M/M/c/K of the requests admitted, in seconds."""
    return mmck_mean_waiting_time(arrival_rate, service_time, servers, places) + service_time


def mmck_waiting_time_survival(
    arrival_rate: float, service_time: float, servers: int, places: int, time: float
) -> float:
    """Probability that a request admitted to M/M/c/K, FIFO, waits over `time` (seconds, at least 0)."""
    states = mmck_state_probabilities(arrival_rate, service_time, servers, places)
    departures = servers * not_negative("time", time) / service_time
    late, few, term = [], 0.0, -departures
    for ahead in range(places - servers):
        few += math.exp(term)  # probability of at most `ahead` departures by then
        late.append(states[servers + ahead] * few)
        term += log(departures) - math.log(ahead + 1)
    return math.fsum(late) / math.fsum(states[:-1])
