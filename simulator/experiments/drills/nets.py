"""What a fault has made worse, less what is better with it: what is left when chance is taken away (rule 15.6)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import numpy as np

from ...plan.columns import Floats
from ...results.statistics import student_factor, student_interval
from .pairing import Counts, Pairs, chance_variances, count_pairs

COUNTS: Final = tuple(each.name for each in fields(Counts))
REVERSE: Final = {"lost": "gained", "degraded": "restored", "late": "sooner", "not_asked": "asked_more"}
"""What can be worse with the fault, and the same the other way round."""
SHARE: Final = 0.1
"""Chance is at work where so much is better, as a share of what is worse."""


def count_columns(
    pairs: Sequence[Pairs], limits: Floats, confidence: float, entry: int | None = None
) -> dict[str, float]:
    """Means over replications and half widths: of every count, and of `<count>_net` for what can be worse.

    The intervals of the net counts that go both ways hold together (Bonferroni, over all that can be worse), and are no
    narrower than what chance does to the reverse allows, since a few replications may agree by chance.
    """
    counts = [count_pairs(one, limits, entry) for one in pairs]
    table = {name: np.array([getattr(one, name) for one in counts], np.float64) for name in COUNTS}
    columns: dict[str, float] = {}
    for name, values in table.items():
        columns[name], columns[f"{name}_half_width"] = student_interval(values, confidence)
    joint = 1.0 - (1.0 - confidence) / len(REVERSE)
    variances = [chance_variances(one, limits, entry) for one in pairs]
    for name, back in REVERSE.items():
        one_way = not table[back].any()
        mean, half_width = student_interval(table[name] - table[back], confidence if one_way else joint)
        if not one_way and not math.isnan(half_width):
            variance = math.fsum(one[name] for one in variances) / len(pairs) ** 2
            half_width = max(half_width, student_factor(len(pairs) - 1, joint) * math.sqrt(variance))
        columns[f"{name}_net"], columns[f"{name}_net_half_width"] = mean, half_width
    return columns


def is_chance(row: Mapping[Any, Any]) -> bool:
    """Whether so much is better with the fault that what is worse may be chance."""
    return bool(sum(row[back] for back in REVERSE.values()) > SHARE * sum(row[name] for name in REVERSE))


def harms(row: Mapping[Any, Any]) -> list[str]:
    """Which counts are harm: the net interval lies above 0; of one replication, it is more than all that is better."""
    better = sum(row[back] for back in REVERSE.values())
    return [
        name for name in REVERSE
        if row[f"{name}_net"] > (better if math.isnan(half := row[f"{name}_net_half_width"]) else half)
    ]  # fmt: skip
