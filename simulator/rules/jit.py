"""The one home of numba: a decorator that compiles a rule once, and keeps the machine code between processes."""

from __future__ import annotations

import hashlib
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_type_hints

import llvmlite.binding
import numba
import numpy as np
import platformdirs
from llvmlite import ir
from numba import float64, int64, types, uint32, uint64
from numba.core.compiler_lock import global_compiler_lock
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = [
    "COMPILING",
    "Floats",
    "Words",
    "cache_folder",
    "compile_now",
    "float64",
    "floats_of",
    "int64",
    "integers_of",
    "is_at_hand",
    "kernel",
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


@cache
def cache_folder() -> Path:
    """Where machine code is kept: in the user's cache, keyed by a digest of all that decides it.

    A folder that cannot be written (no home, a full disk) is replaced by a temporary one.
    """
    made_for = (numba.__version__, sys.implementation.cache_tag, llvmlite.binding.get_host_cpu_name())
    sha = hashlib.sha256(repr(made_for).encode())
    package = Path(__file__).parents[1]
    for folder in SOURCES:
        for source in sorted((package / folder).rglob("*.py")):
            sha.update(source.read_bytes())
    folder_name = sha.hexdigest()[:16]
    try:
        path = Path(platformdirs.user_cache_dir("microservice-topology-simulator")) / folder_name
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError:
        return Path(tempfile.mkdtemp(prefix="simulator-cache-"))


def rule(*signatures: str, inline: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a rule for given types, in numba's words: ``float64(uint64, int64)``.

    One signature, so that a Python caller and a compiled one run the same machine code on the same types; a second
    one only where a table is an array to the one and a pointer to the other.
    No `fastmath`: results have to agree to the last bit. Compiled, or fetched from the cache, when it is first
    called: a kernel that is in the cache already needs none of them. `inline`: into whatever compiled code calls it.
    """

    def compile_rule(function: Callable[P, R]) -> Callable[P, R]:
        ours, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(cache_folder())
        try:
            dispatcher = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=inline)(function)
            return _compiled_at_first_use(dispatcher, lambda: signatures)
        finally:
            # The setting is global to the process: other people's kernels keep their own place.
            numba.config.CACHE_DIR = ours

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

    # No checks for division by zero: a kernel raises nothing, and a plan has no such divisor.
    dispatcher = numba.njit(nogil=True, error_model="numpy", forceinline=inline)(function)
    return _compiled_at_first_use(dispatcher, signatures)  # type: ignore[no-any-return]


def _compiled_at_first_use(dispatcher: Any, signatures: Callable[[], Iterable[Any]]) -> Any:
    def compile_all() -> None:
        with COMPILING:
            if not dispatcher.overloads:
                for signature in signatures():
                    _compile_or_fetch(dispatcher, signature)
                dispatcher.disable_compile()

    def first_call(*args: Any, **_kwargs: Any) -> Any:
        compile_all()
        # This first time numba takes what it is given for what fits: later it looks by itself.
        given = [dispatcher.typeof_pyval(arg) for arg in args]
        for takes, compiled in dispatcher.overloads.items():
            fits = [dispatcher.typingctx.can_convert(*pair) is not None for pair in zip(given, takes, strict=False)]
            if all(fits):
                return compiled.entry_point
        raise TypeError(f"No matching definition for argument type(s) {', '.join(map(str, given))}")

    def first_use(args: Any, kwargs: Any) -> Any:
        compile_all()
        return type(dispatcher).get_call_template(dispatcher, args, kwargs)

    # What numba asks when it meets a call from Python, and one from compiled code.
    dispatcher._compile_for_args = first_call
    dispatcher.get_call_template = first_use
    return dispatcher


def is_at_hand(function: Any) -> bool:
    """Whether the machine code of a rule is there, from this process or an earlier one."""
    cache = function._cache
    kept = Path(cache.cache_path).glob(f"{cache._impl.filename_base}.*.nbc")
    return bool(function.overloads) or any(kept)


def _compile_or_fetch(dispatcher: Any, signature: Any) -> None:
    try:
        dispatcher.compile(signature)
    except (pickle.UnpicklingError, EOFError):
        # A file was cut off, by a full disk or a power failure: what is in the cache can be made again.
        for file in cache_folder().rglob("*.nb?"):
            file.unlink(missing_ok=True)
        dispatcher.compile(signature)
    except OSError:
        # It cannot be kept, for want of room perhaps: then it is made again next time.
        if not dispatcher.overloads:
            raise


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
