"""Machine code, all of it, compiled ahead of the first run."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

from ..errors import EngineError
from .replicate import Progress

PACKAGES = ("simulator.rules", "simulator.engines.compiled")


def warm(progress: Progress | None = None) -> Path:
    """Compile whatever a run may need, and keep it: for an image, or before many processes begin at once.

    Parameters
    ----------
    progress
        Called with the number of functions that are compiled, and of all.

    Returns
    -------
    Path
        The folder where the machine code is kept. SIMULATOR_CACHE_DIR says another place than the user's cache.

    Raises
    ------
    EngineError
        If it cannot be kept.
    """
    from ..engines.compiled import CompiledEngine
    from ..machine_code.jit import RULES, cache_folder, compile_now, is_at_hand, is_kept

    for package in map(import_module, PACKAGES):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    report = progress or (lambda done, total: None)
    report(0, len(RULES))
    CompiledEngine().prepare()
    for number, rule in enumerate(RULES):
        compile_now(rule)
        report(number + 1, len(RULES))
    if not is_kept() or not all(map(is_at_hand, RULES)):
        raise EngineError(
            f"machine code cannot be kept in {cache_folder().parent}: make room, or name a folder of your own by the "
            "environment variable SIMULATOR_CACHE_DIR"
        )
    return cache_folder()
