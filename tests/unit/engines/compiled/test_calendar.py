"""Events happen in the order of their times and full keys, whatever was cancelled: against heapq."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import product

import numba
import numpy as np
import pytest

from simulator.engines.compiled.calendar import cancel, fill_hole, schedule
from simulator.engines.compiled.flight import Event
from simulator.engines.compiled.layout import Owner, World
from simulator.machine_code.records import put_back, size_of
from simulator.plan.order import EventKind, base_key, kind_key

SCHEDULE, CANCEL, NEXT = range(3)
OWNER = 8
"""Any word that does not change here: whose event it is does not matter to the calendar."""


@numba.njit
def carry_out(words, deeds, times, happened):
    """Do everything in turn; `happened` gets the numbers of the events that happen (-1: there is none), and times."""
    world = World(words)
    events = np.zeros(len(deeds), np.int64)
    count = 0
    for row in range(len(deeds)):
        deed, number = deeds[row, 0], deeds[row, 1]
        if deed == SCHEDULE:
            head, request, address = deeds[row, 2], deeds[row, 3], deeds[row, 4]
            events[number] = schedule(times[row], head, request, address, number, Owner(world, OWNER)).index
        elif deed == CANCEL:
            cancel(Event(world, events[number]))
        else:
            happened[count, :] = -1
            while True:
                fill_hole(world)
                if world.heap_size == 0:
                    break
                time, event = world.heap[0].time, world.heap[0].event
                world.hole = True
                cancelled = not event.owner
                if cancelled:
                    world.cancelled -= 1
                else:
                    happened[count, 0], happened[count, 1] = event.action, time
                put_back(event)
                if not cancelled:
                    break
            count += 1
    fill_hole(world)
    return count


class Schedule:
    """A list of deeds, and what heapq with Python's own numbers makes of them."""

    def __init__(self):
        self.deeds, self.times, self.expected = [], [], []
        self.heap, self.pending, self.used = [], {}, set()

    def schedule(self, time, kind, workload, request, address, local):
        key = kind_key(kind) + base_key(workload, request, address) + local
        number = len(self.deeds)
        if (time, key) not in self.used:
            self.used.add((time, key))
            heappush(self.heap, (time, key, number))
            self.pending[number] = time
            head = int(kind) << 48 | workload << 32 | local
            self.deeds.append((SCHEDULE, number, head, request, (address + 2**63) % 2**64 - 2**63))
            self.times.append(time)
        return number

    def cancel(self, number):
        if self.pending.pop(number, None) is not None:
            self.deeds.append((CANCEL, number, 0, 0, 0))
            self.times.append(0)

    def next(self):
        self.deeds.append((NEXT, 0, 0, 0, 0))
        self.times.append(0)
        while self.heap:
            time, _, number = heappop(self.heap)
            if self.pending.pop(number, None) is not None:
                self.expected.append((number, time))
                return
        self.expected.append((-1, -1))

    def carry_out(self, words):
        """What happens, in order."""
        happened = np.zeros((len(self.deeds), 2), np.int64)
        count = carry_out(words, np.array(self.deeds, np.int64), np.array(self.times, np.int64), happened)
        return [tuple(row) for row in happened[:count].tolist()]


KINDS = [kind for kind in EventKind if kind != EventKind.CONTROL]
WORKLOADS = [0, 1, 2, 2**16 - 1]
REQUESTS = [0, 1, 5, 3 << 32, 2**62]
ADDRESSES = [0, 1, 2**31, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1]
LOCALS = [0, 1, 4, 2**31, 2**32 - 2, 2**32 - 1]


def any_of(generator, values):
    return values[generator.integers(len(values))]


def random_schedule(seed, *, steps, instants, wishes):
    """A random life; deeds have these chances. Few instants: most events are at the same time as others."""
    generator, life = np.random.default_rng(seed), Schedule()
    now = 0
    for _ in range(steps):
        deed = generator.choice(3, p=wishes)
        if deed == SCHEDULE and len(life.pending) < 400:
            time = now + int(generator.integers(instants))
            columns = [any_of(generator, values) for values in (KINDS, WORKLOADS, REQUESTS, ADDRESSES, LOCALS)]
            life.schedule(time, *columns)
        elif deed == CANCEL and life.pending:
            life.cancel(any_of(generator, list(life.pending)))
        elif deed == NEXT:
            life.next()
            now = max(now, life.expected[-1][1])
    while life.pending:
        life.next()
    life.next()
    return life


def clean(words, before, free_ones):
    """Nothing waits, and every record that was made is free again."""
    world = World(words)
    assert world.heap_size == world.cancelled == 0
    assert len(free_ones(words, Event)) * size_of(Event) == world.top - before


LIVES = {
    "all at one time": (1, [0.55, 0.1, 0.35]),
    "few instants": (4, [0.55, 0.1, 0.35]),
    "many instants": (10_000, [0.55, 0.1, 0.35]),
    "many cancelled": (4, [0.5, 0.45, 0.05]),
    "all cancelled": (50, [0.55, 0.45, 0.0]),
    "often empty": (3, [0.4, 0.2, 0.4]),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LIVES)
def test_3_2_events_happen_in_the_order_of_time_and_full_key(name, seed, words, free_ones):
    instants, wishes = LIVES[name]
    life = random_schedule(seed, steps=4_000, instants=instants, wishes=wishes)
    before = World(words).top
    assert life.carry_out(words) == life.expected
    clean(words, before, free_ones)


def test_3_3_every_part_of_a_key_counts_in_its_turn(words):
    keys = list(product(KINDS[:2], WORKLOADS[1:3], REQUESTS[1:4:2], ADDRESSES[2:6], LOCALS[::5]))
    life = Schedule()
    for place in np.random.default_rng(5).permutation(len(keys)):
        life.schedule(1.0, *keys[place])
    for _ in keys:
        life.next()
    happened = life.carry_out(words)
    assert happened == life.expected
    numbers = [int(number) for number, _ in happened]
    order = [keys[place] for place in np.random.default_rng(5).permutation(len(keys))]
    assert [order[number] for number in numbers] == keys


def test_cancelled_events_do_not_pile_up(words, free_ones):
    """As timers of calls that are answered: always a few wait, thousands are let go."""
    life = Schedule()
    timers = []
    for number in range(20_000):
        timers.append(life.schedule(30.0 + number, EventKind.TIMER, 0, number, 0, 0))
        if len(timers) > 5:
            life.cancel(timers.pop(0))
    before = World(words).top
    while life.pending:
        life.next()
    life.next()
    assert life.carry_out(words) == life.expected
    assert World(words).top - before < 500 * size_of(Event)
    clean(words, before, free_ones)


def test_an_event_may_be_scheduled_and_cancelled_by_the_one_that_happens(words, free_ones):
    """The place of the one that happens is still free then, also in a heap of one and in one that is cleared out."""
    for others in (0, 1, 200):
        life = Schedule()
        waiting = [life.schedule(2.0, EventKind.TIMER, 0, number, 0, 0) for number in range(others)]
        life.schedule(1.0, EventKind.REPLY, 0, 0, 0, 0)
        life.next()
        for number in waiting[: others // 2 + 20]:
            life.cancel(number)
        life.schedule(1.0, EventKind.TIMER, 0, 0, 0, 0)
        life.cancel(life.schedule(1.5, EventKind.TIMER, 0, 0, 0, 0))
        while life.pending:
            life.next()
        life.next()
        memory = words.copy()
        assert life.carry_out(memory) == life.expected
        clean(memory, World(words).top, free_ones)
