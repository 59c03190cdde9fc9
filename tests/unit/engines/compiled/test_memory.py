"""Records are taken and put back; ledgers are lists that are appended to, moved and dropped."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from simulator.engines.compiled.flight import Exchange, Ledger, LedgerEntry, Request, Task
from simulator.engines.compiled.layout import World
from simulator.engines.compiled.memory import (
    drop_ledger,
    end_task,
    let_go,
    let_go_of_request,
    move_ledger,
    note,
    spend,
)
from simulator.machine_code.records import put_back, size_of, take

KINDS = (Task, Request, LedgerEntry, Exchange)
TASK, REQUEST, ENTRY, EXCHANGE = range(4)
TAKE, PUT_BACK, NOTE, MOVE, DROP, SPEND, LET_GO, LET_GO_OF_REQUEST, END_TASK = range(9)


@numba.njit
def take_one(world, kind):
    if kind == TASK:
        return take(world, Task).index
    if kind == REQUEST:
        return take(world, Request).index
    if kind == ENTRY:
        return take(world, LedgerEntry).index
    return take(world, Exchange).index


@numba.njit
def put_back_one(world, kind, at):
    if kind == TASK:
        put_back(Task(world, at))
    elif kind == REQUEST:
        put_back(Request(world, at))
    else:
        put_back(LedgerEntry(world, at))


@numba.njit
def do(words, deed, a, b, time):
    world = World(words)
    if deed == TAKE:
        return take_one(world, a)
    if deed == PUT_BACK:
        put_back_one(world, a, b)
    elif deed == NOTE:
        note(Ledger(world, a), b, time)
    elif deed == MOVE:
        move_ledger(Ledger(world, a), Ledger(world, b))
    elif deed == DROP:
        drop_ledger(Ledger(world, a))
    elif deed == SPEND:
        spend(Task(world, a), b, time)
    elif deed == LET_GO:
        let_go(Exchange(world, a))
    elif deed == LET_GO_OF_REQUEST:
        let_go_of_request(Request(world, a))
    else:
        end_task(Task(world, a))
    return 0


@pytest.fixture
def deeds(words):
    def deed(name, *numbers, time=0):
        return do(words, name, *numbers, *[0] * (2 - len(numbers)), time)

    return deed


def test_what_is_put_back_is_taken_again_and_is_another_one(words, deeds):
    first = deeds(TAKE, TASK)
    generation = Task(words, first).generation
    deeds(PUT_BACK, TASK, first)
    assert Task(words, first).generation != generation
    assert deeds(TAKE, TASK) == first
    assert deeds(TAKE, TASK) != first


def test_records_in_use_have_no_word_in_common(words, deeds):
    """Over a long life of three kinds of records, whose free ones are not mixed up."""
    generator = np.random.default_rng(2)
    sizes = [size_of(kind) for kind in KINDS[:3]]
    used, most = [], [0, 0, 0]
    start = World(words).top
    for _ in range(3_000):
        if generator.random() < 0.52 or not used:
            kind = int(generator.integers(3))
            record = deeds(TAKE, kind)
            words[record + 1 : record + sizes[kind]] = -7  # what is in it does not matter
            used.append((record, kind))
        else:
            record, kind = used.pop(generator.integers(len(used)))
            deeds(PUT_BACK, kind, record)
        for kind in range(3):
            most[kind] = max(most[kind], sum(1 for _, other in used if other == kind))
    places = [word for record, kind in used for word in range(record, record + sizes[kind])]
    assert len(set(places)) == len(places)
    assert start <= min(places)
    assert max(places) < World(words).top
    assert World(words).top - start == sum(count * size for count, size in zip(most, sizes, strict=True))


def listed(words, ledger):
    entries, entry = [], Ledger(words, ledger).first
    while entry:
        entries.append((entry.component, entry.time))
        entry = entry.next
    return entries


@pytest.mark.parametrize("seed", range(4))
def test_ledgers_are_lists(seed, words, deeds, free_ones):
    """Random notes, moves and drops, of tasks and exchanges, against lists."""
    generator = np.random.default_rng(seed)
    ledgers = [Task(words, deeds(TAKE, TASK)).ledger.index for _ in range(3)]
    ledgers += [Exchange(words, deeds(TAKE, EXCHANGE)).ledger.index for _ in range(3)]
    lists = [[] for _ in ledgers]
    start, most = World(words).top, 0
    for step in range(1_500):
        one, other = generator.choice(len(ledgers), size=2, replace=False)
        chance = generator.random()
        if chance < 0.6:
            deeds(NOTE, ledgers[one], step, time=7 * step)
            lists[one].append((step, 7 * step))
        elif chance < 0.9:
            deeds(MOVE, ledgers[one], ledgers[other])
            lists[other] += lists[one]
            lists[one] = []
        else:
            deeds(DROP, ledgers[one])
            lists[one] = []
        most = max(most, sum(map(len, lists)))
        if step % 50 == 0:
            assert [listed(words, ledger) for ledger in ledgers] == lists
    assert [listed(words, ledger) for ledger in ledgers] == lists
    assert World(words).top - start == most * size_of(LedgerEntry)
    for ledger in ledgers:
        deeds(DROP, ledger)
    assert len(free_ones(words, LedgerEntry)) == most


def test_a_task_spends_at_its_own_service(words, deeds):
    task = Task(words, deeds(TAKE, TASK))
    task.service = World(words).services[0]
    task.service.components = 40
    deeds(SPEND, task.index, 2, time=25)
    deeds(SPEND, task.index, 0, time=50)
    assert listed(words, task.ledger.index) == [(42, 25), (40, 50)]


def test_the_last_one_who_lets_go_of_an_exchange_puts_it_back_with_all_it_has(words, deeds, free_ones):
    request = Request(words, deeds(TAKE, REQUEST))
    exchange = Exchange(words, deeds(TAKE, EXCHANGE))
    exchange.request = request
    exchange.references = request.references = 2
    for component in range(3):
        deeds(NOTE, exchange.ledger.index, component)

    def counts():
        return [len(free_ones(words, kind)) for kind in (Exchange, LedgerEntry, Request)]

    deeds(LET_GO, exchange.index)
    assert counts() == [0, 0, 0]
    deeds(LET_GO, exchange.index)
    assert counts() == [1, 3, 0]
    deeds(LET_GO_OF_REQUEST, request.index)
    assert counts() == [1, 3, 1]


def test_a_task_that_ends_puts_back_its_ledger(words, deeds, free_ones):
    task = Task(words, deeds(TAKE, TASK))
    for component in range(3):
        deeds(NOTE, task.ledger.index, component)
    deeds(END_TASK, task.index)
    assert free_ones(words, Task) == [task.index]
    assert len(free_ones(words, LedgerEntry)) == 3
