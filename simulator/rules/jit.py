"""The one home of numba: a decorator that compiles a rule once, and keeps the machine code between processes."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any, ParamSpec, TypeVar

import numba
import platformdirs
from numba import float64, int64, uint32, uint64

__all__ = ["cache_folder", "float64", "int64", "kernel", "rule", "uint32", "uint64"]

P = ParamSpec("P")
R = TypeVar("R")

SOURCES = ("rules", "engines/compiled")
"""Folders whose text decides the machine code: numba's own cache does not see edits in other files."""

COMPILING = RLock()
"""One thread compiles, and what it calls on the way."""


@cache
def cache_folder() -> Path:
    """Where machine code is kept: in the user's cache, keyed by a digest of the sources.

    A folder that cannot be written (no home, a full disk) is replaced by a temporary one.
    """
    sha = hashlib.sha256(numba.__version__.encode())
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


def _jitted(function: Callable[P, R], *, cached: bool) -> Any:
    ours, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(cache_folder())
    try:
        return numba.njit(cache=cached, nogil=True)(function)
    finally:
        # The setting is global to the process: other people's kernels keep their own place.
        numba.config.CACHE_DIR = ours


def rule(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a scalar rule for one signature, in numba's words: ``float64(uint64, int64)``.

    One signature, so that a Python caller and a compiled one run the same machine code on the same types.
    No `fastmath`: results have to agree to the last bit. Compiled, or fetched from the cache, when it is first
    called: a kernel that is in the cache already needs none of them.
    """

    def compile_rule(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher = _jitted(function, cached=True)

        def first_call(*_args: Any, **_kwargs: Any) -> Any:
            with COMPILING:
                if not dispatcher.overloads:
                    dispatcher.compile(signature)
                    dispatcher.disable_compile()
            (compiled,) = dispatcher.overloads.values()
            return compiled.entry_point

        def first_use(args: Any, kwargs: Any) -> Any:
            first_call()
            return type(dispatcher).get_call_template(dispatcher, args, kwargs)

        # What numba asks when it meets a call from Python, and one from compiled code.
        dispatcher._compile_for_args = first_call
        dispatcher.get_call_template = first_use
        return dispatcher  # type: ignore[no-any-return]

    return compile_rule


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a part of the compiled engine, for the types that its callers give it; kept with the entry's code."""
    return _jitted(function, cached=False)  # type: ignore[no-any-return]

