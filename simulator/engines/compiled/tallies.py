"""Where each measure is kept in the memory of a run: its field of the world, its room, and its numbers at the end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...machine_code.records import Record, Rows, field_at
from ...plan.callees import callees_of
from ...plan.measures import MEASURES, Measure, Measures, sends
from ...plan.plan import Plan
from ...plan.trace import make_edges
from ...rules.nanoseconds import all_nanoseconds

if TYPE_CHECKING:
    from .image import Image

    class Tallies(Record, Measures[Rows[int], Rows[float]]):
        """Where the rows of each measure are, flat; floats are nanoseconds, but for columns that are numbers."""

else:

    class Tallies(Record):
        """Where the rows of each measure are, flat; floats are nanoseconds, but for columns that are numbers."""

        __annotations__ = {name: Rows[int] if one.is_count else Rows[float] for name, one in MEASURES.items()}


def add_tallies(image: Image, plan: Plan) -> dict[str, int]:
    """All of them, empty; gives the fields of `World` that say where they are."""
    edges = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
    callees = callees_of(plan)
    return {
        "pairs": image.add(callees.row),
        "pair_count": callees.entry.size,
        "edges": image.add(all_nanoseconds(edges)),
        "edge_count": edges.size,
        "send_count": sends(plan),
        **{name: image.add_zeros(*one.shape(plan, edges.size - 1)) for name, one in MEASURES.items()},
    }


def take_tallies(memory: NDArray[np.int64], plan: Plan, bins: int) -> dict[str, NDArray[Any]]:
    """What is in them, as a Trace has it."""
    return {name: one.in_seconds(_kept(memory, name, one, plan, bins)) for name, one in MEASURES.items()}


def _kept(memory: NDArray[np.int64], name: str, measure: Measure, plan: Plan, bins: int) -> NDArray[Any]:
    start, shape = int(memory[field_at(Tallies, name)[0]]), measure.shape(plan, bins)
    kept = memory[start : start + math.prod(shape)].view(measure.dtype).reshape(shape)
    return kept.copy() if measure.is_count else kept  # of times there will be new numbers
