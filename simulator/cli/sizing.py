"""`capacity`: the cheapest size that meets the objectives, and what the next replica would buy."""

from __future__ import annotations

import argparse
from typing import Any

import simulator as sim

from ..answers import Answer, Section, Table
from ..words import column, number
from .common import (
    FINE,
    INTERRUPTED,
    MISSED,
    Arguments,
    add_command,
    read_topology,
    settings_arguments,
    show,
    topology_arguments,
)
from .telling import Progress, with_progress

ROUNDING = 1e-9
"""Prices that differ by no more are the same, added up in another order."""


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands, capacity, "the cheapest replicas that meet every objective of the file, and how sure that is",
        "simulator capacity topologies/checkout.yaml",
        "simulator capacity topologies/checkout.yaml -d microservices -d monolith",
        "simulator capacity topologies/checkout.yaml --scale order --scale payment --cores 1,2,4 --next",
    )  # fmt: skip
    topology_arguments(command, "microservices; several are sized side by side", many=True)
    command.add_argument(
        "--scale", action="append", metavar="UNIT",
        help="a unit of which the replicas are searched, or a service inside it (may be repeated); default: all units "
        "of kind service",
    )  # fmt: skip
    command.add_argument(
        "--cores", type=_numbers, metavar="N,N",
        help="candidates for the cores of one replica, for example 1,2,4; default: those of the file",
    )  # fmt: skip
    command.add_argument("--max-replicas", type=int, default=64, metavar="N", help="of one unit; default: 64")
    command.add_argument("--next", action="store_true", help="say too what one more replica of each unit would gain")
    settings_arguments(command)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers such as 1,2,4, not {text!r}") from None


def capacity(arguments: Arguments) -> int:
    """Size each deployment; exit code 1 if one of them cannot meet an objective."""
    topology = read_topology(arguments)
    names = list(dict.fromkeys(arguments.deployment or ["microservices"]))
    made: dict[str, sim.Capacity] = {}
    following: dict[str, sim.NextReplica] = {}

    def run(progress: Progress) -> None:
        count = _Count(progress)
        each = arguments.replications or topology.simulation.replications
        for name in names:
            made[name] = _size(arguments, topology, name, count.part(each))
            if made[name].interrupted:
                break
            if arguments.next:
                following[name] = made[name].next_replica(progress=count.part(1), engine=arguments.engine)

    try:
        with_progress(run)
    except KeyboardInterrupt:
        if not made:
            raise
    complete = len(made) == len(names) and len(following) == len(names) * arguments.next
    first = cheapest(made) if complete else None
    show(arguments, _answer(made, following, first, many=len(names) > 1))
    cut_off = any(one.interrupted for one in made.values()) or any(one.interrupted for one in following.values())
    if not complete or cut_off:
        return INTERRUPTED
    return FINE if all(one.met for one in made.values()) else MISSED


class _Count:
    """Replications, of whatever is sized or compared; how many there will be in all nobody knows before."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._before = self._here = 0.0

    def part(self, each: int) -> Progress:
        """What hears of the next part, in which so many replications are one."""
        self._before, self._here = self._before + self._here, 0.0

        def heard(done: float, total: int) -> None:
            self._here = done * each
            self._progress(self._before + self._here, 0)

        return heard


def _size(arguments: Arguments, topology: sim.Topology, name: str, progress: Progress) -> sim.Capacity:
    return sim.capacity(
        topology, name, scale=arguments.scale, cores=arguments.cores, max_replicas=arguments.max_replicas,
        progress=progress, **_settings(arguments),
    )  # fmt: skip


def _settings(arguments: Arguments) -> dict[str, Any]:
    names = ("seed", "replications", "duration", "warmup", "confidence", "engine")
    return {name: getattr(arguments, name) for name in names}


def cheapest(made: dict[str, sim.Capacity]) -> str | None:
    """The deployment that is shown to cost least of those that meet every objective; None if that is no question."""
    met = {name: one.cost_per_hour for name, one in made.items() if one.met and one.cost_per_hour >= 0.0}
    if len(met) < 2:
        return None
    first = min(met, key=lambda name: met[name])
    return first if all(made[name].costs_more_than(met[first]) for name in met if name != first) else None


def _answer(
    made: dict[str, sim.Capacity], following: dict[str, sim.NextReplica], first: str | None, *, many: bool
) -> Answer:
    """Of each deployment its own, and of several which is cheaper."""
    sections: list[Section] = []
    found: dict[str, Any] = {}
    for name, one in made.items():
        sections.append((one.answer(),))
        found[name] = {**one.answer().content}
        if name in following:
            sections.append((following[name].answer(),))
            found[name]["next"] = following[name]
    if len(made) > 1:
        sections.append((_table(made), "(replicas and cores are of the sized units, the cost is of everything)"))
    return Answer(
        sections=sections,
        finding=_verdict(made, first) if len(made) > 1 else "",
        content={"cheapest": first, "deployments": found} if many else next(iter(found.values())),
    )


def _table(made: dict[str, sim.Capacity]) -> Table:
    """All deployments side by side."""
    every = made.values()
    return Table.of_columns(
        ["deployment", *made],
        ["objectives", *("MISSED" if one.state == "not met" else one.state for one in every)],
        ["replicas", *(number(sum(one.replicas[unit] for unit in one.sized)) for one in every)],
        ["cores", *(number(sum(one.replicas[unit] * one.cores[unit] for unit in one.sized)) for one in every)],
        ["cost per hour", *column([one.cost_per_hour for one in every])],
        ["binding", *(one.binding for one in every)],
    )


def _verdict(made: dict[str, sim.Capacity], first: str | None) -> str:
    if first is None:
        return _none_is_cheapest(made)
    currency = made[first].result.provenance["currency"]
    money = f" {currency}" if currency else ""
    others = [
        f"{number(one.cost_per_hour)} ({name})" for name, one in made.items() if name != first and one.met
    ]  # fmt: skip
    sure = "" if all(one.exact for one in made.values()) else " (not every cheaper size could be excluded)"
    return (
        f"{first} is cheapest: {number(made[first].cost_per_hour)}{money} per hour against {', '.join(others)}{sure}."
    )


def _none_is_cheapest(made: dict[str, sim.Capacity]) -> str:
    missed = [name for name, one in made.items() if not one.met]
    if missed:
        return f"No size of {' or '.join(missed)} was shown to meet every objective."
    costs = {name: one.cost_per_hour for name, one in made.items()}
    if not all(cost >= 0.0 for cost in costs.values()):
        return "Nothing has a price."
    if max(costs.values()) - min(costs.values()) <= ROUNDING:
        return "Neither is cheaper."
    least = min(costs, key=lambda name: costs[name])
    return (
        f"No difference in cost is shown: not everything that costs as little as {least}"
        f" ({number(costs[least])} per hour) is shown to miss an objective in the others; longer runs may tell."
    )
