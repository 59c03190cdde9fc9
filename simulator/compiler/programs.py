"""Steps to instructions; `plan.Programs` says what the operands are.

A stream or a site is carried as its name until all names of the plan are known, so an operand that is a text stands for
that name's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from ..plan.columns import Integers
from ..plan.layout import Op
from ..plan.tables import Programs
from ..spec.inheritance import resolve_policy
from ..spec.steps import Call, Choose, Cpu, Fail, Parallel, Policy, PolicyKeys, Send, Sleep, Step
from .distributions import DistributionTable

Operand = int | str
EndpointKey = tuple[str, str]
"""Service and endpoint; the nameless endpoint of a service is the empty text."""


def endpoint_name(key: EndpointKey) -> str:
    """An endpoint as people write it: `order.place`, or `order` if it has no name of its own."""
    service, endpoint = key
    return f"{service}.{endpoint}" if endpoint else service


NO_POLICY = PolicyKeys()


@dataclass(frozen=True)
class CallSite:
    """A place from which something is called: a step, or an entry of a workload."""

    name: str
    site: str  # name of its site number
    caller: str  # service, or workload
    at_edge: bool  # the caller is a workload
    target: EndpointKey
    policy: PolicyKeys = NO_POLICY
    policy_name: str = ""


@dataclass
class Instruction:
    """One row of `Programs` under construction."""

    op: Op
    a: Operand = 0
    b: Operand = 0
    c: Operand = 0
    x: float = 0.0


class Assembler:
    """Writes the handlers of endpoints, one after the other.

    Attributes
    ----------
    call_sites
        What the operand of CALL and SEND counts: the given ones (the entries of the workloads), then those of the
        steps, in the order of the program.
    """

    def __init__(
        self,
        distributions: DistributionTable,
        resolve: Callable[[str], EndpointKey],
        entries: Iterable[CallSite] = (),
        policies: Mapping[str, Policy] | None = None,
    ) -> None:
        self._policies = policies or {}
        self.call_sites = list(entries)
        self._distributions = distributions
        self._resolve = resolve
        self._service = ""
        self._rows: list[Instruction] = []
        self._reasons: dict[str, int] = {}
        self._branches: list[tuple[int, float]] = []

    def add_handler(self, key: EndpointKey, steps: Sequence[Step]) -> int:
        """Write the handler of an endpoint; gives the row at which it starts."""
        self._service = key[0]
        start = self._here
        self._steps(steps, endpoint_name(key))
        self._emit(Op.END)
        return start

    def names(self) -> set[str]:
        """Names of all streams and sites that the instructions stand for."""
        return {operand for row in self._rows for operand in (row.a, row.b, row.c) if isinstance(operand, str)}

    def columns(self, numbers: Mapping[str, int]) -> Programs:
        """All instructions, with the numbers of the names in their places."""

        def column(operands: Iterable[Operand]) -> Integers:
            return np.array([numbers[o] if isinstance(o, str) else o for o in operands], np.int64)

        return Programs(
            op=column(row.op for row in self._rows),
            a=column(row.a for row in self._rows),
            b=column(row.b for row in self._rows),
            c=column(row.c for row in self._rows),
            x=np.array([row.x for row in self._rows], np.float64),
            branch=column(start for start, _ in self._branches),
            weight=np.array([weight for _, weight in self._branches], np.float64),
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the operand of FAIL counts, in the order in which they are first said."""
        return tuple(self._reasons)

    @property
    def _here(self) -> int:
        return len(self._rows)

    def _emit(self, op: Op, a: Operand = 0, b: Operand = 0, c: Operand = 0, x: float = 0.0) -> int:
        self._rows.append(Instruction(op, a, b, c, x))
        return self._here - 1

    def _steps(self, steps: Sequence[Step], path: str) -> None:
        for number, step in enumerate(steps):
            self._step(step, f"{path}/{number}")

    def _step(self, step: Step, path: str) -> None:
        maybe = self._emit(Op.MAYBE, b=f"maybe {path}", x=step.probability) if step.probability < 1.0 else None
        repeat = self._emit(Op.REPEAT, a=f"repeat {path}", b=step.times) if step.times != 1 else None
        self._body(step, path)
        if repeat is not None:
            self._emit(Op.AGAIN, c=repeat)
            self._rows[repeat].c = self._here
        if maybe is not None:
            self._rows[maybe].c = self._here

    def _body(self, step: Step, path: str) -> None:
        match step:
            case Cpu(cpu=time):
                self._emit(Op.CPU, self._distributions.add_distribution(time), f"cpu {path}")
            case Sleep(sleep=time):
                self._emit(Op.SLEEP, self._distributions.add_distribution(time), f"sleep {path}")
            case Call():
                self._call(step, path)
            case Send(send=target):
                self._emit(Op.SEND, self._call_site(path, target, NO_POLICY))
            case Parallel():
                self._parallel(step, path)
            case Choose():
                self._choose(step, path)
            case Fail(fail=reason):
                self._emit(Op.FAIL, self._reasons.setdefault(reason, len(self._reasons)))

    def _call(self, step: Call, path: str) -> None:
        policy = resolve_policy(self._policies, step.policy, step)
        self._emit(Op.CALL, self._call_site(path, step.call, policy, step.policy or ""))
        if policy.fallback is not None:
            row = self._emit(Op.FALLBACK)
            self._steps(policy.fallback.steps, f"{path}/fallback")
            self._rows[row].c = self._here

    def _call_site(self, path: str, target: str, policy: PolicyKeys, policy_name: str = "") -> int:
        key = self._resolve(target)
        name = f"{path} -> {endpoint_name(key)}"
        self.call_sites.append(CallSite(name, f"call {path}", self._service, False, key, policy, policy_name))
        return len(self.call_sites) - 1

    def _parallel(self, step: Parallel, path: str) -> None:
        first = self._reserve(len(step.parallel))
        row = self._emit(Op.PARALLEL, first, len(step.parallel))
        for number, branch in enumerate(step.parallel):
            self._branches[first + number] = (self._here, 0.0)
            self._steps(branch.steps, f"{path}/parallel/{number}")
            self._emit(Op.END)
        self._rows[row].c = self._here

    def _choose(self, step: Choose, path: str) -> None:
        shares = cumulative_shares([option.weight for option in step.choose])
        first = self._reserve(len(shares))
        self._emit(Op.CHOOSE, first, len(shares), f"choose {path}")
        jumps = []
        for number, (option, share) in enumerate(zip(step.choose, shares, strict=True)):
            self._branches[first + number] = (self._here, share)
            self._steps(option.steps, f"{path}/choose/{number}")
            jumps.append(self._emit(Op.JUMP))
        for jump in jumps:
            self._rows[jump].c = self._here

    def _reserve(self, count: int) -> int:
        """Keep rows of `branch` together: those of nested steps come after them."""
        first = len(self._branches)
        self._branches.extend([(0, 0.0)] * count)
        return first


def cumulative_shares(weights: Sequence[float]) -> list[float]:
    """Cumulative shares of relative weights, not all 0; the last is exactly 1, as are those of options never taken."""
    sums = list(accumulate(weights))
    return [total / sums[-1] for total in sums]
