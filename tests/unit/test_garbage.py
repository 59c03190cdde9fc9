import gc

import pytest

from simulator.garbage import uncollected


def test_nothing_is_collected_meanwhile():
    assert uncollected(gc.isenabled)() is False
    assert gc.isenabled()


def test_collecting_goes_on_after_a_failure():
    with pytest.raises(ZeroDivisionError):
        uncollected(lambda: 1 // 0)()
    assert gc.isenabled()


def test_who_does_not_collect_is_left_alone():
    gc.disable()
    try:
        uncollected(gc.isenabled)()
        assert not gc.isenabled()
    finally:
        gc.enable()
