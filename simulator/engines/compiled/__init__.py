"""The compiled engine: the same numbers as the reference, at the speed of the machine. Start at `kernel.py`."""

from .engine import CompiledEngine, is_compiled

__all__ = ["CompiledEngine", "is_compiled"]
