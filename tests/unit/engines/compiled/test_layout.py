"""The words of a record are its own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.engines.compiled import downtime, flight, layout, logs
from simulator.engines.compiled.flight import Event, Task
from simulator.engines.compiled.layout import Owner, World
from simulator.machine_code.fields import NEXT, Mark, Reference
from simulator.machine_code.records import Record, fields_of, size_of

RECORDS = [
    record
    for module in (layout, flight, downtime, logs)
    for record in vars(module).values()
    if isinstance(record, type) and issubclass(record, Record) and record.__module__ == module.__name__
]
COME_AND_GO = [one.kind.record for one in fields_of(World).values() if one.mark is Mark.FREE]


@pytest.mark.parametrize("record", RECORDS)
def test_no_two_fields_share_a_word_unless_it_is_said(record):
    fields = [one for one in fields_of(record).values() if one.wish.over is None]
    assert fields[0].offset == 0
    for one, following in pairwise(fields):
        assert following.offset == one.offset + one.kind.size
    assert size_of(record) == fields[-1].offset + fields[-1].kind.size
    for one in fields_of(record).values():
        if one.wish.over is not None:
            assert one.offset == fields_of(record)[one.wish.over].offset
            assert one.kind.size == 1


@pytest.mark.parametrize("record", COME_AND_GO)
def test_the_generation_is_at_one_place_and_outlives_the_list_of_free_ones(record):
    assert issubclass(record, Owner)
    assert fields_of(record)["generation"].offset == 0
    assert size_of(record) > NEXT


def test_what_tells_a_cancelled_event_is_not_touched_by_the_list_of_free_ones():
    assert fields_of(Event)["owner"].offset not in (0, NEXT)


def test_whose_events_there_are_is_told_by_generations():
    assert fields_of(Event)["owner"].kind == Reference(Owner)
    assert {Task, layout.Workload, layout.User, layout.Replica, downtime.Strike} <= set(Owner.__subclasses__())
