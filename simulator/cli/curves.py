"""Figures that take many runs: load curves, core curves, scaling and break-even, with what they found in words."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import simulator as sim

from .common import Arguments, read_topology, settings_of, show
from .telling import with_progress

BOTH = ("microservices", "monolith")


def add(command: argparse.ArgumentParser) -> None:
    """What these figures take besides the others' arguments."""
    group = command.add_argument_group(
        f"for {', '.join(CURVES)}",
        "Exit code 0 once it is drawn, also if objectives are missed: figure,\n"
        "text and `met` in --json say so; `simulator capacity` exits with 1.",
    )
    group.add_argument(
        "--load", action="append", metavar="N,N", dest="loads",
        help="scaling, load-curve: factors of the file's traffic such as 0.5,1,2, or arrival rates such as 50/s,100/s",
    )  # fmt: skip
    group.add_argument(
        "--way", action="append", metavar="NAME", dest="ways",
        help="core-curve: what grows, a service, a deployment or bottleneck (may be repeated); default: bottleneck, "
        "microservices and monolith",
    )  # fmt: skip
    group.add_argument(
        "--axis", action="append", metavar="PATH=VALUES", dest="axes",
        help="break-even, twice: a value of the file by its path, and what to put there, for example "
        "network.latency=0ms,1ms or workload.shoppers.rate=50/s:200/s:50/s (workload.rate, if it has no name)",
    )  # fmt: skip


def refuse_others(arguments: Arguments) -> None:
    """Refuse arguments that would not act, before anything is loaded that computes or draws.

    Raises
    ------
    SimulatorError
        If there are some.
    """
    figure = arguments.figure
    for name, values, those in (
        ("--load", arguments.loads, ("scaling", "load-curve")),
        ("--way", arguments.ways, ("core-curve",)),
        ("--axis", arguments.axes, ("break-even",)),
        (
            "--equal-cores",
            arguments.equal_cores or None,
            ("load-curve", *_others(arguments, "drill")),
        ),
        ("-d", arguments.deployment, ("scaling", "load-curve", "break-even", *_others(arguments))),
    ):
        if values and figure not in those:
            raise sim.SimulatorError(f"{name} does not act on {figure}, but on {' and '.join(those)}: leave it out")


def make_curve(arguments: Arguments) -> Any:
    """What the figure is of; None where it is of a run or two."""
    figure = arguments.figure
    if figure not in CURVES:
        return None
    topology, more = read_topology(arguments), settings_of(arguments)
    if figure != "load-curve":
        del more["equal_cores"]
    make, _, counted = CURVES[figure]
    return with_progress(lambda progress: make(arguments, topology, {**more, "progress": progress}), counted)


def draw_curve(arguments: Arguments, curve: Any) -> Any:
    """The axes of its figure."""
    return CURVES[arguments.figure][1](curve)


def show_curve(arguments: Arguments, curve: Any) -> None:
    """What it found; its warnings are said elsewhere, as those of every figure."""
    show(arguments, replace(curve.answer(), warnings=()))


def _others(arguments: Arguments, *besides: str) -> tuple[str, ...]:
    """The figure itself, where it is none of these, nor of those besides."""
    return () if arguments.figure in (*CURVES, *besides) else (arguments.figure,)


def _loads(arguments: Arguments) -> list[float | str] | None:
    """Words of all `--load`, a number where it is one; what they mean is not for the command line to say."""
    words = [word.strip() for text in arguments.loads or () for word in text.split(",")]
    return [_number(word) for word in words] or None


def _number(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word


def _axes(arguments: Arguments) -> dict[str, str]:
    axes: dict[str, str] = {}
    for text in arguments.axes or ():
        path, equals, values = text.partition("=")
        if not equals or not path or not values:
            raise sim.TopologyError(f"--axis {text}: expected PATH=VALUES, for example network.latency=0ms,1ms")
        if path in axes:
            raise sim.TopologyError(f"--axis {path} is given twice: list its values in one")
        axes[path] = values
    return axes


def _load_curve(arguments: Arguments, topology: sim.Topology, more: dict[str, Any]) -> Any:
    return sim.load_curve(topology, _loads(arguments), arguments.deployment or BOTH, **more)


def _core_curve(arguments: Arguments, topology: sim.Topology, more: dict[str, Any]) -> Any:
    return sim.core_curve(topology, arguments.ways or ("bottleneck", *BOTH), **more)


def _scaling(arguments: Arguments, topology: sim.Topology, more: dict[str, Any]) -> Any:
    return sim.scaling_curve(topology, _loads(arguments), arguments.deployment or BOTH, **more)


def _break_even(arguments: Arguments, topology: sim.Topology, more: dict[str, Any]) -> Any:
    return sim.break_even(topology, _axes(arguments), arguments.deployment or BOTH, **more)


CURVES: dict[str, tuple[Callable[[Arguments, sim.Topology, dict[str, Any]], Any], Callable[[Any], Any], str]] = {
    "scaling": (_scaling, lambda curve: sim.plots.scaling(curve), "sizings"),
    "load-curve": (_load_curve, lambda curve: sim.plots.load_curve(curve), "replications"),
    "core-curve": (_core_curve, lambda curve: sim.plots.core_curve(curve), "replications"),
    "break-even": (_break_even, lambda curve: sim.plots.break_even(curve), "sizings"),
}
"""By figure: what makes the curve, what draws it, and what its progress counts."""
