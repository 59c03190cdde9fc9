"""A copy of the compiled engine with one change of its text, run as plain Python."""

from __future__ import annotations

import importlib
import importlib.util
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import simulator.engines
from simulator.plan.engine import Engine

ENGINE = Path(simulator.engines.__file__).parent / "compiled"
PLAIN = '''"""What `rules/jit.py` gives, but that nothing is compiled; numbers wrap as those of machine code do."""

import numpy as np


def kernel(function):
    return function


def rule(signature):
    return kernel


def uint32(value):
    return np.uint32(int(value) & 0xFFFFFFFF)


def uint64(value):
    return np.uint64(int(value) & 0xFFFFFFFFFFFFFFFF)


def int64(value):
    return np.uint64(int(value) & 0xFFFFFFFFFFFFFFFF).astype(np.int64)


float64 = np.float64
'''
NUMBERS = count()


class Patience(Exception):  # noqa: N818 (its end is no error: a planted bug may well run for ever)
    """A run has taken too long."""


def plant(source: Path, folder: Path, bug: tuple[str, str, str] | None = None) -> type[Engine]:
    """The engine of a copy of `source`, in which a file's one place with an old text has a new one.

    The copy is beside the engines by name, so that its relative imports mean the same; its file is in `folder`.
    """
    name = f"planted{next(NUMBERS)}"
    package = folder / name
    package.mkdir()
    (package / "plain.py").write_text(PLAIN, encoding="utf-8")
    for file in source.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        if bug is not None and bug[0] == file.name:
            assert text.count(bug[1]) == 1, f"{file.name} has {text.count(bug[1])} places with {bug[1]!r}"
            text = text.replace(bug[1], bug[2])
        (package / file.name).write_text(text.replace("from ...rules.jit import", "from .plain import"), "utf-8")
    assert bug is None or (package / bug[0]).exists(), bug
    engine: type[Engine] = _load(f"simulator.engines.{name}", package).CompiledEngine
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
            if hasattr(value, "nopython_signatures"):
                setattr(inner, key, _like_machine_code(value))
    return module


def _like_machine_code(rule: Any) -> Callable[..., Any]:
    """A compiled rule whose numbers are cast as they are between compiled functions.

    From Python a negative number is none for an unsigned argument, and an unsigned one is a Python integer.
    """
    if not rule.overloads:
        rule._compile_for_args()
    ((types, overload),) = rule.overloads.items()
    casts = [_CASTS.get(str(one), _same) for one in types]
    result = _CASTS.get(str(overload.signature.return_type), _same)

    def call(*arguments: Any) -> Any:
        return result(rule(*(cast(one) for cast, one in zip(casts, arguments, strict=True))))

    return call


def _same(value: Any) -> Any:
    return value


def _unsigned(value: Any) -> np.uint64:
    return np.uint64(int(value) & (2**64 - 1))


def _signed(value: Any) -> np.int64:
    return _unsigned(value).astype(np.int64)


_CASTS: dict[str, Callable[[Any], Any]] = {"uint64": _unsigned, "int64": _signed, "float64": np.float64}


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Give up a run that takes longer, where the system has a timer for that."""

    def give_up(*_: object) -> None:
        raise Patience

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def disagrees(engine: Engine, run: Callable[[Engine], list[str]], seconds: float) -> list[str]:
    """What an engine does otherwise; a breakdown, or a run that does not end, is otherwise too."""
    try:
        with patience(seconds), np.errstate(all="ignore"):
            return run(engine)
    except (Patience, Exception) as error:
        return [f"  {type(error).__name__}: {error}"]
