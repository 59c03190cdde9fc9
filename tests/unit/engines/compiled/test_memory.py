"""Records are taken and put back; ledgers are lists that are appended to, moved and dropped."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from simulator.engines.compiled.flight import Exchange, Free, LedgerEntry, Request, Task
from simulator.engines.compiled.layout import Service, World
from simulator.engines.compiled.memory import (
    drop_ledger,
    end_task,
    let_go,
    let_go_of_request,
    move_ledger,
    note,
    put_back,
    spend,
    take,
)
from simulator.rules.jit import integers_of

TAKE, PUT_BACK, NOTE, MOVE, DROP, SPEND, LET_GO, LET_GO_OF_REQUEST, END_TASK = range(9)


@numba.njit
def do(words, deed, a, b, c, d, time=0):
    m = integers_of(words)
    if deed == TAKE:
        return take(m, a, b)
    if deed == PUT_BACK:
        put_back(m, a, b)
    elif deed == NOTE:
        note(m, a, b, c, time)
    elif deed == MOVE:
        move_ledger(m, a, b, c, d)
    elif deed == DROP:
        drop_ledger(m, a, b)
    elif deed == SPEND:
        spend(m, a, b, time)
    elif deed == LET_GO:
        let_go(m, a)
    elif deed == LET_GO_OF_REQUEST:
        let_go_of_request(m, a)
    else:
        end_task(m, a)
    return 0


@pytest.fixture
def deeds(words):
    def deed(name, *numbers, time=0):
        return do(words, name, *numbers, *[0] * (4 - len(numbers)), time)

    return deed


def test_what_is_put_back_is_taken_again_and_is_another_one(words, deeds):
    first = deeds(TAKE, World.FREE_TASK, Task.SIZE)
    generation = words[first + Free.GENERATION]
    deeds(PUT_BACK, World.FREE_TASK, first)
    assert words[first + Free.GENERATION] != generation
    assert deeds(TAKE, World.FREE_TASK, Task.SIZE) == first
    assert deeds(TAKE, World.FREE_TASK, Task.SIZE) != first


def test_records_in_use_have_no_word_in_common(words, deeds):
    """Over a long life of three kinds of records, whose free ones are not mixed up."""
    generator = np.random.default_rng(2)
    kinds = [(World.FREE_TASK, Task.SIZE), (World.FREE_REQUEST, Request.SIZE), (World.FREE_ENTRY, LedgerEntry.SIZE)]
    used, most = [], [0, 0, 0]
    start = int(words[World.TOP])
    for _ in range(3_000):
        if generator.random() < 0.52 or not used:
            kind = int(generator.integers(3))
            record = deeds(TAKE, *kinds[kind])
            words[record + Free.NEXT : record + kinds[kind][1]] = -7  # what is in it does not matter
            used.append((record, kind))
        else:
            record, kind = used.pop(generator.integers(len(used)))
            deeds(PUT_BACK, kinds[kind][0], record)
        for kind in range(3):
            most[kind] = max(most[kind], sum(1 for _, other in used if other == kind))
    places = [word for record, kind in used for word in range(record, record + kinds[kind][1])]
    assert len(set(places)) == len(places)
    assert start <= min(places)
    assert max(places) < words[World.TOP]
    assert words[World.TOP] - start == sum(count * size for count, (_, size) in zip(most, kinds, strict=True))


def ledger(words, owner, first):
    entries, entry = [], int(words[owner + first])
    while entry != 0:
        entries.append((int(words[entry + LedgerEntry.COMPONENT]), int(words[entry + LedgerEntry.TIME])))
        entry = int(words[entry + LedgerEntry.NEXT])
    return entries


@pytest.mark.parametrize("seed", range(4))
def test_ledgers_are_lists(seed, words, deeds, free_ones):
    """Random notes, moves and drops, of tasks and exchanges, against lists."""
    generator = np.random.default_rng(seed)
    owners = [(deeds(TAKE, World.FREE_TASK, Task.SIZE), Task.FIRST) for _ in range(3)]
    owners += [(deeds(TAKE, World.FREE_EXCHANGE, Exchange.SIZE), Exchange.FIRST) for _ in range(3)]
    lists = [[] for _ in owners]
    start, most = int(words[World.TOP]), 0
    for step in range(1_500):
        one, other = generator.choice(len(owners), size=2, replace=False)
        chance = generator.random()
        if chance < 0.6:
            deeds(NOTE, *owners[one], step, time=7 * step)
            lists[one].append((step, 7 * step))
        elif chance < 0.9:
            deeds(MOVE, *owners[one], *owners[other])
            lists[other] += lists[one]
            lists[one] = []
        else:
            deeds(DROP, *owners[one])
            lists[one] = []
        most = max(most, sum(map(len, lists)))
        if step % 50 == 0:
            assert [ledger(words, *owner) for owner in owners] == lists
    assert [ledger(words, *owner) for owner in owners] == lists
    assert words[World.TOP] - start == most * LedgerEntry.SIZE
    for owner in owners:
        deeds(DROP, *owner)
    assert len(free_ones(words, World.FREE_ENTRY)) == most


def test_a_task_spends_at_its_own_service(words, deeds):
    task = deeds(TAKE, World.FREE_TASK, Task.SIZE)
    service = int(words[World.SERVICES])
    words[service + Service.COMPONENTS] = 40
    words[task + Task.SERVICE] = service
    deeds(SPEND, task, 2, time=25)
    deeds(SPEND, task, 0, time=50)
    assert ledger(words, task, Task.FIRST) == [(42, 25), (40, 50)]


def test_the_last_one_who_lets_go_of_an_exchange_puts_it_back_with_all_it_has(words, deeds, free_ones):
    request = deeds(TAKE, World.FREE_REQUEST, Request.SIZE)
    exchange = deeds(TAKE, World.FREE_EXCHANGE, Exchange.SIZE)
    words[exchange + Exchange.REQUEST] = request
    words[exchange + Exchange.REFERENCES] = words[request + Request.REFERENCES] = 2
    for component in range(3):
        deeds(NOTE, exchange, Exchange.FIRST, component)
    free = [World.FREE_EXCHANGE, World.FREE_ENTRY, World.FREE_REQUEST]

    def counts():
        return [len(free_ones(words, word)) for word in free]

    deeds(LET_GO, exchange)
    assert counts() == [0, 0, 0]
    deeds(LET_GO, exchange)
    assert counts() == [1, 3, 0]
    deeds(LET_GO_OF_REQUEST, request)
    assert counts() == [1, 3, 1]


def test_a_task_that_ends_puts_back_its_ledger(words, deeds, free_ones):
    task = deeds(TAKE, World.FREE_TASK, Task.SIZE)
    for component in range(3):
        deeds(NOTE, task, Task.FIRST, component)
    deeds(END_TASK, task)
    assert free_ones(words, World.FREE_TASK) == [task]
    assert len(free_ones(words, World.FREE_ENTRY)) == 3
