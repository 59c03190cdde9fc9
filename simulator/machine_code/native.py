"""Objects of machine code: read from bytes, and called from Python."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm

TYPES: dict[str, Any] = {
    "int64": ctypes.c_int64,
    "uint64": ctypes.c_uint64,
    "float64": ctypes.c_double,
    "int64*": ctypes.c_void_p,
    "float64*": ctypes.c_void_p,
}
"""What an object takes and gives: numbers, and addresses of words."""
WHOLE = ("int64", "uint64")
LOADED: list[Any] = []
"""Machine code is there as long as what loaded it."""


def pack(symbol: str, gives: str, takes: list[str], code: bytes) -> bytes:
    """An object with what is needed to call it: a line of JSON, and the object."""
    return json.dumps([symbol, gives, takes]).encode() + b"\n" + code


def load(content: bytes) -> Callable[..., Any] | None:
    """What calls an object; None if this is none. The interpreter goes on in other threads meanwhile."""
    try:
        head, _, code = content.partition(b"\n")
        symbol, gives, takes = json.loads(head)
        address = _engine(code).get_function_address(symbol)
        result, given = TYPES[gives], [TYPES[one] for one in takes]
    except (ValueError, TypeError, KeyError, RuntimeError):
        return None
    if not address:
        return None
    # As numba calls: where the result goes, where an exception would go, and what is given; a status comes back.
    function = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *given)(address)

    def call(*args: Any) -> Any:
        for kind, one in zip(takes, args, strict=True):
            if kind in WHOLE and TYPES[kind](one).value != one:  # ctypes would cut it off
                raise OverflowError(f"{one} is no {kind}")
        answer, exception = result(), ctypes.c_void_p()
        function(ctypes.addressof(answer), ctypes.addressof(exception), *args)
        return answer.value

    return call


def _engine(code: bytes) -> Any:
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    LOADED.append(engine)
    return engine


@cache
def _machine() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(jit=True)
