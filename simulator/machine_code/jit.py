"""Functions that become machine code: what is compiled, from what types, and where it is kept between processes.

Nothing here needs numba (`compiling.py` does): whoever only runs what is kept never waits for its import.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
import threading
from collections.abc import Callable
from functools import cache, update_wrapper
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar

import llvmlite.binding
import numpy as np
from numpy.typing import NDArray

from . import keeping, native

__all__ = [
    "COMPILING",
    "RULES",
    "Floats",
    "Function",
    "Words",
    "address_of",
    "cache_folder",
    "compile_now",
    "float64",
    "floats_of",
    "int64",
    "integers_of",
    "is_at_hand",
    "is_kept",
    "kept_lean",
    "kernel",
    "lean",
    "multiply_high",
    "rule",
    "serves",
    "subroutine",
    "uint32",
    "uint64",
]

P = ParamSpec("P")
R = TypeVar("R")

Words = NDArray[np.int64]
Floats = NDArray[np.float64]
float64, int64, uint32, uint64 = np.float64, np.int64, np.uint32, np.uint64
"""Casts in what is compiled."""

SOURCES = ("machine_code", "plan", "rules", "engines/compiled")
"""Folders whose text decides the machine code: numba's own cache does not see edits in other files."""

SHIPPED = Path(__file__).parent / "objects"
"""Where a wheel has objects; a checkout has none."""

COMPILING = threading.RLock()
"""One thread compiles, or fetches, and what it calls on the way."""

RULES: list[Any] = []
"""All rules of the modules that are loaded, for whoever wants them compiled ahead."""


class Function(Generic[P, R]):
    """A function that compiled code calls, and Python: then machine code is made, or fetched, at the first call.

    Attributes
    ----------
    py_func
        What is compiled.
    signatures
        Types in numba's words; none: those of the annotations.
    inline
        Whether it is compiled into whatever calls it.
    alone
        Whether Python calls it as an object of its own, without numba; its types are numbers and pointers.
    serves
        The only feature for which it is called, if there is one.
    absent
        Features for which nothing is compiled into it.
    """

    def __init__(self, function: Callable[P, R], signatures: tuple[str, ...], *, inline: bool, alone: bool) -> None:
        update_wrapper(self, function)
        self.py_func, self.signatures, self.inline, self.alone = function, signatures, inline, alone
        self.serves, self.absent = "", frozenset[str]()
        self.entry: Callable[..., Any] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run its machine code; numbers of other types become those of the signature."""
        entry = self.entry or make_entry(self)
        return entry(*args, **kwargs)  # type: ignore[no-any-return]

    @property
    def source(self) -> tuple[str, str, int]:
        """What tells its text from others: the digest of its file, its name, and where it stands."""
        return source_digest(inspect.getfile(self.py_func)), self.__qualname__, self.py_func.__code__.co_firstlineno

    @property
    def stem(self) -> str:
        """What files of its machine code begin with."""
        name = re.sub(r"[^A-Za-z0-9_.]", "", self.__qualname__)
        return f"{Path(inspect.getfile(self.py_func)).stem}.{name}"

    @property
    def without(self) -> str:
        """What files of its objects end with: the features that are absent."""
        return "".join(f"-{feature}" for feature in sorted(self.absent))


def rule(*signatures: str, inline: bool = False, alone: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a rule for given types, in numba's words: ``float64(uint64, int64)``.

    One signature, so that a Python caller and a compiled one run the same machine code on the same types; a second
    one only where a table is an array to the one and a pointer to the other.
    No `fastmath`: results have to agree to the last bit. Compiled, or fetched from the cache, when it is first
    called: a kernel that is in the cache already needs none of them. `inline`: into whatever compiled code calls it.
    `alone`: its machine code is kept as an object that needs no numba.
    """

    def compile_rule(function: Callable[P, R]) -> Callable[P, R]:
        made = Function(function, signatures, inline=inline, alone=alone)
        RULES.append(made)
        return made

    return compile_rule


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a part of the compiled engine into whatever calls it, for the types of its annotations.

    `Words` and `Floats` are pointers, as `integers_of` and `floats_of` give them, and records (`records.py`) are little
    more: handing them on costs nothing, where an array costs several words and the counting of its references.
    """
    return Function(function, (), inline=True, alone=False)


def subroutine(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a `kernel` that is called from many places, or seldom: one copy of it is enough."""
    return Function(function, (), inline=False, alone=False)


def serves(feature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Note that a kernel is only called for a feature: what lacks the feature is compiled without it."""

    def note(function: Callable[P, R]) -> Callable[P, R]:
        function.serves = feature
        return function

    return note


@cache
def lean(function: Any, absent: frozenset[str]) -> Any:
    """A function that stands alone, without what serves some features."""
    made = Function(function.py_func, function.signatures, inline=function.inline, alone=True)
    made.absent = absent
    return made


# -- where machine code comes from


@cache
def cache_folder() -> Path:
    """Where machine code is kept: a folder of its own for all that decides it."""
    return keeping.find_folder(digest_of(llvmlite.binding.get_host_cpu_name()))


def digest_of(processor: str) -> str:
    """Of all that decides the machine code for a processor: sources, Python, numba."""
    made_for = (version("numba"), sys.implementation.cache_tag, processor, sources_digest())
    return hashlib.sha256(repr(made_for).encode()).hexdigest()[:16]


def sources_digest() -> str:
    """Of the text of all that becomes machine code."""
    sha = hashlib.sha256()
    package = Path(__file__).parents[1]
    for folder in SOURCES:
        for source in sorted((package / folder).rglob("*.py")):
            if source.name != Path(keeping.__file__).name:  # where code is kept is no part of it
                sha.update(source.read_bytes())
    return sha.hexdigest()[:16]


def make_entry(function: Any) -> Callable[..., Any]:
    """What runs the machine code of a function that Python calls."""
    with COMPILING:
        if function.entry is None:
            function.entry = fetch(function) if function.alone else None
        if function.entry is None:
            compile_now(function)
        return function.entry  # type: ignore[no-any-return]


def fetch(function: Any) -> Callable[..., Any] | None:
    """What runs an object that is kept, or came with the package; None if there is none that is whole."""
    for file_of in (object_file, shipped_file):
        content = keeping.read(file_of(function))
        if content is not None and (entry := native.load(content)):
            return entry
    return None


def shipped_file(function: Any, folder: Path = SHIPPED) -> Path:
    """Where a wheel has the object of a function, for any processor of a platform: `engines/compiled/shipping.py`."""
    platform = llvmlite.binding.get_default_triple()
    return folder / f"{function.stem}-{sources_digest()}-{platform}{function.without}{keeping.OBJECT}"


def object_file(function: Any) -> Path:
    """Where the object of a function that stands alone is kept."""
    key = hashlib.sha256(repr(function.source).encode()).hexdigest()[:16]
    return cache_folder() / f"{function.stem}-{key}{function.without}{keeping.OBJECT}"


def kept_lean(function: Any) -> list[frozenset[str]]:
    """What the kept objects of a function that stands alone go without, those that go without most first."""
    whole = object_file(function)
    names = [file.stem.removeprefix(whole.stem) for file in whole.parent.glob(f"{whole.stem}-*{keeping.OBJECT}")]
    return sorted((frozenset(name.split("-")[1:]) for name in names), key=len, reverse=True)


def is_at_hand(function: Any) -> bool:
    """Whether the machine code of a rule is there, from this process or an earlier one."""
    if function.entry is not None:
        return True
    if function.alone:
        return any(keeping.read(file_of(function)) is not None for file_of in (object_file, shipped_file))
    return any(keeping.read(file) is not None for file in cache_folder().glob(f"{function.stem}-*{keeping.ENDING}"))


@cache
def source_digest(file: str) -> str:
    """Of the text of a file; empty if it has none."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def is_kept() -> bool:
    """Whether another process finds what is compiled now: the folder is not a temporary one."""
    return not keeping.is_temporary(cache_folder())


def compile_now(function: Any) -> None:
    """Compile a rule, or fetch it from the cache, before it is called."""
    with COMPILING:
        if function.entry is None and function.alone:
            function.entry = fetch(function)
        if function.entry is None:
            from .compiling import make

            function.entry = make(function)


def address_of(array: Any) -> Any:
    """What a function that stands alone takes as a pointer: it looks at neither type nor length."""
    return array.ctypes.data


# -- what only compiled code does otherwise: `compiling.py` says how


def integers_of(array: Any) -> Any:
    """The words of an array, by pointer."""
    return memoryview(array)


def floats_of(array: Any) -> Any:
    """The words of an array as floats, by pointer."""
    return memoryview(array).cast("B").cast("d")


def multiply_high(a: int, b: int) -> int:
    """The upper half of the 128 bits of a product of two unsigned numbers: an instruction of most machines."""
    return a * b >> 64
