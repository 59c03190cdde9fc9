"""What every test of a command needs."""

from collections.abc import Iterator

import pytest

from simulator.cli import telling


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_compiled() -> Iterator[None]:
    """Whatever this machine has in its cache, "auto" finds nothing there."""
    from simulator.engines import compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "is_compiled", lambda: False)
        yield


@pytest.fixture(autouse=True)
def silence(request, monkeypatch):
    """What a command says while it works depends on how fast the machine is: it has tests of its own."""
    if not request.module.__name__.endswith("test_telling"):
        monkeypatch.setattr(telling.Teller, "_say", lambda *_: None)
