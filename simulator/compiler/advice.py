"""What a plan's reader should be told before it is run: warnings, in a fixed order."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..errors import PlanError
from ..plan.layout import UNLIMITED, Shape
from ..plan.plan import Plan
from ..plan.walker import find_sends
from ..spec.inheritance import resolve_policy
from ..spec.models import Topology
from ..spec.steps import Call
from ..units import format_duration, format_fraction
from .deadlock import deadlock_warnings
from .expectations import Expectations, entry_shares, patience
from .idle import idle_warnings
from .limits import limit_warnings
from .overload import overload_warnings
from .policies import acts
from .programs import endpoint_name
from .reach import Reach, call_steps, find_awaited, steps_of
from .replays import replay_warnings


def find_warnings(topology: Topology, reach: Reach, plan: Plan, expected: Expectations) -> tuple[str, ...]:
    """Warnings of a plan, as sentences."""
    return (
        *_unreached(topology, reach),
        *_unreached_objectives(topology, reach),
        *_lossy(plan),
        *overload_warnings(plan, expected),
        *_absent(plan),
        *_free_hops(plan),
        *_dropped_limits(topology, plan),
        *_dropped_policies(topology, reach, plan),
        *limit_warnings(topology, plan, expected),
        *_unused_policies(topology, reach),
        *_short_stages(plan),
        *replay_warnings(plan),
        *idle_warnings(plan, expected),
        *deadlock_warnings(plan),
    )


def refuse_endless_users(plan: Plan, expected: Expectations) -> None:
    """Refuse users who neither think nor wait.

    Raises
    ------
    PlanError
        If the requests of a closed workload without think time end at the instant at which they begin.
    """
    workloads = plan.workloads
    for row in np.flatnonzero((workloads.shape == Shape.USERS) & (workloads.users > 0)):
        if plan.distributions.mean[workloads.think[row]] > 0.0:
            continue
        rows, shares = entry_shares(plan, int(row))
        latency = math.fsum((shares * expected.entry_latency[rows]).tolist())
        if latency == 0.0:
            raise PlanError(
                f"workload {workloads.name[row]}: its users do not think and their requests take no time, so that the"
                f" run would never end; give it a thinkTime, or work to do"
            )


def _unreached(topology: Topology, reach: Reach) -> Iterator[str]:
    services, endpoints = set(reach.services), set(reach.endpoints)
    for name in sorted(topology.services):
        if name not in services:
            yield f"{name}: no workload reaches it; it is left out of the plan and of the cost"
            continue
        for endpoint in sorted(topology.services[name].endpoints):
            if (name, endpoint) not in endpoints:
                yield f"{endpoint_name((name, endpoint))}: no workload reaches it; it is left out of the plan"


def _unreached_objectives(topology: Topology, reach: Reach) -> Iterator[str]:
    awaited, asked = find_awaited(topology)
    for name in sorted(topology.slos):
        key = topology.resolve(topology.slos[name].call)
        if key in awaited:
            continue
        why = f"no workload reaches {endpoint_name(key)}"
        if key in asked:
            why = f"{endpoint_name(key)} is reached by `send` alone, and nobody waits for its answer"
        elif key in reach.endpoints:
            why = f"nobody asks {endpoint_name(key)}: a weight, probability, times or rate of 0 is on every way to it"
        yield f"slo {name}: {why}; it cannot be judged and is left out"


def single_copies(plan: Plan) -> Iterator[str]:
    """Merged units that equal cores (rule 10.3) leave one replica."""
    hosted = np.bincount(plan.services.unit, minlength=len(plan.units.name))
    for row in np.flatnonzero((hosted > 1) & (plan.units.replicas == 1)).tolist():
        cores = float(plan.units.cpu[row])
        yield (
            f"{plan.units.name[row]}: at equal cores it is one replica of {cores:g} core{'' if cores == 1.0 else 's'}: "
            "nothing is left when that one fails or starts again, and there is no other to balance between"
        )


def _absent(plan: Plan) -> Iterator[str]:
    for name, replicas in zip(plan.units.name, plan.units.replicas, strict=True):
        if replicas == 0:
            yield f"{name}: it has 0 replicas but is called; every call to it ends unreachable"


def _lossy(plan: Plan) -> Iterator[str]:
    """Links that lose messages for which somebody waits without a timeout."""
    calls = plan.calls
    sends = find_sends(plan)
    told = set()
    for row in np.flatnonzero((calls.loss > 0.0) & np.isinf(patience(plan))).tolist():
        link = f"{caller_name(plan, row)} -> {plan.services.name[plan.endpoints.service[calls.target[row]]]}"
        if row in sends or link in told:
            continue
        told.add(link)
        yield (
            f"{link}: the link loses {format_fraction(float(calls.loss[row]))} of the messages and calls on it have"
            f" no timeout: who loses one waits for ever"
        )


def caller_name(plan: Plan, call: int) -> str:
    """The service or the workload that makes a call."""
    caller = int(plan.calls.caller[call])
    if caller >= 0:
        return plan.services.name[caller]
    entry = int(np.flatnonzero(plan.workloads.entry_call == call)[0])
    return plan.workloads.name[int(np.searchsorted(plan.workloads.first_entry, entry, side="right")) - 1]


def _free_hops(plan: Plan) -> Iterator[str]:
    calls = plan.calls
    between = (calls.remote == 1) & (calls.caller >= 0)
    if between.any() and not plan.distributions.mean[calls.latency[between]].any():
        yield "no network latency between units: hops are free: this flatters microservices"


def _dropped_limits(topology: Topology, plan: Plan) -> Iterator[str]:
    """Slots of services that a merged unit has not, since one of its services is without a limit."""
    for unit, name in enumerate(plan.units.name):
        members = [plan.services.name[row] for row in np.flatnonzero(plan.services.unit == unit)]
        limited = [member for member in members if topology.services[member].concurrency is not None]
        if plan.units.concurrency[unit] == UNLIMITED and limited:
            free = next(member for member in members if member not in limited)
            yield (
                f"{name}: it has no limit of slots, since {free} has none; those of {', '.join(limited)} do not act"
                f" (write `concurrency` on the unit)"
            )


def _dropped_policies(topology: Topology, reach: Reach, plan: Plan) -> Iterator[str]:
    """Timeouts and policies of calls that stay inside a process."""
    unit = dict(zip(plan.services.name, plan.services.unit.tolist(), strict=True))
    found: dict[tuple[str, str], bool] = {}
    for key in reach.endpoints:
        for step in call_steps(topology, steps_of(topology, key)):
            if isinstance(step, Call):
                policy = resolve_policy(topology.policies, step.policy, step)
                more = acts(policy) or policy.fallback is not None
                if more or policy.timeout is not None:
                    pair = (key[0], topology.resolve(step.call)[0])
                    found[pair] = found.get(pair, False) or more
    for (caller, target), more in sorted(found.items()):
        if unit[caller] == unit[target]:
            inside, what = plan.units.name[unit[caller]], "policy" if more else "timeout"
            yield f"{caller} -> {target}: its {what} does not act inside {inside}, where it is a function call"


def _unused_policies(topology: Topology, reach: Reach) -> Iterator[str]:
    """Policies that nobody names."""
    steps = [step for key in reach.endpoints for step in call_steps(topology, steps_of(topology, key))]
    names = {step.policy for step in steps if isinstance(step, Call)}
    names |= {workload.policy for workload in topology.workload.values()}
    for name in [name for name in names if name is not None]:
        base = topology.policies[name].inherits
        while base is not None:
            names.add(base)
            base = topology.policies[base].inherits
    for name in sorted(topology.policies):
        if name not in names:
            yield f"policy {name}: no call has it"


def _short_stages(plan: Plan) -> Iterator[str]:
    workloads, horizon = plan.workloads, plan.settings.duration_s
    for row in np.flatnonzero(workloads.shape <= Shape.EVEN):
        ramps = slice(workloads.first_ramp[row], workloads.first_ramp[row] + workloads.ramps[row])
        end = float(np.sum(workloads.ramp_duration_s[ramps]))
        if end < horizon:
            yield (
                f"{workloads.name[row]}: its stages end at {format_duration(end)}, before the horizon"
                f" ({format_duration(horizon)}); nothing arrives after that"
            )
