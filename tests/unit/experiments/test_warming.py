"""Everything is compiled ahead: the rules of all modules, wherever they are first called."""

import pytest

import simulator as sim
from simulator.errors import EngineError
from simulator.machine_code import jit
from simulator.machine_code.jit import RULES
from simulator.rules import balancers


def test_everything_is_compiled_and_kept(monkeypatch):
    monkeypatch.setattr(jit, "is_kept", lambda: True)
    told = []
    folder = sim.warm(progress=lambda done, total: told.append((done, total)))
    assert folder == jit.cache_folder()
    assert all(rule.entry for rule in RULES if rule.__module__.startswith("simulator."))
    assert balancers.make_ring in RULES or balancers.consistent_hash in RULES
    assert told[0][0] == 0
    assert told[-1] == (len(RULES), len(RULES))


def test_what_cannot_be_kept_is_said(monkeypatch):
    monkeypatch.setattr(jit, "is_kept", lambda: False)
    with pytest.raises(EngineError, match=r"machine code cannot be kept in .*SIMULATOR_CACHE_DIR"):
        sim.warm()
