"""What a run costs per hour: what is reserved, whether it works or not."""

from __future__ import annotations

import numpy as np

from ..plan.columns import Floats
from ..plan.plan import Plan

GIB = 2.0**30


def unit_costs(plan: Plan, replicas: Floats) -> Floats:
    """Per hour and unit, of so many replicas on average; 0 for an external one, NaN without prices (rule 11.9).

    Cores and memory are paid by replica, and a unit once for being one more thing to run.
    """
    prices, units = plan.prices, plan.units
    if prices is None:
        return np.full(len(units.name), np.nan)
    replica = units.cpu * prices.vcpu_hour + units.memory / GIB * prices.gib_hour
    return np.where(units.priced == 1, replicas * replica + prices.unit_hour, 0.0)


def cost_per_million(cost_per_hour: float, goodput_per_s: float) -> float:
    """Of a million requests that were served; NaN if none was."""
    return cost_per_hour / (goodput_per_s * 3600.0) * 1e6 if goodput_per_s > 0.0 else np.nan
