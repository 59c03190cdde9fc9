"""Figures: each function takes what a run or a comparison gives, and returns matplotlib Axes.

matplotlib lives here only. Nothing is set for the whole process: no backend, no style, and no figure is shown.
"""

from .break_even import break_even
from .breakdown import breakdown
from .comparison import comparison
from .core_curve import core_curve
from .drill import drill
from .latency import latency
from .load_curve import load_curve
from .save import save
from .scaling import scaling
from .style import styled
from .timeline import timeline
from .topology import topology
from .utilisation import utilisation

__all__ = [
    "break_even",
    "breakdown",
    "comparison",
    "core_curve",
    "drill",
    "latency",
    "load_curve",
    "save",
    "scaling",
    "styled",
    "timeline",
    "topology",
    "utilisation",
]
