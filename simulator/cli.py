"""The commands: they read arguments, call the public list of `simulator`, and print."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import simulator as sim

Arguments = argparse.Namespace

FINE, MISSED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: fine; an objective is missed; wrong use or a wrong file; Ctrl-C before anything was finished."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 fine, 1 an objective missed, 2 wrong use or a wrong file."""
    arguments = make_parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except sim.SimulatorError as error:
        print(error, file=sys.stderr)
        return WRONG
    except BrokenPipeError:
        # The reader of a pipe has had enough: nothing is wrong, and nothing more can be said.
        sys.stderr.close()
        return FINE
    except KeyboardInterrupt:
        print("interrupted before the first replication was finished: nothing to show", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        print(f"cannot write: {error}", file=sys.stderr)
        return WRONG
    return code


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
    result = _with_progress(
        arguments, lambda progress: sim.simulate(
            _topology(arguments), (arguments.deployment or ["microservices"])[0], equal_cores=arguments.equal_cores,
            detail=arguments.detail, progress=progress, **_settings(arguments),
        )
    )  # fmt: skip
    if arguments.out:
        result.save(arguments.out)
    _show(arguments, result)
    return FINE if result.met else MISSED


def compare(arguments: Arguments) -> int:
    """Compare deployments on the same requests; exit code 1 if one of them misses an objective."""
    names = arguments.deployment or ["microservices", "monolith"]
    comparison = _with_progress(
        arguments, lambda progress: sim.compare(
            _topology(arguments), names, equal_cores=arguments.equal_cores, detail=arguments.detail,
            progress=progress, **_settings(arguments),
        )
    )  # fmt: skip
    if arguments.out:
        comparison.save(arguments.out)
    _show(arguments, comparison)
    return FINE if comparison.met else MISSED


def schema(arguments: Arguments) -> int:
    """Print the JSON Schema of the topology file."""
    _print_json(sim.json_schema())
    return FINE


def plot(arguments: Arguments) -> int:
    """Draw a figure into a PNG or SVG file."""
    draw = FIGURES[arguments.figure]
    axes = draw(arguments)
    sim.plots.save(axes, arguments.out)
    if arguments.json:
        _print_json({"figure": arguments.figure, "file": str(arguments.out)})
    else:
        print(arguments.out)
    return FINE


def _plot_topology(arguments: Arguments) -> Any:
    name = (arguments.deployment or ["microservices"])[0]
    plan = sim.compile(_topology(arguments), name, equal_cores=arguments.equal_cores)
    return sim.plots.topology(plan, None if arguments.quick else _one_result(arguments))


def _one_result(arguments: Arguments) -> Any:
    name = (arguments.deployment or ["microservices"])[0]
    return _with_progress(
        arguments, lambda progress: sim.simulate(
            _topology(arguments), name, equal_cores=arguments.equal_cores, progress=progress, **_settings(arguments)
        )
    )  # fmt: skip


def _several(arguments: Arguments) -> Any:
    return _with_progress(
        arguments, lambda progress: sim.compare(
            _topology(arguments), arguments.deployment or ["microservices", "monolith"],
            equal_cores=arguments.equal_cores, progress=progress, **_settings(arguments),
        )
    )  # fmt: skip


FIGURES: dict[str, Callable[[Arguments], Any]] = {
    "latency": lambda arguments: sim.plots.latency(_one_result(arguments)),
    "comparison": lambda arguments: sim.plots.comparison(_several(arguments)),
    "timeline": lambda arguments: sim.plots.timeline(_one_result(arguments)),
    "utilisation": lambda arguments: sim.plots.utilisation(_one_result(arguments)),
    "breakdown": lambda arguments: sim.plots.breakdown(list(_several(arguments).results.values())),
    "topology": _plot_topology,
}


# -- arguments


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="simulator",
        description="A discrete-event simulator of microservice topologies: split it, or keep the monolith?",
        epilog="example: simulator compare topologies/checkout.yaml",
    )
    parser.add_argument("--version", action="version", version=f"simulator {sim.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _command(commands, check, "what theory says before any run: loads, bottleneck, bounds, warnings")
    _topology_arguments(command, many=True)
    command = _command(commands, explain, "what the simulator understood: the plan, as a disassembly")
    _topology_arguments(command, many=True)
    _equal_cores(command)
    command = _command(commands, simulate, "simulate one deployment", "--set workload.shoppers.rate=150/s")
    _topology_arguments(command)
    _run_arguments(command)
    command = _command(commands, compare, "the same requests through several deployments, and what differs")
    _topology_arguments(command, many=True)
    _run_arguments(command)
    command = _command(commands, plot, "draw a figure into a PNG or SVG file", before="latency", after="-o latency.png")
    command.add_argument("figure", choices=sorted(FIGURES), help="what to draw")
    _topology_arguments(command, many=True)
    _settings_arguments(command)
    _equal_cores(command)
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FILE", help="where to: .png or .svg")
    command.add_argument("--quick", action="store_true", help="topology: draw the plan alone, without a run")
    command = _command(commands, schema, "the JSON Schema of the topology file", topology=False)
    command.add_argument("--json", action="store_true", help="as it is: the schema is JSON")
    return parser


def _command(
    commands: Any,
    run: Callable[[Arguments], int],
    text: str,
    after: str = "",
    before: str = "",
    *,
    topology: bool = True,
) -> argparse.ArgumentParser:
    name = run.__name__
    words = ["simulator", name, before, "topologies/checkout.yaml" if topology else "", after]
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=textwrap.fill(text[0].upper() + text[1:] + ".", 90),
        epilog=f"example: {' '.join(filter(None, words))}",
    )  # fmt: skip
    command.set_defaults(run=run)
    return command


def _topology_arguments(command: argparse.ArgumentParser, *, many: bool = False) -> None:
    command.add_argument("topology", metavar="TOPOLOGY", help="a topology file (YAML)")
    command.add_argument(
        "-d", "--deployment", action="append", metavar="NAME",
        help="microservices, monolith, or one of the file's own" + (" (may be repeated)" if many else ""),
    )  # fmt: skip
    command.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="changes",
        help="change a value of the file, for example services.payment.replicas=4 (may be repeated)",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="print JSON alone on the standard output")


def _run_arguments(command: argparse.ArgumentParser) -> None:
    _settings_arguments(command)
    _equal_cores(command)
    command.add_argument(
        "--detail", choices=("summary", "requests", "attempts"), default="requests", help="how much to record"
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", help="save the results: JSON and Parquet")


def _settings_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--seed", type=int, help="what the randomness starts from")
    command.add_argument("--replications", type=int, metavar="N", help="independent runs")
    command.add_argument("--duration", metavar="TIME", help="length of a run, for example 10m")
    command.add_argument("--warmup", metavar="TIME", help="discarded start of a run, for example 1m, or auto")
    command.add_argument("--confidence", metavar="PERCENT", help="of the intervals, for example 95%%")
    command.add_argument(
        "--engine", choices=("auto", "reference", "compiled"), default="auto", help="what runs it (auto)"
    )


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


def _settings(arguments: Arguments) -> dict[str, Any]:
    names = ("seed", "replications", "duration", "warmup", "confidence", "engine")
    return {name: getattr(arguments, name) for name in names}


def _with_progress(arguments: Arguments, work: Callable[[Callable[[int, int], None]], Any]) -> Any:
    """Do the work with a bar on the standard error, if a person is there to see it."""
    if not sys.stderr.isatty():
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
