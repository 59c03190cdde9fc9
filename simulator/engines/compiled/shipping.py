"""Objects for a wheel: machine code for any processor of this platform, made of the sources beside it.

    NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES= python -m simulator.engines.compiled.shipping FOLDER

They are named after the text that they were made of: with any other text they are not looked at.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ...machine_code import keeping
from ...machine_code.jit import shipped_file
from ...rules.randomness import mix
from .kernel import run

GENERIC = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
"""Without these numba makes use of whatever the processor at hand has."""


def ship(folder: Path) -> None:
    """Make the objects that a run calls."""
    if any(os.environ.get(name) != value for name, value in GENERIC.items()):
        raise SystemExit(f"objects for others are made with {' '.join(f'{n}={v}' for n, v in GENERIC.items())}")
    from ...machine_code.compiling import object_of

    folder.mkdir(parents=True, exist_ok=True)
    functions: tuple[Any, ...] = (mix, run)
    for function in functions:
        keeping.write(shipped_file(function, folder), object_of(function))


if __name__ == "__main__":
    ship(Path(sys.argv[1]))
