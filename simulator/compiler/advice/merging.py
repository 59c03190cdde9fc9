"""What services lose that share a process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...plan.layout import UNLIMITED
from ...spec.inheritance import resolve_policy
from ...spec.steps import Call
from ..policies import acts
from ..reach import call_steps, steps_of
from .subject import Subject


def dropped_limits(subject: Subject) -> Iterator[str]:
    """Slots of services that a merged unit has not, since one of its services is without a limit."""
    plan, topology = subject.plan, subject.topology
    for unit, name in enumerate(plan.units.name):
        members = [plan.services.name[row] for row in np.flatnonzero(plan.services.unit == unit)]
        limited = [member for member in members if topology.services[member].concurrency is not None]
        if plan.units.concurrency[unit] == UNLIMITED and limited:
            free = next(member for member in members if member not in limited)
            yield (
                f"{name}: it has no limit of slots, since {free} has none; those of {', '.join(limited)} do not act"
                f" (write `concurrency` on the unit)"
            )


def dropped_policies(subject: Subject) -> Iterator[str]:
    """Timeouts and policies of calls that stay inside a process."""
    topology, directory = subject.topology, subject.directory
    found: dict[tuple[str, str], bool] = {}
    for key in directory.endpoints:
        for step in call_steps(topology, steps_of(topology, key)):
            if isinstance(step, Call):
                policy = resolve_policy(topology.policies, step.policy, step)
                more = acts(policy) or policy.fallback is not None
                if more or policy.timeout is not None:
                    pair = (key[0], topology.resolve(step.call)[0])
                    found[pair] = found.get(pair, False) or more
    for (caller, target), more in sorted(found.items()):
        if directory.unit_of[caller] == directory.unit_of[target]:
            inside, what = directory.units[directory.unit_of[caller]].name, "policy" if more else "timeout"
            yield f"{caller} -> {target}: its {what} does not act inside {inside}, where it is a function call"


def single_copies(subject: Subject) -> Iterator[str]:
    """Merged units that equal cores (rule 10.3) leave one replica."""
    plan = subject.plan
    if not subject.directory.equal_cores:
        return
    hosted = np.bincount(plan.services.unit, minlength=len(plan.units.name))
    for row in np.flatnonzero((hosted > 1) & (plan.units.replicas == 1)).tolist():
        cores = float(plan.units.cpu[row])
        yield (
            f"{plan.units.name[row]}: at equal cores it is one replica of {cores:g} core{'' if cores == 1.0 else 's'}: "
            "nothing is left when that one fails or starts again, and there is no other to balance between"
        )
