"""The words of a record are its own."""

from __future__ import annotations

import pytest

from simulator.engines.compiled import downtime, flight, layout
from simulator.engines.compiled.flight import Event, Exchange, Free, Task
from simulator.engines.compiled.layout import Level, Log, Service, Unit, World

RECORDS = {
    name: record._asdict()
    for name, record in (vars(layout) | vars(flight) | vars(downtime)).items()
    if not name.startswith("_") and hasattr(record, "_asdict")
}
LEVELS = {"BUSY", "WAITING", "SHARING"}


@pytest.mark.parametrize("name", RECORDS)
def test_no_two_names_are_one_word(name):
    words = RECORDS[name]
    assert len(set(words.values())) == len(words)
    if "SIZE" in words:
        assert max(words.values()) == words["SIZE"]


def test_a_field_of_several_words_has_them_for_itself():
    services = sorted(value for name, value in RECORDS["Service"].items() if name not in LEVELS)
    for name in LEVELS:
        first = getattr(Service, name)
        assert not {*range(first, first + Level.SIZE)} & {*services}
        assert not {*range(first, first + Level.SIZE)} & {getattr(Service, other) for other in LEVELS - {name}}
    others = {value for name, value in RECORDS["Unit"].items() if name != "READY"}
    assert not {*range(Unit.READY, Unit.READY + Level.SIZE)} & others
    for log in ("LATENCY", "REQUEST", "CALL", "ATTEMPT"):
        row = getattr(World, f"{log}_ROW")
        assert getattr(World, f"{log}_END") == row + Log.END
        assert getattr(World, f"{log}_PAGE") == row + Log.PAGE
    for owner in (Task, Exchange):
        assert owner.LAST == owner.FIRST + 1, "the words of a ledger"


@pytest.mark.parametrize("name", [name for name, words in RECORDS.items() if "GENERATION" in words])
def test_the_generation_is_at_one_place_and_outlives_the_list_of_free_ones(name):
    assert RECORDS[name]["GENERATION"] == Free.GENERATION
    assert RECORDS[name].get("SIZE", 2) > Free.NEXT


def test_what_tells_a_cancelled_event_is_not_touched_by_the_list_of_free_ones():
    assert Event.OWNER not in (Free.GENERATION, Free.NEXT)


def test_0_is_nobody():
    """All records come after the world, which is at 0."""
    assert max(value for name, value in RECORDS["World"].items() if name != "SIZE") < World.SIZE
