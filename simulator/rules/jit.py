"""The one home of numba: a decorator that compiles a rule once, and keeps the machine code between processes."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import ParamSpec, TypeVar

import numba
import platformdirs
from numba import float64, int64, uint32, uint64

__all__ = ["cache_folder", "float64", "int64", "rule", "uint32", "uint64"]

P = ParamSpec("P")
R = TypeVar("R")

SOURCES = ("rules", "engines/compiled")
"""Folders whose text decides the machine code: numba's own cache does not see edits in other files."""


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


def rule(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile a scalar rule for one signature, in numba's words: ``float64(uint64, int64)``.

    One signature, so that a Python caller and a compiled one run the same machine code on the same types.
    No `fastmath`: results have to agree to the last bit.
    """

    def compile_rule(function: Callable[P, R]) -> Callable[P, R]:
        ours, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(cache_folder())
        try:
            compiled: Callable[P, R] = numba.njit(signature, cache=True, nogil=True)(function)
        finally:
            # The setting is global to the process: other people's kernels keep their own place.
            numba.config.CACHE_DIR = ours
        return compiled

    return compile_rule
