"""From traces to tables: statistics, objectives, cost and provenance of a run."""

from .pairs import paired_difference
from .results import Results
from .statistics import student_interval
from .summarise import summarise
from .warmup import find_first as find_cut

__all__ = ["Results", "find_cut", "paired_difference", "student_interval", "summarise"]
