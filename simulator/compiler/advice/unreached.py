"""What the file has and nobody reaches or names."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec.steps import Call
from ..programs import endpoint_name
from ..reach import call_steps, find_asked, steps_of
from .subject import Subject


def unreached(subject: Subject) -> Iterator[str]:
    """Services and endpoints that are left out of the plan."""
    topology, directory = subject.topology, subject.directory
    for name in sorted(topology.services):
        if name not in directory.services:
            yield f"{name}: no workload reaches it; it is left out of the plan and of the cost"
            continue
        for endpoint in sorted(topology.services[name].endpoints):
            if (name, endpoint) not in directory.endpoints:
                yield f"{endpoint_name((name, endpoint))}: no workload reaches it; it is left out of the plan"


def unreached_objectives(subject: Subject) -> Iterator[str]:
    """Slos of what nobody asks."""
    topology = subject.topology
    asked = find_asked(topology)
    for name in sorted(topology.slos):
        key = topology.resolve(topology.slos[name].call)
        if key in asked:
            continue
        why = f"no workload reaches {endpoint_name(key)}"
        if key in subject.directory.endpoints:
            why = f"nobody asks {endpoint_name(key)}: a weight, probability, times or rate of 0 is on every way to it"
        yield f"slo {name}: {why}; it cannot be judged and is left out"


def unused_policies(subject: Subject) -> Iterator[str]:
    """Policies that nobody names."""
    topology = subject.topology
    steps = [step for key in subject.directory.endpoints for step in call_steps(topology, steps_of(topology, key))]
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
