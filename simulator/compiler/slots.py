"""What slots let through (rule 16.4): while a handler waits at a callee it holds its slot, and others wait for that.

With all slots of a unit taken they are a closed network: each goes round cores, sleeps and callees, and begins again.
Its throughput is the most that the unit lets through. Product form gives it for exponential times at stations of one
replica, or of several that are chosen at random (`theory.closed_network`); behind LEAST_REQUEST, a chain over how many
are at each replica, where only one unit makes requests wait. Otherwise several replicas count as one station with all
their cores: more than that never gets through.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb

import numpy as np

from ..plan.columns import Floats
from ..plan.layout import UNLIMITED, Balancer, Dist, Op, Scheduling, Shape
from ..plan.plan import Plan
from ..plan.structure import Node, inside
from ..plan.walker import Handlers, Walker, read_handlers
from .expectations import Expectations, patience

_FREE = 0.02
"""Share of the bottleneck's use below which nobody waits for cores: they are a delay."""
_FEW = 0.005
"""Less than this by share is no news."""
_UNSURE = 0.02
"""The same, of what the law of exponential times says of others, one branch after the other."""
_BUSY = 0.3
"""Use of slots or cores below which slots are no limit."""
_TIGHT, _ROOMY = 2.0, 8.0
"""Slots by those held at saturation without waiting: below the first they may be too few for what waits too, above the
second they are not."""
_TRIED = 20
"""Units that are looked at, those with the fewest slots by this measure."""
_NOTHING = 1e-12
_MOST_STATES, _MOST_WORK = 700, 3_000_000


@dataclass(frozen=True)
class SlotLimit:
    """The most visits per second that a unit's slots let through, where waiting at callees is what keeps them."""

    unit: int
    slots: int
    per_s: float
    asked_per_s: float
    at: tuple[str, ...]  # units at which those who hold the slots wait
    behind: tuple[str, ...] = ()  # units for whose slots, which are fewer, they wait too: not in `per_s`


def slot_limits(plan: Plan, expected: Expectations) -> list[SlotLimit]:
    """Units whose slots let less through than both their number and the callees' cores would.

    `per_s` is NaN where the slots may be few and the law is not known: parallel branches, calls that may end before
    their answer, times that are not exponential.
    """
    units = _candidates(plan, expected)
    way = _Way(plan, expected) if units else None
    return [limit for unit in units for limit in _limit(plan, expected, unit, way)] if way else []


def _candidates(plan: Plan, expected: Expectations) -> list[int]:
    used = np.maximum(_ratios(expected.rates @ expected.demand, expected.capacity),
                      _ratios(expected.rates @ expected.held, expected.slots))  # fmt: skip
    if not expected.rates.any() or used.max() < _BUSY or (plan.workloads.shape == Shape.USERS).any():
        return []
    held = expected.rates @ expected.held
    bounded = (plan.units.concurrency != UNLIMITED) & (plan.units.replicas > 0) & (held > _NOTHING)
    room = np.full(len(held), np.inf)
    room[bounded] = (expected.slots[bounded] / held[bounded]) * used.max()
    tightest = np.argsort(room, kind="stable")[:_TRIED]
    return sorted(int(unit) for unit in tightest if room[unit] <= _ROOMY)


def _ratios(loads: Floats, capacities: Floats) -> Floats:
    return np.divide(loads, capacities, out=np.zeros(len(loads)), where=capacities > 0.0)


def _limit(plan: Plan, expected: Expectations, unit: int, way: _Way) -> Iterator[SlotLimit]:
    """One, or none where there is none or the law of it is not known."""
    asked = expected.rates @ (expected.calls * (expected.tries * expected.arriving)) * (plan.calls.remote == 1)
    unit_of = plan.services.unit[plan.endpoints.service]
    entering = np.bincount(plan.calls.target, asked, minlength=len(unit_of)) * (unit_of == unit)
    visits, slots = float(entering.sum()), int(expected.slots[unit])
    if visits <= 0.0:
        return
    known = all(way.known[endpoint] for endpoint in np.flatnonzero(entering).tolist())
    demands, delay = way.add_up(entering / visits)
    cores = plan.units.replicas * plan.units.cores
    use = demands / np.maximum(cores, 1)
    worst = float(use.max())
    if worst <= 0.0 or not np.isfinite(worst):
        return
    queued: list[int] = np.flatnonzero(use > _FREE * worst).tolist()
    delay += float(demands[use <= _FREE * worst].sum())
    if queued == [unit]:
        return
    names = tuple(plan.units.name[row] for row in queued if row != unit)
    plain = min(visits * slots / float(expected.rates @ expected.held[:, unit]), 1.0 / worst)
    most = (
        _throughput(plan, slots, [(row, float(demands[row])) for row in queued], delay) if cores[queued].all() else None
    )
    tight = slots <= _TIGHT * plain * float(expected.rates @ expected.held[:, unit]) / visits
    if not known or not all(way.is_exponential(row) for row in queued):
        if tight or (most is not None and most < plain * (1.0 - _UNSURE)):
            yield SlotLimit(unit, slots, math.nan, visits, names)
        return
    behind = tuple(plan.units.name[row] for row in way.behind(entering) if 0.0 < expected.slots[row] < slots)
    if most is not None and most < plain * (1.0 - _FEW):
        yield SlotLimit(unit, slots, most, visits, names, behind)
    elif behind and tight:
        yield SlotLimit(unit, slots, math.nan, visits, behind)


class _Follows(Walker[bool]):
    """Whether a handler is one step after the other, and nothing but the answer ends a wait."""

    def __init__(self, handlers: Handlers) -> None:
        super().__init__(handlers)
        policies = self.plan.policies
        self._cut = np.isfinite(patience(self.plan))
        self._cut[policies.call[np.isfinite(policies.hedge_s)]] = True

    def in_turn(self, nodes: Sequence[Node], values: Iterator[bool]) -> bool:
        """All of them."""
        return all(values)

    def work(self, law: int, service: int) -> bool:
        """Yes."""
        return True

    def pause(self, law: int) -> bool:
        """Yes."""
        return True

    def send(self, call: int, service: int) -> bool:
        """Yes: nobody waits."""
        return True

    def fail(self) -> bool:
        """Yes: the answer is the next step."""
        return True

    def call(self, node: Node, call: int, service: int) -> bool:
        """Where nothing ends it before its answer."""
        if self.plan.calls.remote[call] and self._cut[call]:
            return False
        return self.found[int(self.plan.calls.target[call])] and all(self.steps(body, service) for body in node.bodies)

    def together(self, node: Node, values: Sequence[bool]) -> bool:
        """No."""
        return False

    def again(self, node: Node, value: bool, times: int) -> bool:
        """As once."""
        return value

    def choice(self, values: Sequence[bool], shares: Sequence[float]) -> bool:
        """All of them."""
        return all(values)


class _Way:
    """What a run of a handler asks of all units, its callees' work included."""

    def __init__(self, plan: Plan, expected: Expectations) -> None:
        self._plan, self._counts = plan, expected.counts
        self._coming = expected.tries * expected.arriving
        self._handlers = read_handlers(plan)
        self._unit_of = plan.services.unit[plan.endpoints.service].tolist()
        follows = _Follows(self._handlers)
        follows.walk()
        self.known = follows.found

    def behind(self, runs: Floats) -> list[int]:
        """Units with a limit of slots that are called over the network while the slot is held."""
        found, seen, todo = set(), set(), np.flatnonzero(runs).tolist()
        while todo:
            for _, op, operand in self._rows(todo.pop()):
                if op != Op.CALL or int(self._plan.calls.target[operand]) in seen:
                    continue
                target = int(self._plan.calls.target[operand])
                seen.add(target)
                todo.append(target)
                if self._plan.calls.remote[operand]:
                    found.add(self._unit_of[target])
        return sorted(unit for unit in found if self._plan.units.concurrency[unit] != UNLIMITED)

    def add_up(self, runs: Floats) -> tuple[Floats, float]:
        """Seconds of a core by unit, and seconds of delay, of so many runs of each endpoint and all that they call."""
        plan, mean, runs = self._plan, self._plan.distributions.mean, runs.copy()
        seconds, delay = np.zeros(len(plan.units.name)), 0.0
        for endpoint in reversed(self._handlers.order):
            if runs[endpoint] == 0.0:
                continue
            unit, pace = self._unit_of[endpoint], float(plan.services.pace[plan.endpoints.service[endpoint]])
            for row, op, operand in self._rows(endpoint):
                number = runs[endpoint] * self._counts[row]
                if op == Op.CPU:
                    seconds[unit] += number * mean[operand] / pace
                elif op == Op.SLEEP:
                    delay += number * float(mean[operand])
                elif op == Op.CALL:
                    tries = number * self._coming[operand]
                    runs[plan.calls.target[operand]] += tries
                    if plan.calls.remote[operand]:
                        delay += tries * 2.0 * float(mean[plan.calls.latency[operand]])
                        self._pack(operand, number, tries, seconds)
        return seconds, float(delay)

    def _rows(self, endpoint: int) -> Iterator[tuple[int, int, int]]:
        for node in inside(self._handlers.trees[endpoint]):
            yield node.row, int(node.op), int(self._plan.programs.a[node.row])

    def _pack(self, call: int, number: float, tries: float, seconds: Floats) -> None:
        plan, law = self._plan, int(self._plan.calls.serialization[call])
        if law < 0:
            return
        for service, times in ((int(plan.calls.caller[call]), number),
                               (int(plan.endpoints.service[plan.calls.target[call]]), tries)):  # fmt: skip
            work = float(plan.distributions.mean[law] / plan.services.pace[service])
            seconds[plan.services.unit[service]] += 2.0 * times * work

    def is_exponential(self, unit: int) -> bool:
        """Whether the product form holds of a unit's cores: shared ones, or exponential times of one mean."""
        plan = self._plan
        if plan.units.scheduling[unit] == Scheduling.PS:
            return True
        laws = {
            (operand, float(plan.services.pace[plan.endpoints.service[endpoint]]))
            for endpoint in range(len(plan.endpoints.name))
            if self._unit_of[endpoint] == unit
            for _, op, operand in self._rows(endpoint)
            if op == Op.CPU
        }
        return len(laws) == 1 and plan.distributions.kind[next(iter(laws))[0]] == Dist.EXPONENTIAL


def _throughput(plan: Plan, slots: int, queued: Sequence[tuple[int, float]], delay: float) -> float | None:
    """Rounds per second of so many slots; None where it would take long to compute."""
    from ..theory import Station, closed_network  # here: a run, which compiles too, has no need of the theory

    if len(queued) == 1:
        ((unit, demand),) = queued
        replicas, cores = int(plan.units.replicas[unit]), int(plan.units.cores[unit])
        picks = _picks(plan, unit)
        if replicas > 1 and picks and len(_states(slots, replicas)) <= _MOST_STATES:
            return _chain(slots, replicas, cores, demand, max(delay, 1e-6 * demand), *picks)
    stations = []
    for unit, demand in queued:
        replicas, cores = int(plan.units.replicas[unit]), int(plan.units.cores[unit])
        if plan.units.balancer[unit] in (Balancer.RANDOM, Balancer.CONSISTENT_HASH):
            stations += [Station(demand, cores, 1.0 / replicas)] * replicas
        else:
            stations.append(Station(demand, cores * replicas))
    if slots * len(stations) ** 2 * max(station.servers or 1 for station in stations) > _MOST_WORK:
        return None
    return closed_network(slots, stations, delay).throughput


def _picks(plan: Plan, unit: int) -> tuple[int, bool] | None:
    """How many replicas LEAST_REQUEST looks at, and whether they are different ones; None for other balancers."""
    balancer, replicas = int(plan.units.balancer[unit]), int(plan.units.replicas[unit])
    choices = int(plan.units.choice_count[unit])
    if choices == UNLIMITED and balancer in (Balancer.LEAST_REQUEST, Balancer.LEAST_OF_DISTINCT):
        return replicas, True
    if balancer == Balancer.LEAST_OF_DISTINCT:
        return min(choices, replicas), True
    return (choices, False) if balancer == Balancer.LEAST_REQUEST else None


State = tuple[int, ...]


def _states(population: int, replicas: int) -> list[State]:
    """How many are at each replica, the most first, of no more than so many in all; empty if there are too many."""
    if population * replicas > _MOST_STATES:
        return [()] * (_MOST_STATES + 1)
    found = (state[::-1] for state in combinations_with_replacement(range(population + 1), replicas))
    states = []
    for state in found:
        if sum(state) <= population:
            states.append(state)
            if len(states) > _MOST_STATES:
                break
    return states


def _chain(
    population: int, replicas: int, cores: int, service_s: float, delay_s: float, choices: int, distinct: bool
) -> float:
    """Throughput of a closed network of a delay and replicas, of which the emptiest of some drawn ones is joined.

    The stationary law of the Markov chain over the sorted numbers at the replicas. Source of the model: M.
    Mitzenmacher, "The power of two choices in randomized load balancing", 2001, there without end.
    """
    states = _states(population, replicas)
    place = {state: number for number, state in enumerate(states)}
    rates = np.zeros((len(states), len(states)))
    served = np.zeros(len(states))
    for row, state in enumerate(states):
        outside = population - sum(state)
        for index, chance in enumerate(_joined(replicas, choices, distinct)) if outside else ():
            rates[row, place[_moved(state, index, 1)]] += outside / delay_s * chance
        for index, present in enumerate(state):
            if present:
                rate = min(present, cores) / service_s
                rates[row, place[_moved(state, index, -1)]] += rate
                served[row] += rate
    np.fill_diagonal(rates, rates.diagonal() - rates.sum(axis=1))
    rates[:, 0] = 1.0  # in the place of one balance, which the others imply: all shares are 1
    wanted = np.zeros(len(states))
    wanted[0] = 1.0
    return float(np.linalg.solve(rates.T, wanted) @ served)


def _moved(state: State, index: int, change: int) -> State:
    numbers = list(state)
    numbers[index] += change
    return tuple(sorted(numbers, reverse=True))


def _joined(replicas: int, choices: int, distinct: bool) -> list[float]:
    """The chance that each is joined, sorted from the fullest to the emptiest: the last one of those drawn."""
    if not distinct:
        return [((index + 1) ** choices - index**choices) / replicas**choices for index in range(replicas)]
    ways = [comb(index, choices - 1) for index in range(replicas)]
    return [number / sum(ways) for number in ways]
