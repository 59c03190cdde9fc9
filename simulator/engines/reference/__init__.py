"""The reference engine: the readable statement of the model, on SimPy. Start at `life.py`."""

from .engine import ReferenceEngine, is_ready

__all__ = ["ReferenceEngine", "is_ready"]
