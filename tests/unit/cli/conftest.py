"""What every test of a command needs."""

import pytest

from simulator.cli import telling
from simulator.engines import compiled, reference


@pytest.fixture
def nothing_compiled(monkeypatch):
    """Whatever this machine has in its cache, "auto" finds nothing there: it is the engine written in Python."""
    monkeypatch.setattr(compiled, "is_compiled", lambda plans: False)
    monkeypatch.setattr(reference, "is_ready", lambda: True)


@pytest.fixture(autouse=True)
def silence(request, monkeypatch):
    """What a command says while it works depends on how fast the machine is: it has tests of its own."""
    if not request.module.__name__.endswith("test_telling"):
        monkeypatch.setattr(telling.Teller, "_say", lambda *_: None)


@pytest.fixture(autouse=True)
def room(monkeypatch):
    """The columns that there are without a window: who runs the tests in workers may say others."""
    monkeypatch.setenv("COLUMNS", "100")
