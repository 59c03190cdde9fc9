"""The one home of numba: a decorator that compiles a rule once, and keeps the machine code between processes."""

from __future__ import annotations

import hashlib
import inspect
import pickle
import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_type_hints

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba import float64, int64, types, uint32, uint64
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps
from numba.extending import intrinsic
from numpy.typing import NDArray

from ..garbage import uncollected
from . import keeping
from .linking import Part, Whole, making

__all__ = [
    "COMPILING",
    "RULES",
    "Floats",
    "Words",
    "cache_folder",
    "compile_now",
    "float64",
    "floats_of",
    "int64",
    "integers_of",
    "is_at_hand",
    "is_kept",
    "kernel",
    "multiply_high",
    "prefetch",
    "rule",
    "subroutine",
    "uint32",
    "uint64",
]

P = ParamSpec("P")
R = TypeVar("R")

SOURCES = ("rules", "engines/compiled")
"""Folders whose text decides the machine code: numba's own cache does not see edits in other files."""

COMPILING = global_compiler_lock
"""One thread compiles, and what it calls on the way: numba's own lock, since who compiles a caller has it already."""

RULES: list[Any] = []
"""All rules of the modules that are loaded, for whoever wants them compiled ahead."""


@cache
def cache_folder() -> Path:
    """Where machine code is kept: a folder of its own for all that decides it."""
    made_for = (numba.__version__, sys.implementation.cache_tag, llvmlite.binding.get_host_cpu_name())
    sha = hashlib.sha256(repr(made_for).encode())
    package = Path(__file__).parents[1]
    for folder in SOURCES:
        for source in sorted((package / folder).rglob("*.py")):
            if source.name != Path(keeping.__file__).name:  # where code is kept is no part of it
                sha.update(source.read_bytes())
    return keeping.find_folder(sha.hexdigest()[:16])


class Kept(_Cache):  # type: ignore[misc]
    """What numba asks for machine code of earlier processes, and gives what it has compiled.

    Its own cache trusts what it finds, does not see edits in other files, and refuses a folder that can only be read.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        source = inspect.getfile(function)
        name = re.sub(r"[^A-Za-z0-9_.]", "", function.__qualname__)
        self._function, self._stem = function, f"{Path(source).stem}.{name}"
        self._source = (source_digest(source), function.__qualname__, function.__code__.co_firstlineno)

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(cache_folder())

    def is_there(self) -> bool:
        """Whether there is whole machine code of this function."""
        return any(keeping.read(file) is not None for file in cache_folder().glob(f"{self._stem}-*{keeping.ENDING}"))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Machine code for a signature; None if there is none, or it is damaged or foreign."""
        target_context.refresh()
        file = self._file(sig, target_context.codegen())
        content = keeping.read(file)
        if content is None:
            return None
        try:
            return CompileResult._rebuild(target_context, *pickle.loads(content))  # noqa: S301 (private, and sealed)
        except Exception:  # of whatever kind: it can be made again
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep machine code, if there is a place and it is good for another process."""
        if data.lifted or data.library.has_dynamic_globals:
            return
        # It cannot be kept, for want of room perhaps: then it is made again next time.
        with suppress(OSError):
            keeping.write(self._file(sig, data.codegen), dumps(data._reduce()))

    def _file(self, sig: Any, codegen: Any) -> Path:
        cells = [cell.cell_contents for cell in self._function.__closure__ or ()]
        made_for = (*self._source, dumps(cells) if cells else b"", str(sig), codegen.magic_tuple())
        key = hashlib.sha256(repr(made_for).encode()).hexdigest()[:16]
        return cache_folder() / f"{self._stem}-{key}{keeping.ENDING}"

    def enable(self) -> None:
        """Nothing: it always is."""

    def disable(self) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing: a file of other sources is another file."""


@cache
def source_digest(file: str) -> str:
    """Of the text of a file; empty if it has none."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def rule(*signatures: str, inline: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a rule for given types, in numba's words: ``float64(uint64, int64)``.

    One signature, so that a Python caller and a compiled one run the same machine code on the same types; a second
    one only where a table is an array to the one and a pointer to the other.
    No `fastmath`: results have to agree to the last bit. Compiled, or fetched from the cache, when it is first
    called: a kernel that is in the cache already needs none of them. `inline`: into whatever compiled code calls it.
    """

    def compile_rule(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher = _compiled_at_first_use(function, lambda: signatures, inline=inline)
        dispatcher._cache = Kept(function)
        RULES.append(dispatcher)
        return dispatcher  # type: ignore[no-any-return]

    return compile_rule


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a part of the compiled engine into whatever calls it, for the types of its annotations.

    `Words` and `Floats` are pointers, as `integers_of` and `floats_of` give them: handing them on costs nothing,
    where an array costs several words and the counting of its references.
    """
    return _kernel(function, inline=True)


def subroutine(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a `kernel` that is called from many places, or seldom: one copy of it is enough."""
    return _kernel(function, inline=False)


def _kernel(function: Callable[P, R], *, inline: bool) -> Callable[P, R]:
    def signatures() -> Any:
        gives, *takes = reversed([NUMBA_TYPES[hint] for hint in get_type_hints(function).values()])
        return (gives(*reversed(takes)),)

    return _compiled_at_first_use(function, signatures, inline=inline)  # type: ignore[no-any-return]


def _compiled_at_first_use(function: Any, signatures: Callable[[], Iterable[Any]], *, inline: bool) -> Any:
    # No checks for division by zero: a kernel raises nothing, and a plan has no such divisor.
    options = {"nogil": True, "error_model": "numpy", "forceinline": inline}
    dispatcher = numba.njit(**options)(function)
    part = numba.njit(**options, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)

    @uncollected
    def compile_all(dispatcher: Any, kind: Any) -> None:
        with COMPILING, making(kind):
            if not dispatcher.overloads:
                for signature in signatures():
                    dispatcher.compile(signature)
                dispatcher.disable_compile()

    def first_call(*args: Any, **_kwargs: Any) -> Any:
        compile_all(dispatcher, Whole)
        # This first time numba takes what it is given for what fits: later it looks by itself.
        given = [dispatcher.typeof_pyval(arg) for arg in args]
        for takes, compiled in dispatcher.overloads.items():
            fits = [dispatcher.typingctx.can_convert(*pair) is not None for pair in zip(given, takes, strict=False)]
            if all(fits):
                return compiled.entry_point
        raise TypeError(f"No matching definition for argument type(s) {', '.join(map(str, given))}")

    def first_use(args: Any, kwargs: Any) -> Any:
        compile_all(part, Part)
        return part.get_call_template(args, kwargs)

    # What numba asks when it meets a call from Python, and one from compiled code.
    dispatcher._compile_for_args = first_call
    dispatcher.get_call_template = first_use
    dispatcher.get_overload = part.get_overload
    return dispatcher


def is_at_hand(function: Any) -> bool:
    """Whether the machine code of a rule is there, from this process or an earlier one."""
    return bool(function.overloads) or function._cache.is_there()


def is_kept() -> bool:
    """Whether another process finds what is compiled now: the folder is not a temporary one."""
    return not keeping.is_temporary(cache_folder())


def compile_now(function: Any) -> None:
    """Compile a rule, or fetch it from the cache, before it is called."""
    function._compile_for_args()


@intrinsic
def integers_of(_typing: Any, array: Any) -> Any:
    """The words of an array, by pointer."""
    return _pointer(array, int64)


@intrinsic
def floats_of(_typing: Any, array: Any) -> Any:
    """The words of an array as floats, by pointer."""
    return _pointer(array, float64)


@intrinsic
def prefetch(_typing: Any, words: Any, index: Any) -> Any:
    """Have the cache line of a word fetched, to be used soon; any index will do, since nothing is read."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        number = ir.IntType(32)
        place = builder.bitcast(builder.gep(args[0], [args[1]]), ir.IntType(8).as_pointer())
        takes = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [place.type], takes)
        # To be read (0) and kept near (3), of data (1).
        builder.call(fetch, [place, number(0), number(3), number(1)])

    return types.void(words, types.int64), generate


@intrinsic
def multiply_high(_typing: Any, a: Any, b: Any) -> Any:
    """The upper half of the 128 bits of a product of two unsigned numbers: an instruction of most machines."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, wide(64)), ir.IntType(64))

    return uint64(uint64, uint64), generate


def _pointer(array: Any, element: Any) -> Any:
    pointer = types.CPointer(element)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.bitcast(data, context.get_value_type(pointer))

    return pointer(array), generate


Words = NDArray[np.int64]
Floats = NDArray[np.float64]
NUMBA_TYPES: dict[Any, Any] = {
    int: int64,
    float: float64,
    bool: types.boolean,
    type(None): types.void,
    Words: types.CPointer(int64),
    Floats: types.CPointer(float64),
}
"""What the annotations of a kernel mean to numba."""
