"""What no request's outcome tells: failed sends, stuck breakers, deadlocks, replicas that nobody calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..plan.callees import callees_of
from ..plan.columns import Integers
from ..plan.layout import GOOD, Balancer, Outcome
from ..plan.measures import LOST, Tally
from ..plan.waits import sends_of
from ..words import duration
from .deadlock import find_deadlock
from .observed import Observed

NAMED = 4
"""Replicas that a sentence names; of more it says how many."""
STUCK = 0.01
"""Share of a run for which a breaker has to have waited at its end to be called stuck."""
WORDS = {**{int(outcome): outcome.word for outcome in Outcome}, LOST: "lost"}


def calls_by_service(observed: Observed) -> tuple[Integers, Integers]:
    """Calls of each service that somebody waited for and that ended, and how many of them failed (rule 11.16)."""
    tallies = observed.sums.tallies
    service = observed.plan.endpoints.service[callees_of(observed.plan).endpoint]
    number = len(observed.plan.services.name)
    columns = (tallies[:, Tally.NUMBER], tallies[:, Tally.FAILED])
    calls, failed = (np.bincount(service, weights=column, minlength=number).astype(np.int64) for column in columns)
    return calls, failed


def sends_by_service(observed: Observed) -> Integers:
    """Services, Outcome and LOST: what became of the sends to each service (rule 11.17)."""
    plan = observed.plan
    sends = np.zeros((len(plan.services.name), LOST + 1), np.int64)
    np.add.at(sends, plan.endpoints.service[plan.calls.target[sends_of(plan)]], observed.sums.sends)
    return sends


def failed_sends(sends: Integers) -> Integers:
    """Of those of `sends_by_service` those that failed, by service."""
    bad = [*range(GOOD + 1, Outcome.UNFINISHED), *range(Outcome.UNFINISHED + 1, LOST + 1)]
    return np.asarray(sends[:, bad].sum(axis=1))


def unawaited_failures(sends: Integers) -> Integers:
    """Of those of `sends_by_service` all that did not end well, those that have not ended among them."""
    return np.asarray(sends[:, GOOD + 1 :].sum(axis=1))


def about_sends(observed: Observed) -> Iterator[str]:
    """Sends that failed: nobody waited for them, so that no request failed."""
    sends = sends_by_service(observed)
    for row, failed in enumerate(failed_sends(sends).tolist()):
        if failed:
            counts = {word: int(sends[row, column]) for column, word in WORDS.items() if column > GOOD}
            ways = [f"{number} {word}" for word, number in counts.items() if number and word != "unfinished"]
            yield (
                f"{failed} of {sends[row].sum()} sends to {observed.plan.services.name[row]} failed: "
                f"{', '.join(ways)}; they are in no request's outcome"
            )


def about_breakers(observed: Observed) -> Iterator[str]:
    """Breakers that wait for ever in HALF_OPEN."""
    plan = observed.plan
    begins = np.cumsum([0, *plan.breakers.callers.tolist()])
    end = plan.settings.duration_s + plan.settings.drain_s
    for row, target in enumerate(plan.breakers.target.tolist()):
        mine = slice(begins[row], begins[row + 1])
        since = np.concatenate([trace.shut_since_s[mine] for trace in observed.traces])
        calls = np.concatenate([trace.shut_calls[mine] for trace in observed.traces])
        stuck = np.isfinite(since) & (end - since > STUCK * end)
        if stuck.any():
            first = int(np.argmin(np.where(stuck, since, np.inf)))
            who = _callers(observed, row)
            yield (
                f"the circuit breaker of {who} towards {plan.services.name[target]} is stuck in HALF_OPEN since "
                f"{duration(float(since[first]))} ({stuck.sum()} of {stuck.size} breakers at the end): "
                f"{calls[first]} of its {plan.breakers.permitted[row]} permitted calls were never answered, "
                "and it lets nobody else pass; give the call a timeout"
            )


def _callers(observed: Observed, breaker: int) -> str:
    """Whose breakers these are."""
    plan = observed.plan
    callers = plan.calls.caller[plan.policies.call[plan.policies.breaker == breaker]]
    return " and ".join(plan.services.name[row] if row >= 0 else "the users" for row in np.unique(callers).tolist())


def about_deadlocks(observed: Observed) -> Iterator[str]:
    """Slots that wait for each other: no request that needs them ends any more."""
    found = [one for one in (find_deadlock(observed.plan, trace) for trace in observed.traces) if one is not None]
    if not found:
        return
    first = min(found, key=lambda one: one.since_s)
    units = [_slots(observed, row, count) for row, count in first.units(observed.plan).items()]
    share = f"in {len(found)} of {len(observed.traces)} replications, " if len(observed.traces) > 1 else ""
    yield (
        f"deadlock {share}since {duration(first.since_s)}: all slots of {' and '.join(units)} are held by visits that "
        "wait for a slot of these same replicas, for ever; give these calls a timeout, or do not let them call in a "
        "circle"
    )


def _slots(observed: Observed, unit: int, count: int) -> str:
    name, replicas = observed.plan.units.name[unit], int(observed.plan.units.replicas[unit])
    return name if count == replicas else f"{count} of {replicas} replicas of {name}"


def deadlocked_services(observed: Observed) -> NDArray[np.bool_]:
    """Services whose units are in a deadlock: their queues do not grow because too much is asked of them."""
    units: set[int] = set()
    for trace in observed.traces:
        found = find_deadlock(observed.plan, trace)
        units |= set() if found is None else set(found.units(observed.plan))
    return np.isin(observed.plan.services.unit, list(units))


def about_idle_replicas(observed: Observed) -> Iterator[str]:
    """Replicas that are paid for, and were not called once (rule 11.18)."""
    units = observed.plan.units
    chosen = np.sum([trace.chosen for trace in observed.traces], axis=0)
    if not chosen.any():
        return
    parts: Sequence[Integers] = np.split(chosen, np.cumsum(units.replicas)[:-1])
    for name, balancer, mine in zip(units.name, units.balancer.tolist(), parts, strict=True):
        idle = (np.flatnonzero(mine == 0) + 1).tolist()
        if idle and mine.any():
            many = len(idle) > NAMED
            which = f"{len(idle)}" if many else ", ".join(map(str, idle))
            noun = "replicas" if len(idle) > 1 else "replica"
            who = (
                f"{which} of the {mine.size} replicas of {name}" if many else f"{noun} {which} of {mine.size} of {name}"
            )
            yield f"{who} got no call ({Balancer(balancer).name}, {mine.sum()} calls)"


def find_hidden(observed: Observed) -> tuple[str, ...]:
    """All that there is to say of it."""
    return (
        *about_deadlocks(observed),
        *about_breakers(observed),
        *about_sends(observed),
        *about_idle_replicas(observed),
    )
