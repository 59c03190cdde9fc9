"""Which endpoints the requests of an entry may call: by hand, and of all that is ever called."""

import numpy as np

from simulator.engines.compiled import CompiledEngine
from simulator.plan.callees import callees_of

SHOP = """
simulation: {duration: 2s, warmup: 0s}
services:
  web:
    endpoints:
      buy: {steps: [{cpu: 1ms}, {parallel: [{call: pay.charge}, {send: mail}]}]}
      look: {steps: [{call: stock, probability: 0}, {call: pay.charge, times: 0}]}
  pay:
    endpoints:
      charge: {steps: [{call: bank, timeout: 1s, fallback: {steps: [{call: stock}]}}]}
      refund: {steps: [{cpu: 1ms}]}
  mail: {steps: [{choose: [{weight: 1, steps: [{call: stock}]}]}]}
  bank: {steps: [{sleep: 1ms}]}
  stock: {steps: [{cpu: 1ms}]}
workload:
  shoppers: {calls: [{call: web.buy, weight: 1}, {call: web.look, weight: 1}], rate: 50/s}
  clerks: {call: pay.refund, rate: 5/s}
"""


def named(plan):
    callees = callees_of(plan)
    assert callees.row[callees.entry, callees.endpoint].tolist() == list(range(callees.entry.size))
    assert (callees.row >= 0).sum() == callees.entry.size
    names = plan.endpoints.name
    entered = [names[row] for row in plan.calls.target[plan.workloads.entry_call].tolist()]
    found = {entry: set() for entry in entered}
    for entry, endpoint in zip(callees.entry.tolist(), callees.endpoint.tolist(), strict=True):
        found[entered[entry]].add(names[endpoint])
    return found


def test_it_is_all_that_may_be_called_through_others_too(plan_of):
    """In branches, by sends, in fallbacks, and where what is drawn never leads to it."""
    assert named(plan_of(SHOP)) == {
        "web.buy": {"web.buy", "pay.charge", "mail", "bank", "stock"},
        "web.look": {"web.look", "stock", "pay.charge", "bank"},
        "pay.refund": {"pay.refund"},
    }


def test_nothing_else_is_called(plan_of):
    plan = plan_of(SHOP)
    calls = CompiledEngine().run(plan, seed=1, replication=0, detail="requests").calls
    assert calls.entry.size > 200
    assert (callees_of(plan).row[calls.entry, calls.endpoint] >= 0).all()
    assert np.unique(calls.endpoint).size == 6
