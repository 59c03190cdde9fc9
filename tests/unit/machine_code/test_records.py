"""Records are the same in Python and in machine code; what is of another type is refused."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from simulator.machine_code import compiling  # noqa: F401  (tells numba what kernels and records are)
from simulator.machine_code.fields import field_at, remembered
from simulator.machine_code.jit import kernel
from simulator.machine_code.records import (
    NOBODY,
    Free,
    Nanoseconds,
    Part,
    Record,
    Ref,
    Rows,
    field,
    put_back,
    size_of,
    take,
)


class Level(Record):
    area: float
    value: int


class Item(Record):
    weight: float
    task: Ref[Task]


class Task(Record):
    generation: int
    next: Ref[Task]
    stage: int
    due: float
    left: Nanoseconds = field(over="due")
    late: bool = field(reset=True)
    level: Part[Level] = field(reset=0)
    items: Rows[Item]
    listed: Rows[Ref[Task]]
    cause: int = field(reset=-1)


class World(Record, world=True):
    top: int
    now: Nanoseconds
    free_task: Free[Task]
    times: Rows[Nanoseconds]
    areas: Rows[float]


@pytest.fixture
def words():
    memory = np.zeros(400, np.int64)
    world = World(memory)
    world.top, world.now = 100, 7
    memory[field_at(World, "times")[0]] = 300
    memory[field_at(World, "areas")[0]] = 320
    return memory


@kernel
def nobody_or(task: Task, number: int) -> Task:
    if number < 0:
        return NOBODY
    return task.items[number].task


def everything(words):
    """What there is to do with records."""
    world = World(words)
    one, other, third = take(world, Task), take(world, Task), take(world, Task)
    put_back(other)
    other = take(world, Task)
    one.next = other
    other.next = NOBODY
    one.stage = 5
    one.due = 0.5
    one.level.area += 2.0
    one.level.value -= 3
    other.left = 1 << 40
    one.late = not one.late
    third.stage = one.following.index
    world.times[2] = world.now
    world.areas[1] += world.times[2]
    if one.next == other and not other.next and other.late and one != third:
        third.cause = one.generation + 10 * other.generation + 100 * Task(one).index
    return third.cause


def test_python_and_machine_code_do_the_same(words):
    copy = words.copy()
    assert everything(words) == numba.njit(everything)(copy) == 10 + 100 * 100
    assert words.tolist() == copy.tolist()
    assert World(words).top == 100 + 3 * size_of(Task)


def test_nobody_comes_back_from_a_kernel(words):
    @numba.njit
    def ask(words, number):
        found = nobody_or(Task(World(words), 100), number)
        return -1 if not found else found.stage

    task = Task(words, 100)
    words[100 + field_at(Task, "items")[0]] = 200
    task.items[1].task = task
    task.stage = 9
    assert (ask(words, -1), ask(words, 0), ask(words, 1)) == (-1, -1, 9)


def test_where_fields_are():
    assert [field_at(Task, name)[0] for name in ("generation", "due", "left", "late", "level.value", "items")] == [
        0, 3, 3, 4, 6, 7,
    ]  # fmt: skip
    assert size_of(Task) == 10


def test_a_record_shows_all_that_is_in_it(words):
    task = Task(words, 100)
    task.next, task.stage, task.late = task, 4, True
    assert repr(task).startswith("Task@100(generation=0, next=@100, stage=4, due=0.0, left=0, late=True, level=Level@")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("next", 5),
        ("next", "item"),
        ("late", 1),
        ("stage", 1.5),
        ("due", "nobody"),
        ("items", "item"),
        ("level", "item"),
    ],
)
def test_a_value_of_another_type_is_refused(name, value, words):
    value = {"item": Item(words, 200), "nobody": NOBODY}.get(value, value)
    with pytest.raises(TypeError):
        setattr(Task(words, 100), name, value)


def test_a_record_of_another_kind_is_refused_by_machine_code(words):
    @numba.njit
    def store(words):
        Task(World(words), 100).next = Item(World(words), 200)

    with pytest.raises(Exception, match="Item is no Task"):
        store(words)


def test_what_does_not_come_and_go_is_not_taken(words):
    with pytest.raises(TypeError, match="Item neither comes nor goes"):
        take(World(words), Item)


def test_records_are_settled_once_whichever_threads_ask():
    """A run in two threads asks first in both: half of what is declared is replaced by then."""
    asked, begun = [], threading.Event()

    @remembered
    def slow(record):
        asked.append(record)
        begun.set()
        time.sleep(0.05)  # the other thread asks meanwhile
        return len(asked)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(slow, int)
        begun.wait()
        assert (first.result(), pool.submit(slow, int).result()) == (1, 1)
        begun.clear()
        pair = [pool.submit(slow, str), pool.submit(slow, str)]
        assert [one.result() for one in pair] == [2, 2]
    assert asked == [int, str]
