"""Which endpoints the requests of each entry may call: of few pairs among all, where a file has many of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .columns import Integers
from .plan import Plan
from .walker import call_owners


@dataclass(frozen=True, eq=False)
class Callees:
    """An entry and an endpoint that its requests may call, the entered one too: one row a pair, in this order.

    Attributes
    ----------
    row
        Of each pair, by entry and endpoint; -1 where no request gets from the one to the other.
    """

    entry: Integers
    endpoint: Integers
    row: Integers


def callees_of(plan: Plan) -> Callees:
    """The pairs of a plan, whatever is drawn on the way."""
    called: dict[int, set[int]] = {}
    for call, owner in call_owners(plan).items():
        called.setdefault(owner, set()).add(int(plan.calls.target[call]))
    row = np.full((plan.workloads.entry_call.size, len(plan.endpoints)), -1, np.int64)
    for entry, endpoint in enumerate(plan.calls.target[plan.workloads.entry_call].tolist()):
        row[entry, sorted(_all_called(called, endpoint))] = 0
    entries, endpoints = np.nonzero(row == 0)
    row[entries, endpoints] = np.arange(entries.size)
    return Callees(entries, endpoints, row)


def _all_called(called: dict[int, set[int]], endpoint: int) -> set[int]:
    """An endpoint, and all that it calls, through others too."""
    found, coming = {endpoint}, [endpoint]
    while coming:
        more = called.get(coming.pop(), set()) - found
        found |= more
        coming += more
    return found
