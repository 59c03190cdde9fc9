"""The commands: they read arguments, call the public list of `simulator`, and print."""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import simulator as sim

Arguments = argparse.Namespace
Progress = Callable[[float, int], None]
Made = TypeVar("Made")

FINE, MISSED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: fine; an objective is missed; wrong use or a wrong file; Ctrl-C, also if something could be shown."""

WIDTH = 100
"""Columns of what is printed."""

HEAD = "result.json"
"""What a folder with a saved result has."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 fine, 1 an objective missed, 2 wrong use or a wrong file."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ± gets a question mark
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
    try:
        arguments = make_parser().parse_args(argv)
        code: int = arguments.run(arguments)
    except SystemExit as leaving:  # argparse has said why
        return leaving.code if isinstance(leaving.code, int) else WRONG
    except sim.SimulatorError as error:
        _complain(str(error))
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
    checked = sim.check(_topology(arguments), arguments.deployment or None)
    _show(arguments, checked)
    return FINE


def explain(arguments: Arguments) -> int:
    """Print the plan of each deployment."""
    topology = _topology(arguments)
    plans = [
        sim.compile(topology, name, equal_cores=arguments.equal_cores)
        for name in arguments.deployment or ["microservices"]
    ]
    if arguments.json:
        _print_json(
            [{"deployment": plan.deployment, "digest": plan.digest(), "text": plan.explain()} for plan in plans]
        )
    else:
        print("\n\n".join(plan.explain() for plan in plans))
    return FINE


def simulate(arguments: Arguments) -> int:
    """Simulate one deployment; exit code 1 if an objective is missed."""
    if arguments.out:
        _refuse_folder(arguments.out, [arguments.out])
    return _finish(arguments, _one_result(arguments, detail=arguments.detail))


def compare(arguments: Arguments) -> int:
    """Compare deployments on the same requests; exit code 1 if one of them misses an objective."""
    if arguments.out:
        there = arguments.out.is_dir()
        _refuse_folder(arguments.out, list(arguments.out.iterdir()) if there else [])
    return _finish(arguments, _several(arguments, detail=arguments.detail))


def schema(arguments: Arguments) -> int:
    """Print the JSON Schema of the topology file."""
    _print_json(sim.json_schema())
    return FINE


def plot(arguments: Arguments) -> int:
    """Draw a figure into a PNG or SVG file."""
    if arguments.quick and arguments.figure != "topology":
        raise sim.SimulatorError(f"--quick draws a topology without a run; {arguments.figure} needs one: leave it out")
    _refuse_file(arguments.out)
    axes = FIGURES[arguments.figure](arguments)
    sim.plots.save(axes, arguments.out)
    if arguments.json:
        _print_json({"figure": arguments.figure, "file": str(arguments.out)})
    else:
        print(arguments.out)
    return FINE


def _plot_topology(arguments: Arguments) -> Any:
    plan = sim.compile(_topology(arguments), _one_deployment(arguments), equal_cores=arguments.equal_cores)
    return sim.plots.topology(plan, None if arguments.quick else _one_result(arguments))


def _plot_breakdown(arguments: Arguments) -> Any:
    one = len(arguments.deployment or ()) == 1
    return sim.plots.breakdown(
        [_one_result(arguments)] if one else list(_several(arguments).results.values()),
    )


FIGURES: dict[str, Callable[[Arguments], Any]] = {
    "latency": lambda arguments: sim.plots.latency(_one_result(arguments)),
    "comparison": lambda arguments: sim.plots.comparison(_several(arguments)),
    "timeline": lambda arguments: sim.plots.timeline(_one_result(arguments)),
    "utilisation": lambda arguments: sim.plots.utilisation(_one_result(arguments)),
    "breakdown": _plot_breakdown,
    "topology": _plot_topology,
}


# -- arguments


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="simulator",
        description="A discrete-event simulator of microservice topologies: split it, or keep the monolith?",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="""\
example: simulator compare topologies/checkout.yaml

Each command has its own --help, with examples.
Exit codes: 0 fine, 1 an objective of the file is missed, 2 wrong use or a wrong file,
130 interrupted.""",
    )
    parser.add_argument("--version", action="version", version=f"simulator {sim.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _command(
        commands, check, "what theory says before any run: loads, bottleneck, bounds, warnings",
        "simulator check topologies/checkout.yaml",
        "simulator check topologies/checkout.yaml -d monolith --set workload.shoppers.rate=300/s",
    )  # fmt: skip
    _topology_arguments(command, "all there are", many=True)
    command = _command(
        commands, explain, "what the simulator understood: the plan, as a disassembly",
        "simulator explain topologies/checkout.yaml -d monolith",
    )  # fmt: skip
    _topology_arguments(command, "microservices", many=True)
    _equal_cores(command)
    command = _command(
        commands, simulate, "simulate one deployment",
        "simulator simulate topologies/checkout.yaml",
        "simulator simulate topologies/checkout.yaml -d monolith --set workload.shoppers.rate=150/s",
        "simulator simulate topologies/checkout.yaml --set services.payment.replicas=4 --out out/four",
    )  # fmt: skip
    _topology_arguments(command, "microservices")
    _run_arguments(command, "save the result there: JSON and Parquet")
    command = _command(
        commands, compare, "the same requests through several deployments, and what differs",
        "simulator compare topologies/checkout.yaml",
        "simulator compare topologies/checkout.yaml --equal-cores --duration 5m",
        "simulator compare topologies/checkout.yaml -d monolith -d microservices --json",
    )  # fmt: skip
    _topology_arguments(command, "microservices and monolith; the first is the baseline", many=True)
    _run_arguments(command, "save the results there, each in a folder of its own: JSON and Parquet")
    command = _command(
        commands, plot, "draw a figure into a PNG or SVG file",
        "simulator plot comparison topologies/checkout.yaml -o comparison.png",
        "simulator plot latency topologies/checkout.yaml -d monolith -o latency.svg",
        "simulator plot topology topologies/checkout.yaml --quick -o topology.svg",
    )  # fmt: skip
    command.add_argument("figure", metavar="FIGURE", choices=sorted(FIGURES), help=f"one of {', '.join(FIGURES)}")
    _topology_arguments(command, "microservices, and monolith for comparison and breakdown", many=True)
    _settings_arguments(command)
    _equal_cores(command)
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="where to: .png or .svg")
    command.add_argument("--quick", action="store_true", help="topology: draw the plan alone, without a run")
    command = _command(
        commands, schema, "the JSON Schema of the topology file, for completion and checks in an editor",
        "simulator schema > topology.schema.json",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="changes nothing: the schema is JSON")
    return parser


def _command(commands: Any, run: Callable[[Arguments], int], text: str, *examples: str) -> argparse.ArgumentParser:
    head = "example:" if len(examples) == 1 else "examples:"
    command: argparse.ArgumentParser = commands.add_parser(
        run.__name__, help=text, description=textwrap.fill(text[0].upper() + text[1:] + ".", 90),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join([head, *(f"  {example}" for example in examples)]),
    )  # fmt: skip
    command.set_defaults(run=run)
    return command


def _topology_arguments(command: argparse.ArgumentParser, default: str, *, many: bool = False) -> None:
    command.add_argument("topology", metavar="TOPOLOGY", help="a topology file (YAML)")
    command.add_argument(
        "-d", "--deployment", action="append", metavar="NAME",
        help="microservices, monolith, or one of the file's own" + (" (may be repeated)" if many else "")
        + f"; default: {default}",
    )  # fmt: skip
    command.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="changes",
        help="change a value of the file by its path, for example services.payment.replicas=4 or "
        "services.order.endpoints.place.steps[0].cpu=5ms (may be repeated)",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="print JSON alone on the standard output")


def _run_arguments(command: argparse.ArgumentParser, out: str) -> None:
    _settings_arguments(command)
    _equal_cores(command)
    command.add_argument(
        "--detail", choices=("summary", "requests", "attempts"), default="requests",
        help="what to record: no requests, one row each (default), or one row for each try at a call too",
    )  # fmt: skip
    command.add_argument("--out", type=Path, metavar="FOLDER", help=out)


def _settings_arguments(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("instead of the file's simulation")
    group.add_argument("--seed", type=int, metavar="N", help="what the randomness starts from: the same gives the same")
    group.add_argument("--replications", type=int, metavar="N", help="independent runs, which the intervals are over")
    group.add_argument("--duration", metavar="TIME", help="length of a run, for example 10m")
    group.add_argument("--warmup", metavar="TIME", help="discarded start of a run, for example 1m, or auto")
    group.add_argument("--confidence", metavar="PERCENT", help="of the intervals, for example 95%%")
    command.add_argument(
        "--engine", choices=("auto", "reference", "compiled"), default="auto",
        help="what runs it; default: auto, the fastest that can",
    )  # fmt: skip


def _equal_cores(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--equal-cores", action="store_true", help="give merged units the cores that their services have on their own"
    )


# -- what commands share


def _topology(arguments: Arguments) -> sim.Topology:
    topology = sim.load(arguments.topology)
    changes = {}
    for change in arguments.changes:
        path, equals, value = change.partition("=")
        if not equals or not path:
            raise sim.TopologyError(f"--set {change}: expected PATH=VALUE, for example services.payment.replicas=4")
        changes[path] = value
    return topology.replace(changes) if changes else topology


def _one_deployment(arguments: Arguments) -> str:
    names: list[str] = arguments.deployment or ["microservices"]
    if len(names) > 1:
        raise sim.SimulatorError(
            f"-d is given {len(names)} times ({', '.join(names)}), but this is of one deployment: "
            "give one, or use `simulator compare`"
        )
    return names[0]


def _one_result(arguments: Arguments, **more: Any) -> sim.Results:
    name, topology = _one_deployment(arguments), _topology(arguments)

    def run(progress: Progress) -> sim.Results:
        return sim.simulate(topology, name, progress=progress, **_settings(arguments), **more)

    return _with_progress(run)


def _several(arguments: Arguments, **more: Any) -> sim.Comparison:
    names, topology = arguments.deployment or ["microservices", "monolith"], _topology(arguments)

    def run(progress: Progress) -> sim.Comparison:
        return sim.compare(topology, names, progress=progress, **_settings(arguments), **more)

    return _with_progress(run)


def _finish(arguments: Arguments, made: sim.Results | sim.Comparison) -> int:
    """Save and show what was made. What cannot be saved is shown all the same: the run may have been long."""
    unsaved: sim.SimulatorError | None = None
    if arguments.out:
        try:
            made.save(arguments.out)
        except sim.SimulatorError as error:
            unsaved = error
    _show(arguments, made)
    if unsaved:
        raise unsaved
    results = made.results.values() if isinstance(made, sim.Comparison) else [made]
    if any(one.provenance["replications"] < one.provenance["replications_requested"] for one in results):
        return INTERRUPTED
    return FINE if made.met else MISSED


def _refuse_folder(folder: Path, results: Sequence[Path]) -> None:
    """Say before a long run, rather than after it, that its result cannot be saved there."""
    if folder.exists() and not folder.is_dir():
        raise sim.ResultError(f"{folder} is a file: name a folder to save the result in")
    for one in filter(Path.exists, results):
        if not one.is_dir() or (any(one.iterdir()) and not (one / HEAD).is_file()):
            raise sim.ResultError(f"{folder} holds something that is not a saved result: name another folder")
    _refuse_parent(folder)


def _refuse_file(file: Path) -> None:
    if file.suffix.lower() not in (".png", ".svg"):
        raise sim.ResultError(f"cannot save a figure as {file}: its name has to end with .png or .svg")
    if file.is_dir():
        raise sim.ResultError(f"{file} is a folder: name a file to draw into")
    if not file.parent.is_dir():
        raise sim.ResultError(f"cannot write {file}: there is no folder {file.parent}")
    _refuse_parent(file)


def _refuse_parent(target: Path) -> None:
    parent = next((one for one in target.absolute().parents if one.exists()), Path("/"))
    if not parent.is_dir():
        raise sim.ResultError(f"cannot write {target}: {parent} is not a folder")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise sim.ResultError(f"cannot write {target}: the folder {parent} may not be written to")


def _settings(arguments: Arguments) -> dict[str, Any]:
    names = ("seed", "replications", "duration", "warmup", "confidence", "engine", "equal_cores")
    return {name: getattr(arguments, name) for name in names}


def _with_progress(work: Callable[[Progress], Made]) -> Made:
    """Do the work with a bar on the standard error, if a person is there to see it."""
    if sys.stderr is None or not sys.stderr.isatty():
        return work(lambda done, total: None)
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("replications"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("left"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))


def _show(arguments: Arguments, thing: Any) -> None:
    if arguments.json:
        _print_json(thing.to_dict())
    else:
        print(thing)


def _print_json(content: Any) -> None:
    print(json.dumps(_plain(content), indent=2, allow_nan=False))


def _plain(content: Any) -> Any:
    """JSON has neither infinity nor NaN."""
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if isinstance(content, float) and content - content != 0.0:
        return None
    return content


if __name__ == "__main__":
    sys.exit(main())
