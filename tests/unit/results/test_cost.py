from dataclasses import replace

import numpy as np
import pytest

from simulator.plan.plan import Prices
from simulator.results.cost import cost_per_million, unit_costs

PRICES = Prices("USD", vcpu_hour=0.04, gib_hour=0.005, unit_hour=0.02)


def test_units_pay_for_cores_memory_and_being_there(build):
    """2 replicas x (2 x 0.04 + 1 x 0.005) + 0.02; 1.5 x (0.5 x 0.04 + 0.5 x 0.005) + 0.02."""
    costs = unit_costs(build.plan(prices=PRICES), np.array([2.0, 1.5]))
    assert costs.tolist() == pytest.approx([0.19, 0.05375])


def test_an_external_unit_costs_nothing(build):
    plan = build.plan(prices=PRICES)
    plan = replace(plan, units=replace(plan.units, priced=np.array([1, 0])))
    assert unit_costs(plan, np.array([2.0, 1.5])).tolist() == pytest.approx([0.19, 0.0])


def test_without_prices_there_is_no_cost(build):
    assert np.isnan(unit_costs(build.plan(), np.array([2.0, 1.5]))).all()


def test_a_million_requests_cost_the_hours_that_they_take():
    """100 per s are 0.36 million an hour."""
    assert cost_per_million(0.36, 100.0) == pytest.approx(1.0)
    assert np.isnan(cost_per_million(0.36, 0.0))
