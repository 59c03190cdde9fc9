"""Figures: each function takes what a run or a comparison gives, and returns matplotlib Axes.

matplotlib lives here only. Nothing is set for the whole process: no backend, no style, and no figure is shown.
"""

from .breakdown import breakdown
from .comparison import comparison
from .latency import latency
from .save import save
from .timeline import timeline
from .topology import topology
from .utilisation import utilisation

__all__ = ["breakdown", "comparison", "latency", "save", "timeline", "topology", "utilisation"]
