"""From traces to tables: statistics, objectives, cost and provenance of a run."""

from .pairs import paired_difference
from .results import Results
from .statistics import student_interval
from .summarise import summarise

__all__ = ["Results", "paired_difference", "student_interval", "summarise"]
