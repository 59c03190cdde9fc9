"""Where the first memory of a run has its tallies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...plan.layout import Component, Outcome
from ...plan.plan import Plan
from ...plan.trace import LOST, Count, Tally, Visits, Waste, make_edges
from ...plan.trace import Level as LevelColumn
from ...plan.waits import sends_of
from ...rules.nanoseconds import all_nanoseconds

if TYPE_CHECKING:
    from .image import Image


def add_tallies(image: Image, plan: Plan) -> dict[str, int]:
    """All of them, empty; gives the fields of `World` that say where they are."""
    edges = make_edges(plan.settings.duration_s, plan.settings.warmup_s)
    bins, services, workloads = edges.size - 1, len(plan.services.name), len(plan.workloads.name)
    return {
        "edges": image.add(all_nanoseconds(edges)),
        "edge_count": edges.size,
        "send_count": sends_of(plan).size,
        **{name: image.add_zeros(*shape) for name, shape in tally_shapes(plan, bins, services, workloads).items()},
    }


def tally_shapes(plan: Plan, bins: int, services: int, workloads: int) -> dict[str, Sequence[int]]:
    """The tallies by their field in `World`."""
    return {
        "levels": (bins + 1, services, len(LevelColumn)),
        "ready": (bins + 1, len(plan.units.name)),
        "counts": (bins + 1, services, len(Count)),
        "arrived": (bins + 1, workloads),
        "ended": (bins + 1, workloads, 2),
        "visits": (bins, services, len(Visits)),
        "tries": (bins, services),
        "sends": (bins, sends_of(plan).size, LOST + 1),
        "wasted": (bins, services, len(Waste)),
        "open_breakers": (bins + 1, services),
        "outcomes": (bins, workloads, len(Outcome)),
        "tallies": (bins, plan.workloads.entry_call.size, len(plan.endpoints.name), len(Tally)),
        "breakdown": (bins, services, len(Component)),
    }
