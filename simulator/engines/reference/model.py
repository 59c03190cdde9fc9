"""The plan as objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ...plan.layout import Component, FaultKind
from ...plan.plan import Plan
from ...rules.nanoseconds import all_nanoseconds, nanoseconds
from .clock import Clock
from .draws import Draw, make_draw
from .faults import Fault, make_faults
from .meters import Meter
from .policies import Limiter, Policy, States, make_limiters, make_policies
from .units import Unit


class Instruction(NamedTuple):
    """A row of a program; `plan.Programs` says what the operands are."""

    row: int
    op: int
    a: int
    b: int
    c: int
    x: float


@dataclass(slots=True)
class Service:
    """A service, wherever it runs."""

    row: int
    unit: Unit
    pace: float
    balance_stream: int
    meter: Meter
    components: int  # the first of its components in a ledger
    limiter: Limiter | None
    slow: list[Fault]


@dataclass(slots=True)
class Endpoint:
    """What can be called."""

    row: int
    service: Service
    start: int
    error_rate: float
    error_stream: int


@dataclass(slots=True)
class Call:
    """A call site; the edge has one for each entry of a workload."""

    row: int
    endpoint: Endpoint
    site: int
    remote: bool
    latency: Draw
    latency_stream: int
    loss: float
    loss_stream: int
    error_rate: float
    error_stream: int
    serialization: Draw | None
    serialization_stream: int
    timeout: int
    timeout_law: Draw | None
    timeout_stream: int
    propagates: bool
    policy: Policy | None
    faults: list[Fault]

    def patience(self, address: int) -> int:
        """Nanoseconds that the caller waits for the whole call, whose first try is at `address`."""
        if self.timeout_law is None:
            return self.timeout
        return nanoseconds(self.timeout_law(address, self.timeout_stream, 0))


class Model:
    """Everything of a Plan that requests meet, unpacked once a run."""

    def __init__(self, plan: Plan, clock: Clock, key: int) -> None:
        self.units = [Unit(clock, plan, row, key) for row in range(len(plan.units.name))]
        draws = [make_draw(plan.distributions, row, key) for row in range(len(plan.distributions.kind))]
        self.draws = draws
        s, e, c, p = plan.services, plan.endpoints, plan.calls, plan.programs
        self.faults = make_faults(plan, self.units)
        slow = [fault for fault in self.faults if fault.kind is FaultKind.SLOW]
        targets: list[int] = plan.faults.service.tolist()
        limiters = make_limiters(plan)
        self.services = [
            Service(row, self.units[unit], pace, stream, Meter(), row * len(Component), limiters.get(row),
                    [fault for fault in slow if targets[fault.row] == row])
            for row, (unit, pace, stream) in enumerate(
                zip(s.unit.tolist(), s.pace.tolist(), s.balance_stream.tolist(), strict=True)
            )
        ]  # fmt: skip
        self.endpoints = [
            Endpoint(row, self.services[service], start, error_rate, stream)
            for row, (service, start, error_rate, stream) in enumerate(
                zip(
                    e.service.tolist(),
                    e.start.tolist(),
                    e.error_rate.tolist(),
                    e.error_stream.tolist(),
                    strict=True,
                )
            )
        ]
        columns = (c.target, c.site, c.remote, c.latency, c.latency_stream, c.loss, c.loss_stream, c.error_rate,
                   c.error_stream, c.serialization, c.serialization_stream, all_nanoseconds(c.timeout))  # fmt: skip
        self.breakers, policies = make_policies(plan, clock, limiters)
        columns_of_patience = (plan.patience.call, plan.patience.law, plan.patience.stream, plan.patience.propagates)
        patience = {
            call: (None if law < 0 else draws[law], stream, propagates == 1)
            for call, law, stream, propagates in zip(*(c.tolist() for c in columns_of_patience), strict=True)
        }
        none = (None, 0, False)
        crossed: list[list[Fault]] = [[] for _ in c.name]
        for row, fault in zip(plan.crossings.call.tolist(), plan.crossings.fault.tolist(), strict=True):
            crossed[row].append(self.faults[fault])
        self.calls = [
            Call(row, self.endpoints[target], site, remote == 1, draws[latency], latency_stream, loss, loss_stream,
                 error_rate, error_stream, None if serialization < 0 else draws[serialization],
                 serialization_stream, timeout, *patience.get(row, none), policies.get(row), crossed[row])
            for row, (target, site, remote, latency, latency_stream, loss, loss_stream, error_rate, error_stream,
                      serialization, serialization_stream, timeout)
            in enumerate(zip(*(column.tolist() for column in columns), strict=True))
        ]  # fmt: skip
        self._assign_states(c.caller.tolist())
        columns_of_programs = (p.op, p.a, p.b, p.c, p.x)
        self.instructions = [
            Instruction(row, *operands)
            for row, operands in enumerate(zip(*(c.tolist() for c in columns_of_programs), strict=True))
        ]
        self.branch: list[int] = p.branch.tolist()
        self.weight: list[float] = p.weight.tolist()

    def _assign_states(self, callers: list[int]) -> None:
        """Let units know the states of policies that are lost with a replica."""
        for call, caller in zip(self.calls, callers, strict=True):
            if call.policy is None or caller < 0:
                continue
            known = self.services[caller].unit.states
            for states in call.policy.guards:
                if isinstance(states, States) and not any(one is states for one in known):
                    known.append(states)
