"""What the simulator understood: a plan as a disassembly that a person can read."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..units import format_cpu, format_fraction, format_memory, format_rate
from .columns import Table, duration
from .faults import describe_downtime, describe_fault, describe_recovery
from .layout import UNLIMITED, Balancer, Discipline, Dist, Kind, Op, Scheduling, Shape
from .plan import Objective, Plan
from .policies import Policies
from .structure import Node, handler

Mask = NDArray[np.bool_]
WIDTH = 100
TOLD = frozenset({
    "programs", "distributions", "services", "endpoints", "calls", "units", "workloads", "policies",
    *Policies.guards().values(), "patience", "limiters", "detectors", "failures", "faults", "crossings", "startups",
    "health", "reasons",
})  # fmt: skip
"""The tables that are told of where they belong; of others each row is a line."""


def explain(plan: Plan) -> str:
    """A plan in words, within 100 columns unless names are long."""
    lines: list[str] = []
    for section in (_head, _units, _workloads, _programs, _faults, _others, _objectives, _prices, _warnings):
        part = [wrapped for line in section(plan) for wrapped in _wrap(line)]
        if part:
            lines += ["", *part] if lines else part
    return "\n".join(lines)


def describe_time(plan: Plan, row: int) -> str:
    """A distribution in words, such as `3ms` or `lognormal (mean 3ms, cv 0.8)`."""
    table = plan.distributions
    kind, mean, variance = Dist(int(table.kind[row])), float(table.mean[row]), float(table.variance[row])
    if kind == Dist.CONSTANT:
        return duration(mean)
    what = [f"mean {duration(mean)}"]
    if kind == Dist.UNIFORM:
        low, width = float(table.p0[row]), float(table.p1[row])
        what.append(f"{duration(low)} to {duration(low + width)}")
    elif kind != Dist.EXPONENTIAL:
        what.append(f"cv {math.sqrt(variance) / mean if mean > 0.0 else 0.0:.3g}")
    if kind in (Dist.QUANTILES, Dist.VALUES):
        what.append(f"{int(table.points[row])} {kind.name.lower()}")
        return f"empirical ({', '.join(what)})"
    return f"{kind.name.lower()} ({', '.join(what)})"


def _head(plan: Plan) -> Iterator[str]:
    settings = plan.settings
    warmup = "found by MSER-5" if settings.warmup_s is None else duration(settings.warmup_s)
    runs = f"{settings.replications} replication{'s' if settings.replications != 1 else ''}"
    yield f"plan of {plan.topology}, deployment {plan.deployment}"
    yield f"digest {plan.digest()}"
    yield (
        f"run {duration(settings.duration_s)}, warmup {warmup}, drain {duration(settings.drain_s)}, {runs}"
        f" from seed {settings.seed}, confidence {format_fraction(settings.confidence)}"
    )


def _units(plan: Plan) -> Iterator[str]:
    yield "units"
    units = plan.units
    for row, name in enumerate(units.name):
        cpu, memory, replicas = float(units.cpu[row]), float(units.memory[row]), int(units.replicas[row])
        what = [f"{replicas} replica{'s' if replicas != 1 else ''}", f"{format_cpu(cpu)} cpu each"]
        if memory > 0.0:
            what.append(f"{format_memory(memory)} memory")
        what.append(f"cores {Scheduling(int(units.scheduling[row])).name}")
        what += [*_slots(plan, row), _balancer(plan, row), *_words(plan, plan.detectors, plan.detectors.unit == row)]
        yield f"  {name}: {', '.join(what)}{'' if units.priced[row] else ', not priced'}"
        if recovery := describe_recovery(plan, row, describe_time):
            yield f"    {recovery}"
        for service in np.flatnonzero(plan.services.unit == row).tolist():
            kind = Kind(int(plan.services.kind[service])).name.lower()
            facts = [
                kind,
                f"pace {float(plan.services.pace[service]):g}",
                *_words(plan, plan.limiters, plan.limiters.service == service),
            ]
            yield f"    hosts {plan.services.name[service]} ({', '.join(facts)})"
            if downtime := describe_downtime(plan, service, describe_time):
                yield f"      {downtime}"


def _slots(plan: Plan, unit: int) -> list[str]:
    slots, places = int(plan.units.concurrency[unit]), int(plan.units.queue_capacity[unit])
    if slots == UNLIMITED:
        return ["slots without limit"]
    discipline = Discipline(int(plan.units.discipline[unit])).name
    queue = "without limit" if places == UNLIMITED else f"of {places}"
    return [f"{slots} slot{'s' if slots != 1 else ''}", f"queue {queue} {discipline}"]


def _balancer(plan: Plan, unit: int) -> str:
    balancer = Balancer(int(plan.units.balancer[unit]))
    if balancer not in (Balancer.LEAST_REQUEST, Balancer.LEAST_OF_DISTINCT):
        return balancer.name
    count = int(plan.units.choice_count[unit])
    distinct = " distinct" if balancer == Balancer.LEAST_OF_DISTINCT else ""
    return f"LEAST_REQUEST of {'all' if count == UNLIMITED else count}{distinct}"


def _workloads(plan: Plan) -> Iterator[str]:
    yield "workloads"
    for row, name in enumerate(plan.workloads.name):
        yield f"  {name}: {_arrivals(plan, row)}"
        first = int(plan.workloads.first_entry[row])
        before = 0.0
        for entry in range(first, first + int(plan.workloads.entries[row])):
            share = float(plan.workloads.entry_weight[entry]) - before
            before = float(plan.workloads.entry_weight[entry])
            call = int(plan.workloads.entry_call[entry])
            yield f"    {_percent(share)} {_call(plan, call)}"


def _arrivals(plan: Plan, row: int) -> str:
    workloads = plan.workloads
    shape = Shape(int(workloads.shape[row]))
    if shape == Shape.USERS:
        think = describe_time(plan, int(workloads.think[row]))
        return f"{int(workloads.users[row])} users, who think {think} before each request"
    if shape == Shape.REPLAY:
        first, count = int(workloads.first_time[row]), int(workloads.times[row])
        times = workloads.time_s[first : first + count]
        return f"{count} arrivals replayed, from {duration(float(times[0]))} to {duration(float(times[-1]))}"
    law = "Poisson" if shape == Shape.POISSON else "evenly spaced"
    first = int(workloads.first_ramp[row])
    ramps = range(first, first + int(workloads.ramps[row]))
    return f"{law} arrivals, {', then '.join(_ramp(plan, ramp) for ramp in ramps) or 'none'}"


def _ramp(plan: Plan, row: int) -> str:
    start, end = float(plan.workloads.ramp_start_rate[row]), float(plan.workloads.ramp_end_rate[row])
    lasts = float(plan.workloads.ramp_duration_s[row])
    rate = f"at {format_rate(start)}" if start == end else f"from {format_rate(start)} to {format_rate(end)}"
    return rate if math.isinf(lasts) else f"{rate} for {duration(lasts)}"


def _programs(plan: Plan) -> Iterator[str]:
    yield "programs"
    for row, name in enumerate(plan.endpoints.name):
        rate = float(plan.endpoints.error_rate[row])
        fails = f", fails {format_fraction(rate)}" if rate > 0.0 else ""
        yield f"  {name} at {plan.units.name[plan.services.unit[plan.endpoints.service[row]]]}{fails}"
        tree = handler(plan.programs, int(plan.endpoints.start[row]))
        yield from _steps(plan, tree, "    ")
        if not tree:
            yield f"{_row(None)}    nothing"


def _steps(plan: Plan, nodes: Sequence[Node], indent: str) -> Iterator[str]:
    for node in nodes:
        yield f"{_row(node.row)}{indent}{_instruction(plan, node)}"
        for number, body in enumerate(node.bodies):
            inner = indent + "  "
            if heading := _heading(plan, node, number):
                yield f"{_row(None)}{inner}{heading}"
                inner += "  "
            yield from _steps(plan, body, inner)


def _row(row: int | None) -> str:
    return " " * 5 if row is None else f"{row:5d}"


def _instruction(plan: Plan, node: Node) -> str:
    operand = int(plan.programs.a[node.row])
    simple: dict[Op, Callable[[], str]] = {
        Op.CPU: lambda: f"cpu {describe_time(plan, operand)}",
        Op.SLEEP: lambda: f"sleep {describe_time(plan, operand)}",
        Op.CALL: lambda: f"call {_call(plan, operand)}",
        Op.SEND: lambda: f"send {_call(plan, operand)}",
        Op.PARALLEL: lambda: "parallel",
        Op.FAIL: lambda: f"fail {plan.reasons.name[operand]}",
        Op.CHOOSE: lambda: "choose",
        Op.MAYBE: lambda: f"maybe, with probability {_percent(node.shares[0])}",
        Op.REPEAT: lambda: f"repeat {int(node.shares[0])} times",
    }
    return simple[node.op]()


def _heading(plan: Plan, node: Node, number: int) -> str:
    """The line above a body, where there can be several."""
    if node.op == Op.CALL:
        if not plan.calls.remote[plan.programs.a[node.row]]:
            return "fallback, which does not act in process"
        return "if it fails" + ("" if node.bodies[number] else ": nothing")
    if node.op == Op.PARALLEL:
        return f"branch {number}"
    if node.op == Op.CHOOSE:
        return f"option {number}, {_percent(node.shares[number])}" + ("" if node.bodies[number] else ": nothing")
    return ""


def _call(plan: Plan, row: int) -> str:
    calls = plan.calls
    name = plan.endpoints.name[calls.target[row]]
    if not calls.remote[row]:
        return f"{name} in process"
    latency, serialization = int(calls.latency[row]), int(calls.serialization[row])
    what = [f"latency {describe_time(plan, latency)}"] if plan.distributions.mean[latency] > 0.0 else []
    if calls.loss[row] > 0.0:
        what.append(f"loss {format_fraction(float(calls.loss[row]))}")
    if calls.error_rate[row] > 0.0:
        what.append(f"error rate {format_fraction(float(calls.error_rate[row]))}")
    if serialization >= 0:
        what.append(f"serialization {describe_time(plan, serialization)}")
    what += _timeout(plan, row)
    what += _words(plan, plan.policies, plan.policies.call == row)
    return f"{name} over the network" + (f" ({', '.join(what)})" if what else "")


def _timeout(plan: Plan, call: int) -> list[str]:
    """How long a caller waits, and whether its callee knows."""
    timeout = float(plan.calls.timeout[call])
    what = [] if math.isinf(timeout) else [f"timeout {duration(timeout)}"]
    for row in np.flatnonzero(plan.patience.call == call).tolist():
        if plan.patience.law[row] >= 0:
            what = [f"timeout {describe_time(plan, int(plan.patience.law[row]))}"]
        if plan.patience.propagates[row]:
            what.append("which is its deadline")
    return what


def _faults(plan: Plan) -> Iterator[str]:
    if plan.faults.name:
        yield "faults"
    for row in range(len(plan.faults.name)):
        yield f"  {describe_fault(plan, row)}"


def _others(plan: Plan) -> Iterator[str]:
    for name, table in plan.tables().items():
        if name not in TOLD and len(table):
            yield name.replace("_", " ")
            yield from (f"  {', '.join(table.words(plan, row))}" for row in range(len(table)))


def _words(plan: Plan, table: Table, chosen: Mask) -> list[str]:
    """What some rows of a table say."""
    return [piece for row in np.flatnonzero(chosen).tolist() for piece in table.words(plan, row)]


def _objectives(plan: Plan) -> Iterator[str]:
    if plan.objectives:
        yield "objectives"
    for objective in plan.objectives:
        name = plan.endpoints.name[objective.endpoint]
        until = " until settled" if objective.settled else ""
        yield f"  {objective.slo}: {objective.quantity} of {name}{until} at most {_limit(objective)}"


def _limit(objective: Objective) -> str:
    return format_fraction(objective.limit) if objective.quantity == "errorRate" else duration(objective.limit)


def _prices(plan: Plan) -> Iterator[str]:
    if plan.prices is not None:
        prices = plan.prices
        yield (
            f"prices per hour in {prices.currency}: {prices.vcpu_hour:g} a core, {prices.gib_hour:g} a GiB,"
            f" {prices.unit_hour:g} a unit"
        )


def _warnings(plan: Plan) -> Iterator[str]:
    if plan.warnings:
        yield "warnings"
    for warning in plan.warnings:
        yield f"  {warning}"


def _percent(share: float) -> str:
    return f"{share * 100.0:.4g}%"


def _wrap(line: str) -> list[str]:
    """The line in lines that fit; what follows is indented below its text."""
    numbered = re.match(r"\s*[0-9]*\s*", line)
    indent = " " * ((numbered.end() if numbered else 0) + 4)
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
