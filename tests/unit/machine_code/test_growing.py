"""Arrays that grow keep what is in them and are zero behind it, with addresses reserved for them and without."""

import mmap

import numpy as np
import pytest

from simulator import machine
from simulator.machine_code.growing import grown, zeros

PAGES = 1 << 20


def fill(words):
    words[:] = np.arange(words.size) + 1
    return words


def is_kept(words, filled):
    return (words[:filled] == np.arange(filled) + 1).all() and not words[filled:].any()


def test_an_array_grows_where_it_lies_if_addresses_can_be_reserved():
    words = fill(zeros(100, PAGES))
    longer = grown(grown(words, 5_000), PAGES)
    can = hasattr(mmap, "MAP_PRIVATE") and not machine.addresses_are_limited()
    assert longer.ctypes.data == words.ctypes.data or not can
    assert longer.size == PAGES
    assert is_kept(longer, 100)


@pytest.mark.parametrize("hindrance", ["limit", "system", "refusal"])
def test_without_reserved_addresses_it_grows_all_the_same(hindrance, monkeypatch):
    def refuse(*_args, **_flags):
        raise OSError(12, "Cannot allocate memory")

    if hindrance == "limit":
        monkeypatch.setattr(machine, "addresses_are_limited", lambda: True)
    elif hindrance == "system":
        monkeypatch.delattr(mmap, "MAP_PRIVATE", raising=False)
    else:
        monkeypatch.setattr(mmap, "mmap", refuse)
    words = fill(zeros(100, PAGES))
    assert words.base is None
    assert is_kept(grown(words, 5_000), 100)


def test_an_array_may_begin_longer_than_it_may_grow():
    assert zeros(100, 10).size == 100


def test_what_is_not_used_takes_no_memory():
    before = machine.resident_memory()
    words = zeros(1 << 20, 1 << 27)
    words[:10] = 1
    assert machine.resident_memory() - before < 1 << 27
