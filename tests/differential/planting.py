"""A copy of the compiled engine with one change of its text, run as plain Python.

Plain Python does what machine code does, if it is given the same numbers. Arrays are given to it as buffers, whose
items are Python's own numbers (many times faster than numpy's), and addresses are signed, as they are in memory.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba.core.sigutils import normalize_signature

import simulator.engines
from simulator.machine_code.jit import Function, compile_now
from simulator.plan.engine import Engine

ENGINE = Path(simulator.engines.__file__).parent / "compiled"
PLAIN = '''"""What `machine_code/jit.py` gives, but that nothing is compiled."""

from functools import wraps

from simulator.machine_code.jit import *

float64 = float


def kernel(function):
    return function


subroutine = compile_now = kernel


def is_at_hand(_function):
    return True


def rule(*signatures, inline=False, alone=False):
    return kernel


def address_of(array):
    return array


SERVED = set()


def serves(feature):
    def note(function):
        @wraps(function)
        def call(*args):
            SERVED.add(feature)
            return function(*args)

        return call

    return note


def integers_of(array):
    return memoryview(array)


def uint32(value):
    return value & 0xFFFFFFFF


def uint64(value):
    return value & 0xFFFFFFFFFFFFFFFF


def int64(value):
    return (int(value) + 2**63) % 2**64 - 2**63
'''
SMALL = {
    "layout.py": {"STEPS_PER_CHECK": 1, "ROOM": 512},
    "logs.py": {"PAGE_ROWS": 3},
    "calendar.py": {"FEW": 2},
    "image.py": {"SPARE_WORDS": 0},
    "engine.py": {"STEPS_PER_SLICE": 500},
}
"""Constants that are smaller here, so that also in a short run pages end, memory grows, and the heap is cleared out."""
NUMBERS = count()


class Patience(Exception):  # noqa: N818 (its end is no error: a planted bug may well run for ever)
    """A run has taken too long."""


def plant(source: Path, folder: Path, bug: tuple[str, str, str] | None = None) -> type[Engine]:
    """The engine of a copy of `source`, in which a file's one place with an old text has a new one.

    The copy is beside the engines by name, so that its relative imports mean the same; its file is in `folder`.
    """
    package_name = f"planted{next(NUMBERS)}"
    package = folder / package_name
    package.mkdir()
    (package / "plain.py").write_text(PLAIN, encoding="utf-8")
    for file in source.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        if bug is not None and bug[0] == file.name:
            assert text.count(bug[1]) == 1, f"{file.name} has {text.count(bug[1])} places with {bug[1]!r}"
            text = text.replace(bug[1], bug[2])
        for name, number in SMALL.get(file.name, {}).items():
            text, found = re.subn(rf"^{name} = .*$", f"{name} = {number}", text, flags=re.MULTILINE)
            assert found == 1, f"{file.name} has {found} constants {name}"
        (package / file.name).write_text(text.replace("from ...machine_code.jit import", "from .plain import"), "utf-8")
    assert bug is None or (package / bug[0]).exists(), bug
    engine: type[Engine] = _load(f"simulator.engines.{package_name}", package).CompiledEngine
    return engine


def _load(name: str, package: Path) -> ModuleType:
    """Import a package from a folder, and give its modules rules that take any numbers."""
    spec = importlib.util.spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    importlib.invalidate_caches()
    spec.loader.exec_module(module)
    for inner in [module for key, module in sys.modules.items() if f"{key}.".startswith(f"{name}.")]:
        for key, value in list(vars(inner).items()):
            if isinstance(value, Function) and value.signatures:
                setattr(inner, key, _like_machine_code(value))
    return module


def _like_machine_code(rule: Any) -> Callable[..., Any]:
    """A compiled rule whose numbers are cast as they are between compiled functions and memory."""
    compile_now(rule)  # else the time of it would be that of a run
    takes, gives = normalize_signature(rule.signatures[0])
    casts = [_cast(str(one)) for one in takes]
    result = _cast(str(gives), result=True)

    def call(*arguments: Any) -> Any:
        return result(rule(*[cast(one) for cast, one in zip(casts, arguments, strict=True)]))

    return call


def _cast(kind: str, *, result: bool = False) -> Callable[[Any], Any]:
    """What makes a number, or a buffer, of one of numba's types."""
    if kind == "uint64":
        return _signed if result else _unsigned
    if kind == "float64":
        return float
    return np.asarray if "array" in kind.lower() and not result else _same


def _same(value: Any) -> Any:
    return value


def _unsigned(value: Any) -> int:
    return int(value) & (2**64 - 1)


def _signed(value: Any) -> int:
    return (int(value) + 2**63) % 2**64 - 2**63


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Give up a run that computes for longer, where the system has a timer for that."""

    def give_up(*_: object) -> None:
        raise Patience

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


def disagrees(engine: Engine, run: Callable[[Engine], list[str]], seconds: float) -> list[str]:
    """What an engine does otherwise; a breakdown, or a run that does not end, is otherwise too."""
    try:
        with patience(seconds), np.errstate(all="ignore"):
            return run(engine)
    except (Patience, Exception) as error:
        return [f"  {type(error).__name__}: {error}"]
