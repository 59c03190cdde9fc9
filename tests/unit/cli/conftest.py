"""What every test of a command needs."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_compiled() -> Iterator[None]:
    """Whatever this machine has in its cache, "auto" finds nothing there."""
    from simulator.engines import compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "is_compiled", lambda: False)
        yield
