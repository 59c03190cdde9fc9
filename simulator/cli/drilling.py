"""`drill`: break something, in every deployment and with every policy set, and see what becomes of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import simulator as sim

from ..files import replaced
from .common import (
    FINE,
    INTERRUPTED,
    MISSED,
    Arguments,
    add_command,
    print_json,
    read_topology,
    refuse_file,
    require_writable,
    settings_arguments,
    settings_of,
    show,
    topology_arguments,
)
from .telling import Progress, with_progress

BOTH = ("microservices", "monolith")
SETS = ("none", "timeouts", "retries", "full")
FAULTS = ("kill", "slow", "pause", "abort", "delay", "partition")


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands, drill, "break something: who suffers, for how long, and does it come back",
        "simulator drill topologies/payment-down.yaml",
        "simulator drill topologies/checkout.yaml --target payment --fault kill --for 20s -o drill.png",
        "simulator drill topologies/slow-provider.yaml --policies none,full -d microservices --find-load",
    )  # fmt: skip
    topology_arguments(command, "microservices and monolith", many=True)
    group = command.add_argument_group("the fault, instead of those that the file has")
    group.add_argument("--target", metavar="SERVICE", help="whom it hits")
    group.add_argument("--fault", choices=FAULTS, help="what goes wrong; default: kill")
    group.add_argument("--at", metavar="TIME", help="when it begins; default: 20 s after the warmup")
    group.add_argument("--for", metavar="TIME", dest="for_", help="how long it lasts; default: 30s")
    group.add_argument("--replicas", metavar="N", help="how many (kill, slow, pause, abort); default: all")
    group.add_argument("--factor", type=float, metavar="X", help="slow: how many times as slow")
    group.add_argument(
        "--percentage", type=float, metavar="P", help="abort, delay: of the attempts or messages; default: 100"
    )
    group.add_argument("--fixed-delay", metavar="TIME", help="delay: how late the messages are")
    group.add_argument(
        "--from", metavar="NAME", dest="from_", help="abort, delay, partition: whose calls; default: all"
    )
    command.add_argument(
        "--policies", type=_words, default=SETS, metavar="SET,SET",
        help=f"policy sets: {', '.join(SETS)} (the file as written), or policies of the file that every call then has; "
        f"default: {','.join(SETS)}",
    )  # fmt: skip
    command.add_argument(
        "--find-load", action="store_true", help="search the load at which it would not come back, which takes long"
    )
    command.add_argument(
        "-o", "--out", action="append", type=Path, default=[], metavar="FILE",
        help="draw the figure there: .png, .svg or .pdf (may be repeated)",
    )  # fmt: skip
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the table as CSV")
    settings_arguments(command)


def _words(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(","))
    if not all(words):
        raise argparse.ArgumentTypeError(f"expected names such as none,full, not {text!r}")
    return words


def drill(arguments: Arguments) -> int:
    """Run the drill; exit code 1 if a deployment does not come back with the policies as written."""
    for file in arguments.out:
        refuse_file(file)
    if arguments.csv:
        require_writable(arguments.csv)
    topology = read_topology(arguments)
    found = with_progress(lambda progress: _run(arguments, topology, progress), "runs")
    if arguments.csv:
        with replaced(arguments.csv) as new:
            found.table.to_csv(new, index=False)
    if arguments.out:
        axes = sim.plots.drill(found)
        for file in arguments.out:
            sim.plots.save(axes, file)
    if arguments.json:
        print_json(found.to_dict() | {"files": [str(file) for file in arguments.out]})
    else:
        show(arguments, found.answer())
        if files := [*arguments.out, *([arguments.csv] if arguments.csv else [])]:
            print("", *files, sep="\n")
    if found.interrupted:
        return INTERRUPTED
    return FINE if found.met else MISSED


def drill_of(arguments: Arguments) -> sim.Drill:
    """The drill of the file's own faults, or of one target, with all policy sets: what a figure is of."""
    topology, settings = read_topology(arguments), settings_of(arguments)
    settings = {**settings, "deployments": arguments.deployment or BOTH, "target": arguments.target}
    del settings["equal_cores"]
    return with_progress(lambda progress: sim.drill(topology, progress=progress, **settings), "runs")


def _run(arguments: Arguments, topology: sim.Topology, progress: Progress) -> sim.Drill:
    names = (
        "target", "fault", "at", "for_", "factor", "percentage", "fixed_delay", "from_", "policies", "find_load",
        "seed", "replications", "duration", "warmup", "confidence", "engine",
    )  # fmt: skip
    return sim.drill(
        topology, deployments=arguments.deployment or BOTH, replicas=_replicas(arguments.replicas), progress=progress,
        **{name: getattr(arguments, name) for name in names},
    )  # fmt: skip


def _replicas(text: str | None) -> int | str | None:
    """A number where it is one; what else it may be is not for the command line to say."""
    return int(text) if text is not None and text.isdigit() else text
