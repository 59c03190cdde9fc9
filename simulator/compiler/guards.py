"""What guards are: policies with a state, of which each caller replica has its own towards each target (rule 12.13).

Each has a module with its table and what it is to all that is said of a plan before a run; `policies.GUARDS` lists
them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..plan.columns import Integers, Ref, States
from ..plan.layout import Outcome
from ..plan.plan import Plan
from ..plan.walker import Handlers
from ..spec.policies import Block

if TYPE_CHECKING:
    from .expectations import Expectations

NO_ROW = -1
S = TypeVar("S", bound=States)


class Shared:
    """States of one guard: calls of one caller, target and policy name, whose values are equal, share a row."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Hashable, tuple[Any, ...]], int] = {}
        self._values: list[dict[str, Any]] = []
        self._callers: list[int] = []
        self._targets: list[int] = []

    def row(self, block: Block | None, who: Hashable, callers: int, target: int) -> int:
        """The row of a block, -1 without one."""
        if block is None:
            return NO_ROW
        values = block.settled()
        key = who, tuple(values.values())
        if key not in self._rows:
            self._rows[key] = len(self._rows)
            self._values.append(values)
            self._callers.append(callers)
            self._targets.append(target)
        return self._rows[key]

    def table(self, kind: type[S], keys: Mapping[str, str]) -> S:
        """The table of the states: what keys say, and whose they are."""
        columns = {name: [values[key] for values in self._values] for name, key in keys.items()}
        targets = {name: self._targets for name, column in kind.kinds().items() if column.kind == Ref("services")}
        return kind.of(callers=self._callers, **targets, **columns)


def _nothing(handlers: Handlers, expected: Expectations) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True, eq=False)
class Guard:
    """A policy with a state of its own by caller replica.

    Attributes
    ----------
    name
        Its column of `Policies`; its table in the Plan is called so too, in the plural.
    key
        Its attribute of a policy.
    table
        The kind of its table.
    columns
        What is in a column of that: the key, by the name of its field.
    own
        What each replica of a caller has, of a row of its table and the name of the target.
    refusal
        How a try ends that it turns away; None where it turns none away.
    keeps_short, bounds
        What it does about a queue that grows at the target, and whether that is sure; empty for nothing.
    never_acts
        Warnings of those that can never act (rule 16.7).
    """

    name: str
    key: str
    table: type[States]
    columns: Mapping[str, str]
    own: Callable[[Plan, int, str], str]
    refusal: Outcome | None = None
    keeps_short: str = ""
    bounds: bool = False
    never_acts: Callable[[Handlers, Expectations], Iterator[str]] = _nothing

    def rows(self, plan: Plan) -> Integers:
        """By row of `Policies`: its row of the guard's table, or -1."""
        rows: Integers = getattr(plan.policies, self.name)
        return rows
