"""Jobs of shared cores in the order of their ends, against heapq; levels, against sums."""

from __future__ import annotations

from heapq import heappop, heappush

import numba
import numpy as np
import pytest

from simulator.engines.compiled.flight import Request, Task
from simulator.engines.compiled.layout import Level, World
from simulator.engines.compiled.stations import change, level_at, meld, without_top
from simulator.machine_code.records import NOBODY, take

JOIN, END = range(2)


@numba.njit
def carry_out(words, deeds, due, ended):
    """Jobs join and end in turn; `ended` gets the numbers of those that end (-1: there is none)."""
    world = World(words)
    numbers = np.full(len(words), -1, np.int64)
    root, count = Task(world, 0), 0
    for row in range(len(deeds)):
        if deeds[row, 0] == JOIN:
            request = take(world, Request)
            request.workload = deeds[row, 1]
            request.number = deeds[row, 2]
            task = take(world, Task)
            task.request = request
            task.address = deeds[row, 3]
            task.local = deeds[row, 4]
            task.due = due[row]
            task.child = NOBODY
            task.sibling = NOBODY
            numbers[task.index] = row
            root = meld(root, task)
        else:
            ended[count] = numbers[root.index]
            count += 1
            if root:
                root = without_top(root)
    return count


WORKLOADS = [0, 1, 2, 2**16 - 1]
REQUESTS = [0, 1, 5, 3 << 32, 2**62]
ADDRESSES = [0, 1, 2**31, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 1]
LOCALS = [0, 1, 4, 2**31, 2**32 - 1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("instants", [1, 3, 1_000_000])
@pytest.mark.parametrize("joining", [0.3, 0.5, 0.8, 1.0])
def test_8_5_the_job_that_ends_first_is_on_top_ties_by_full_key(joining, instants, seed, words):
    generator = np.random.default_rng(seed)
    heap, deeds, due, expected, used = [], [], [], [], set()
    for number in range(2_000):
        if number < 1_000 and generator.random() < joining:
            key = tuple(v[generator.integers(len(v))] for v in (WORKLOADS, REQUESTS, ADDRESSES, LOCALS))
            end = int(generator.integers(instants)) / 8
            if (end, key) in used:
                key = (7, number, 0, 0)
            used.add((end, key))
            heappush(heap, (end, key, number))
            workload, request, address, local = key
            deeds.append((JOIN, workload, request, (address + 2**63) % 2**64 - 2**63, local))
            due.append(end)
        else:
            deeds.append((END, 0, 0, 0, 0))
            due.append(0.0)
            expected.append(heappop(heap)[-1] if heap else -1)
    ended = np.zeros(len(deeds), np.int64)
    count = carry_out(words, np.array(deeds, np.int64), np.array(due), ended)
    assert ended[:count].tolist() == expected


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_thousands_of_jobs_in_order_are_no_matter(order, words):
    """No recursion, and no work for each pair of jobs."""
    jobs = 30_000
    numbers = range(jobs) if order == "ascending" else range(jobs)[::-1]
    deeds = [(JOIN, 0, number, 0, 0) for number in numbers] + [(END, 0, 0, 0, 0)] * jobs
    ended = np.zeros(len(deeds), np.int64)
    count = carry_out(words, np.array(deeds, np.int64), np.zeros(len(deeds)), ended)
    assert ended[:count].tolist() == sorted(range(jobs), reverse=order == "descending")


@numba.njit
def follow(words, place, nows, bys, areas):
    level = Level(World(words), place)
    for row in range(len(nows)):
        change(level, nows[row], bys[row])
        areas[row] = level_at(level, nows[row] + 25)


def test_a_level_is_its_integral_and_to_look_changes_nothing(words):
    generator = np.random.default_rng(1)
    nows = np.cumsum(generator.integers(0, 4, 500))
    bys = generator.integers(-1, 3, 500)
    areas = np.zeros(500)
    level = World(words).services[0].waiting
    follow(words, level.index, nows, bys, areas)
    values = np.cumsum(bys)
    until = np.concatenate([[0.0], np.cumsum(values[:-1] * np.diff(nows))])
    assert areas.tolist() == (until + 25.0 * values).tolist()
    assert level.value == values[-1]
