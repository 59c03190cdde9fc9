"""What is compared: deployments of one topology, or several topologies, each as one of its deployments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ..errors import PlanError
from ..spec import Topology
from ..units import format_duration, format_fraction

Compared = Topology | tuple[Topology, str]
"""A topology, as microservices or as that deployment."""

SETTINGS: Final[dict[str, Callable[[Any], str]]] = {
    "duration": format_duration, "warmup": lambda value: value if value == "auto" else format_duration(value),
    "seed": str, "replications": str, "confidence": format_fraction, "drain": format_duration,
}  # fmt: skip
"""Settings of a run, which all have to share, and how they are written."""
MICROSERVICES: Final = "microservices"


def read_several(
    given: Sequence[Compared] | Mapping[str, Compared], deployments: Sequence[str]
) -> dict[str, tuple[Topology, str]]:
    """Each topology with its deployment, by a name of its own; a topology alone is taken as each of the deployments.

    Raises
    ------
    PlanError
        If there are fewer than two.
    """
    many = len(deployments) > 1
    pairs: list[tuple[str, Topology, str]] = []
    for name, one in given.items() if isinstance(given, Mapping) else (("", one) for one in given):
        if isinstance(one, Topology):
            pairs += [(f"{name}-{other}" if name and many else name, one, other) for other in deployments]
        else:
            pairs.append((name, *one))
    if len(pairs) < 2:
        raise PlanError("compare needs two topologies or more: give another one, or deployments of this one")
    return dict(zip(_names(pairs), ((topology, deployment) for _, topology, deployment in pairs), strict=True))


def _names(pairs: Sequence[tuple[str, Topology, str]]) -> list[str]:
    """As given; else by topology, by deployment, by both, or in their order: the first that tells them apart."""
    tries = [
        [name for name, _, _ in pairs],
        [topology.name for _, topology, _ in pairs],
        [deployment for _, _, deployment in pairs],
        [f"{topology.name}-{deployment}" for _, topology, deployment in pairs],
        ["before", "after"] if len(pairs) == 2 else [f"{pair[1].name}-{place}" for place, pair in enumerate(pairs, 1)],
    ]
    return next(names for names in tries if all(names) and max(Counter(names).values()) == 1)


def unify(several: Mapping[str, tuple[Topology, str]]) -> tuple[dict[str, tuple[Topology, str]], tuple[str, ...]]:
    """All with the settings of the first, so that they can be paired; and what was changed for that.

    Raises
    ------
    TopologyError
        If one of them cannot have these settings.
    """
    (first, (leader, _)), *_ = several.items()
    wanted, changed, notes = leader.simulation, {}, []
    for name, (topology, deployment) in several.items():
        theirs = {key: getattr(topology.simulation, key) for key in SETTINGS}
        differ = {key: value for key in SETTINGS if (value := getattr(wanted, key)) != theirs[key]}
        if differ:
            changes = {f"simulation.{key}": getattr(wanted, key) for key in ("duration", "warmup", *differ)}
            topology = topology.replace(changes)
            told = []
            for key, value in differ.items():
                write = SETTINGS[key]
                told.append(f"{key} {write(value)} instead of {write(theirs[key])}")
            notes.append(f"{name} is run with the settings of {first}: {', '.join(told)}")
        changed[name] = (topology, deployment)
    return changed, tuple(notes)
