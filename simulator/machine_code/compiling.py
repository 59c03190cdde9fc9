"""The one home of numba: machine code of functions, and how it is kept between processes."""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import numba
from llvmlite import ir
from numba import float64, int64, types, uint64
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps
from numba.extending import lower_builtin, type_callable, typeof_impl

from ..garbage import uncollected
from . import jit, keeping, native
from .linking import Alone, Part, Whole, making
from .records import NOBODY, Record
from .recordtypes import RecordType

NUMBA_TYPES: dict[Any, Any] = {
    int: int64,
    float: float64,
    bool: types.boolean,
    type(None): types.void,
    jit.Words: types.CPointer(int64),
    jit.Floats: types.CPointer(float64),
}
"""What the annotations of a kernel mean to numba."""
NONE = type(None)
_ABSENT: list[frozenset[str]] = [frozenset()]
"""Features that what is compiled now goes without; who compiles holds numba's lock."""
OPTIONS = {"nogil": True, "error_model": "numpy"}
"""No checks for division by zero: a kernel raises nothing, and a plan has no such divisor."""


def make(function: jit.Function[..., Any]) -> Callable[..., Any]:
    """What runs the machine code of a function that Python calls."""
    return _make_object(function) if function.alone else _make_whole(function)


def _make_object(function: jit.Function[..., Any]) -> Callable[..., Any]:
    content = object_of(function)
    # It cannot be kept, for want of room perhaps: then it is made again next time.
    with suppress(OSError):
        keeping.write(jit.object_file(function), content)
    entry = native.load(content)
    if entry is None:
        raise RuntimeError(f"the machine code of {function.__qualname__} cannot be loaded")
    return entry


@uncollected
def object_of(function: jit.Function[..., Any]) -> bytes:
    """The machine code of a function that stands alone, as `native.load` takes it."""
    dispatcher = numba.njit(**OPTIONS, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function.py_func)
    with global_compiler_lock, making(Alone), _without(function.absent):
        (signature,) = _signatures(function)
        dispatcher.compile(signature)
    (compiled,) = dispatcher.overloads.values()
    gives, takes = compiled.signature.return_type, compiled.signature.args
    return native.pack(compiled.fndesc.llvm_func_name, str(gives), list(map(str, takes)), compiled.library.code)


def _make_whole(function: jit.Function[..., Any]) -> Callable[..., Any]:
    dispatcher = numba.njit(**OPTIONS, forceinline=function.inline)(function.py_func)
    if function.signatures:
        dispatcher._cache = Kept(function)
    _compile_all(dispatcher, Whole, _signatures(function))
    return dispatcher  # type: ignore[no-any-return]


@contextmanager
def _without(absent: frozenset[str]) -> Iterator[None]:
    """What is compiled meanwhile has stubs where it calls what serves these features."""
    before = _ABSENT[0]
    _ABSENT[0] = absent
    try:
        yield
    finally:
        _ABSENT[0] = before


@cache
def part_of(function: jit.Function[..., Any], absent: frozenset[str] = frozenset()) -> Any:
    """A function as compiled code calls it: compiled when numba first meets such a call."""
    options = {**OPTIONS, "forceinline": function.inline}
    body = _stub(function) if function.serves in absent else function.py_func
    part = numba.njit(**options, no_cpython_wrapper=True, no_cfunc_wrapper=True)(body)
    resolve = part.get_call_template

    def first_use(args: Any, kwargs: Any) -> Any:
        _compile_all(part, Part, _signatures(function))
        return resolve(args, kwargs)

    part.get_call_template = first_use
    return part


@uncollected
def _compile_all(dispatcher: Any, kind: Any, signatures: tuple[Any, ...]) -> None:
    with global_compiler_lock, making(kind):
        if not dispatcher.overloads:
            for signature in signatures:
                dispatcher.compile(signature)
            dispatcher.disable_compile()


def _signatures(function: jit.Function[..., Any]) -> tuple[Any, ...]:
    if function.signatures:
        return function.signatures
    gives, *takes = reversed([_type_of(hint) for hint in get_type_hints(function.py_func).values()])
    return (gives(*reversed(takes)),)


def _type_of(hint: Any) -> Any:
    return NUMBA_TYPES[hint] if hint in NUMBA_TYPES else RecordType(hint)


@typeof_impl.register(jit.Function)
def _typeof_function(function: Any, _context: Any) -> Any:
    return types.Dispatcher(part_of(function, _ABSENT[0]))


def _stub(function: jit.Function[..., Any]) -> Callable[..., Any]:
    """What stands for a kernel that is absent: it says so to the world, and gives nothing."""
    names = list(inspect.signature(function.py_func).parameters)
    hints = get_type_hints(function.py_func)
    record = next(name for name in names if isinstance(hints[name], type) and issubclass(hints[name], Record))
    gives = hints["return"]
    nothing = "NOBODY" if isinstance(gives, type) and issubclass(gives, Record) else "None" if gives is NONE else "0"
    nothing = {float: "0.0", bool: "False"}.get(gives, nothing)
    scope: dict[str, Any] = {"NOBODY": NOBODY}
    text = f"def stub({', '.join(names)}):\n    {record}.world.missing = True\n    return {nothing}\n"
    exec(text, scope)  # noqa: S102 (made of the names of a function of ours)
    return scope["stub"]  # type: ignore[no-any-return]


# -- between processes


class Kept(_Cache):  # type: ignore[misc]
    """What numba asks for machine code of earlier processes, and gives what it has compiled.

    Its own cache trusts what it finds, does not see edits in other files, and refuses a folder that can only be read.
    """

    def __init__(self, function: jit.Function[..., Any]) -> None:
        self._function = function

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(jit.cache_folder())

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
        cells = [cell.cell_contents for cell in self._function.py_func.__closure__ or ()]
        made_for = (*self._function.source, dumps(cells) if cells else b"", str(sig), codegen.magic_tuple())
        key = hashlib.sha256(repr(made_for).encode()).hexdigest()[:16]
        return jit.cache_folder() / f"{self._function.stem}-{key}{keeping.ENDING}"

    def enable(self) -> None:
        """Nothing: it always is."""

    def disable(self) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing: a file of other sources is another file."""


# -- what compiled code does otherwise than Python


@type_callable(jit.integers_of)
def _type_of_integers(_context: Any) -> Any:
    return lambda array: types.CPointer(int64)


@type_callable(jit.floats_of)
def _type_of_floats(_context: Any) -> Any:
    return lambda array: types.CPointer(float64)


@lower_builtin(jit.integers_of, types.CPointer)
@lower_builtin(jit.floats_of, types.CPointer)
def _same_words(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return builder.bitcast(args[0], context.get_value_type(signature.return_type))


@lower_builtin(jit.integers_of, types.Array)
@lower_builtin(jit.floats_of, types.Array)
def _words_of(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    return builder.bitcast(data, context.get_value_type(signature.return_type))


@type_callable(jit.multiply_high)
def _type_of_multiply_high(_context: Any) -> Any:
    return lambda a, b: uint64


@lower_builtin(jit.multiply_high, uint64, uint64)
def _multiply_high(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
    wide = ir.IntType(128)
    product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
    return builder.trunc(builder.lshr(product, wide(64)), ir.IntType(64))
