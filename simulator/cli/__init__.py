"""The commands: they read arguments, call the public list of `simulator`, and print."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import simulator as sim

from . import curves, drilling, sizing, starting, sweeping
from .common import (
    FINE,
    INTERRUPTED,
    WRONG,
    Arguments,
    add_command,
    equal_cores_argument,
    finish,
    in_options,
    join_values,
    limits_of,
    one_deployment,
    one_result,
    print_json,
    read_topology,
    refuse_file,
    refuse_folder,
    run_arguments,
    settings_arguments,
    several,
    show,
    topology_arguments,
    warn,
)
from .ending import heard_as_interrupts
from .parser import Parser
from .telling import speaking


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 fine, 1 an objective missed, 2 wrong use or a wrong file."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ± gets a question mark
    with heard_as_interrupts() as ending:
        return ending.code(_main(argv), INTERRUPTED)


def _main(argv: Sequence[str] | None) -> int:
    try:
        code = _run(argv)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe has had enough: nothing is wrong, and nothing more can be said.
        _silence(sys.stdout)
        return FINE
    except OSError as error:
        _silence(sys.stdout)
        _complain(f"cannot write: {error.strerror or error}")
        return WRONG
    return code


def _run(argv: Sequence[str] | None) -> int:
    arguments = Arguments()
    try:
        arguments = make_parser().parse_args(join_values(sys.argv[1:] if argv is None else argv))
        with limits_of(arguments), speaking(arguments):
            code: int = arguments.run(arguments)
    except SystemExit as leaving:  # argparse has said why
        return leaving.code if isinstance(leaving.code, int) else WRONG
    except sim.SimulatorError as error:
        _complain(in_options(str(error), arguments))
        return WRONG
    except MemoryError:
        _complain("out of memory: make the run shorter, or record less of it (--detail summary)")
        return WRONG
    except KeyboardInterrupt:
        _complain("interrupted before there was anything to show")
        return INTERRUPTED
    return code


def _complain(text: str) -> None:
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _silence(stream: Any) -> None:
    """Let what is still in the buffer of a closed pipe or a full disk go nowhere, or Python complains at its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # not a file of the system
        return


# -- commands


def check(arguments: Arguments) -> int:
    """Say what theory knows of every deployment."""
    show(arguments, sim.check(read_topology(arguments), arguments.deployment or None).answer())
    return FINE


def explain(arguments: Arguments) -> int:
    """Print the plan of each deployment."""
    topology = read_topology(arguments)
    plans = [
        sim.compile(topology, name, equal_cores=arguments.equal_cores)
        for name in arguments.deployment or ["microservices"]
    ]
    if arguments.json:
        print_json([{"deployment": plan.deployment, "digest": plan.digest(), "text": plan.explain()} for plan in plans])
    else:
        print("\n\n".join(plan.explain() for plan in plans))
    return FINE


def simulate(arguments: Arguments) -> int:
    """Simulate one deployment; exit code 1 if an objective is missed."""
    if arguments.out:
        refuse_folder(arguments.out, [arguments.out])
    return finish(arguments, one_result(arguments, detail=arguments.detail))


def compare(arguments: Arguments) -> int:
    """Compare deployments on the same requests; exit code 1 if one of them misses an objective."""
    if arguments.out:
        there = arguments.out.is_dir()
        refuse_folder(arguments.out, list(arguments.out.iterdir()) if there else [])
    return finish(arguments, several(arguments, detail=arguments.detail))


def schema(arguments: Arguments) -> int:
    """Print the JSON Schema of the topology file."""
    print_json(sim.json_schema())
    return FINE


def completion(arguments: Arguments) -> int:
    """Print what a shell reads to complete commands and options."""
    import shtab

    print(shtab.complete(make_parser(), arguments.shell))
    return FINE


def plot(arguments: Arguments) -> int:
    """Draw a figure into PNG and SVG files; what many runs have found is printed too."""
    if arguments.quick and arguments.figure != "topology":
        raise sim.SimulatorError(f"--quick draws a topology without a run; {arguments.figure} needs one: leave it out")
    for name, value, figure in (("--by", arguments.by, "breakdown"), ("--target", arguments.target, "drill")):
        if value and arguments.figure != figure:
            raise sim.SimulatorError(f"{name} does not act on {arguments.figure}, but on {figure}: leave it out")
    if arguments.figure in OF_ONE:
        one_deployment(arguments)
    curves.refuse_others(arguments)
    for file in arguments.out:
        refuse_file(file)
    with sim.plots.styled(title=arguments.title, width=arguments.width):
        curve = curves.make_curve(arguments)
        made = _made_for(arguments) if curve is None else curve
        draw = FIGURES[arguments.figure][1] if curve is None else curves.draw_curve
        axes = draw(arguments, made)
        for file in arguments.out:
            sim.plots.save(axes, file)
    warnings = () if made is None else made.answer().warnings
    warn(warnings)
    if arguments.json:
        files = [str(file) for file in arguments.out]
        print_json({"figure": arguments.figure, "file": files[0], "files": files, "warnings": warnings}
                   | ({} if curve is None else {"curve": curve}))  # fmt: skip
    else:
        if curve is not None:
            curves.show_curve(arguments, curve)
            print()
        print(*arguments.out, sep="\n")
    return INTERRUPTED if curve is not None and curve.interrupted else FINE


def _made_for(arguments: Arguments) -> Any:
    """What a figure is of; nothing where it is of the plan alone."""
    return None if arguments.quick else FIGURES[arguments.figure][0](arguments)


def _plot_topology(arguments: Arguments, made: Any) -> Any:
    plan = sim.compile(read_topology(arguments), one_deployment(arguments), equal_cores=arguments.equal_cores)
    return sim.plots.topology(plan, made)


def _one_or_all(arguments: Arguments) -> Any:
    return one_result(arguments) if len(arguments.deployment or ()) == 1 else several(arguments)


def _one_or_many(arguments: Arguments) -> Any:
    return several(arguments) if len(arguments.deployment or ()) > 1 else one_result(arguments)


OF_ONE = ("timeline", "utilisation", "topology")
"""Figures of a single deployment."""
OVER_TIME = ("arrivals", "latency", "errors", "utilisation", "queue")

FIGURES: dict[str, tuple[Callable[[Arguments], Any], Callable[[Arguments, Any], Any]]] = {
    "latency": (_one_or_many, lambda _, made: sim.plots.latency(made)),
    "comparison": (several, lambda _, made: sim.plots.comparison(made)),
    "timeline": (one_result, lambda _, made: sim.plots.timeline(made, quantities=OVER_TIME)),
    "utilisation": (one_result, lambda _, made: sim.plots.utilisation(made)),
    "breakdown": (_one_or_all, lambda arguments, made: sim.plots.breakdown(made, by=arguments.by or "component")),
    "topology": (one_result, _plot_topology),
    "drill": (drilling.drill_of, lambda _, made: sim.plots.drill(made)),
}
"""By figure: what it is of, and what draws that."""


# -- arguments


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="simulator",
        description="A discrete-event simulator of microservice topologies: split it, or keep the monolith?",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="""\
example: simulator compare topologies/checkout.yaml

Each command has its own --help, with examples.
Exit codes: 0 fine, 1 an objective of the file is missed (a drill: it does not come back),
2 wrong use or a wrong file, 130 interrupted, 143 ended by SIGTERM.""",
    )
    parser.add_argument("--version", action="version", version=f"simulator {sim.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    starting.add(commands)
    command = add_command(
        commands, check, "what theory says before any run: loads, bottleneck, bounds, warnings",
        "simulator check topologies/checkout.yaml",
        "simulator check topologies/checkout.yaml -d monolith --set workload.shoppers.rate=300/s",
    )  # fmt: skip
    topology_arguments(command, "all there are", many=True)
    command = add_command(
        commands, explain, "what the simulator understood: the plan, as a disassembly",
        "simulator explain topologies/checkout.yaml -d monolith",
    )  # fmt: skip
    topology_arguments(command, "microservices", many=True)
    equal_cores_argument(command)
    command = add_command(
        commands, simulate, "simulate one deployment",
        "simulator simulate topologies/checkout.yaml",
        "simulator simulate topologies/checkout.yaml -d monolith --set workload.shoppers.rate=150/s",
        "simulator simulate topologies/checkout.yaml --set services.payment.replicas=4 --out out/four",
    )  # fmt: skip
    topology_arguments(command, "microservices")
    run_arguments(command, "save the result there: JSON and tables")
    command = add_command(
        commands, compare, "the same requests through several deployments, or files, and what differs",
        "simulator compare topologies/checkout.yaml",
        "simulator compare topologies/checkout.yaml --equal-cores --duration 5m",
        "simulator compare topologies/checkout.yaml -d monolith -d microservices --json",
        "simulator compare before.yaml after.yaml",
    )  # fmt: skip
    topology_arguments(
        command, "microservices and monolith, of several files microservices; the first is the baseline", many=True,
        several=True,
    )  # fmt: skip
    run_arguments(command, "save the results there, each in a folder of its own: JSON and tables")
    sizing.add(commands)
    sweeping.add(commands)
    drilling.add(commands)
    command = add_command(
        commands, plot, "draw a figure into a PNG, SVG or PDF file",
        "simulator plot comparison topologies/checkout.yaml -o comparison.png",
        "simulator plot latency topologies/checkout.yaml -d microservices -d monolith -o latency.svg",
        "simulator plot breakdown topologies/checkout.yaml --by service --title 'Where it goes' -o b.pdf",
        "simulator plot timeline topologies/payment-down.yaml --width 8 -o timeline.png",
        "simulator plot topology topologies/checkout.yaml --quick -o topology.svg",
        "simulator plot scaling topologies/checkout.yaml -o scaling.png -o scaling.svg",
        "simulator plot load-curve topologies/checkout.yaml --load 50/s,100/s,150/s,200/s -o load.png",
    )  # fmt: skip
    figures = [*FIGURES, *curves.CURVES]
    command.add_argument("figure", metavar="FIGURE", choices=sorted(figures), help=f"one of {', '.join(figures)}")
    topology_arguments(command, "microservices, and monolith for all that compare", many=True)
    settings_arguments(command)
    equal_cores_argument(command)
    command.add_argument(
        "-o", "--out", action="append", type=Path, required=True, metavar="FILE",
        help="where to: .png, .svg or .pdf (may be repeated)",
    )  # fmt: skip
    command.add_argument("--title", metavar="TEXT", help="what stands above it, instead of its own words")
    command.add_argument("--width", type=float, metavar="INCHES", help="how wide it is; text keeps its size")
    command.add_argument(
        "--by", choices=("component", "service"), help="breakdown: what its parts are; default: component"
    )
    command.add_argument(
        "--target", metavar="SERVICE", help="drill: whom a kill hits, instead of the faults that the file has; "
        "`simulator drill` takes more",
    )  # fmt: skip
    command.add_argument("--quick", action="store_true", help="topology: draw the plan alone, without a run")
    curves.add(command)
    command = add_command(
        commands, schema, "the JSON Schema of the topology file, for completion and checks in an editor",
        "simulator schema > topology.schema.json",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="changes nothing: the schema is JSON")
    command = add_command(
        commands, completion, "what a shell reads to complete commands and options with the tab key",
        'eval "$(simulator completion bash)"',
        "simulator completion zsh > ~/.zfunc/_simulator",
    )  # fmt: skip
    command.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="which one")
    return parser
