"""The command `sweep`: one topology at many points."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import simulator as sim

from ..files import replaced
from .common import (
    FINE,
    INTERRUPTED,
    MISSED,
    Arguments,
    add_command,
    completes_files,
    equal_cores_argument,
    outside_argument,
    print_json,
    read_topology,
    require_writable,
    settings_arguments,
    settings_of,
    window,
)
from .sweeptable import render
from .telling import Progress, with_progress

if TYPE_CHECKING:
    import pandas as pd

MOST_QUIET = 60
"""Runs that begin without a word of how many there are."""
EXIT_CODES = """\
exit code:
  0 every point was run, whether it meets an objective or not; 1 a point failed (with --shard 0:
  it would fail again); 2 wrong use or a wrong file; 130 interrupted"""


def add(commands: Any) -> None:
    """Add the command to the command line."""
    command = add_command(
        commands, sweep, "one topology at many points: what varies, and how",
        "simulator sweep topologies/checkout.yaml --axis workload.shoppers.rate=50/s:200/s:50/s --csv s.csv",
        "simulator sweep shop.yaml --axis services.payment.replicas=2,3,4 -d microservices -d monolith",
        "simulator sweep shop.yaml --axis workload.rate=50/s..200/s:log --design latin --samples 64",
        "simulator sweep --file sweep.yaml --store runs/ --shard auto",
        "simulator sweep --collect runs/ --parquet sweep.parquet",
    )  # fmt: skip
    command.epilog = f"{command.epilog}\n\n{EXIT_CODES}"
    completes_files(
        command.add_argument(
            "topology", metavar="TOPOLOGY", nargs="?", default=argparse.SUPPRESS, help="a topology file (YAML)"
        )
    )
    _point_arguments(command)
    settings_arguments(command)
    equal_cores_argument(command)
    _work_arguments(command)
    _table_arguments(command)


def _point_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--file", type=Path, metavar="SWEEP", help="a sweep file (YAML) instead, with the keys topology, axes, design, "
        "samples, designSeed, deployments, equalCores, simulation; --axis adds axes to it, other arguments go first",
    )  # fmt: skip
    command.add_argument(
        "--axis", action="append", default=[], metavar="PATH=VALUES", dest="axes",
        help="what varies (may be repeated): values as 1,2,4 or from:to:step, ends included, as 50/s:400/s:50/s; for a "
        "design that samples also a span as 1ms..50ms, 1ms..50ms:log or 1..8:integer. PATH is as in --set, or "
        "deployment, or seed",
    )  # fmt: skip
    command.add_argument(
        "--design", choices=("grid", "zip", "random", "latin", "lhs", "sobol"),
        help="grid (default): all combinations; zip: the values side by side; the others choose --samples points",
    )  # fmt: skip
    command.add_argument("--samples", type=int, metavar="N", help="points of a design that samples")
    command.add_argument("--design-seed", type=int, metavar="N", help="what such a design starts from; default: 0")
    command.add_argument(
        "-d", "--deployment", action="append", metavar="NAME",
        help="each point is simulated as this deployment (may be repeated); default: microservices",
    )  # fmt: skip
    command.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="changes",
        help="change a value of the topology at all points (may be repeated)",
    )  # fmt: skip
    outside_argument(command)


def _work_arguments(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("where it is computed and kept")
    group.add_argument("--store", type=Path, metavar="FOLDER", help="keep every finished run there, and reuse those")
    group.add_argument(
        "--shard", metavar="I/N",
        help="compute only every N-th point, beginning with I (from 0), into the store; auto: what the array job of "
        "Kubernetes or Slurm says",
    )  # fmt: skip
    group.add_argument("--dask", metavar="ADDRESS", help="compute on the workers of a Dask scheduler: tcp://host:8786")
    group.add_argument("--collect", type=Path, metavar="FOLDER", help="compute nothing: the table of what a store has")


def _table_arguments(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("the table")
    group.add_argument("--runs", action="store_true", help="one row a replication, without intervals")
    group.add_argument("--csv", type=Path, metavar="FILE", help="write the whole table as CSV")
    group.add_argument("--parquet", type=Path, metavar="FILE", help="write the whole table as Parquet")
    group.add_argument("--json", action="store_true", help="print JSON alone on the standard output")


def sweep(arguments: Arguments) -> int:
    """Simulate at every point; exit code 1 if one of them failed, but 0 of a shard."""
    for file, ending in ((arguments.csv, ".csv"), (arguments.parquet, ".parquet")):
        if file is not None:
            _refuse_ending(file, ending)
            require_writable(file)
    if arguments.parquet is not None and find_spec("pyarrow") is None:
        raise sim.ResultError(
            f"--parquet {arguments.parquet} needs pyarrow: pip install 'microservice-topology-simulator[parquet]', or "
            "take --csv"
        )
    table = sim.collect(arguments.collect, runs=arguments.runs) if _collects(arguments) else _simulate(arguments)
    counts, table.attrs = dict(table.attrs), {}  # how it was computed is no part of a file
    written = counts.pop("written", {})
    unwritten = _write(table, arguments)
    if changed := counts.pop("changed", ()):
        _tell(f"changed since they were written, and not used: {'; '.join(changed[:5])}"
              + (f"; and {len(changed) - 5} more lines" if len(changed) > 5 else ""))  # fmt: skip
    if counts:
        shared = f"; rows that share one of these runs: {counts['shared']}" if counts["shared"] else ""
        left = f"; interrupted, {counts['missing']} missing" if counts["missing"] else ""
        _tell(f"computed {counts['computed']}, reused {counts['reused']}{shared}{left}")
    if arguments.json:
        print_json({**counts, "rows": table})
    else:
        print(render(table, written, window()))
    if unwritten:
        raise unwritten
    if counts.get("missing"):
        return INTERRUPTED
    # A point that fails fails again: an array job is not to try its share once more. Whoever merges sees it.
    return FINE if arguments.shard or (len(table) and (table["status"] == "ok").all()) else MISSED


def _refuse_ending(file: Path, ending: str) -> None:
    """A name that promises another format; one without an ending promises none."""
    if file.suffix.lower() not in ("", ending):
        raise sim.ResultError(f"--{ending[1:]} {file}: the name of this file has to end with {ending}")


def _write(table: pd.DataFrame, arguments: Arguments) -> sim.ResultError | None:
    """Write the files. What cannot be written is shown all the same: the sweep may have been long."""
    unwritten = None
    for file, write in ((arguments.csv, table.to_csv), (arguments.parquet, table.to_parquet)):
        if file is not None:
            try:
                with replaced(file) as new:
                    write(new, index=False)
            except OSError as error:
                unwritten = sim.ResultError(f"cannot write {file}: {error.strerror or error}: name another file")
    return unwritten


def _tell(text: str) -> None:
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _collects(arguments: Arguments) -> bool:
    if arguments.collect is None:
        return False
    if hasattr(arguments, "topology") or arguments.file or arguments.axes or arguments.store or arguments.shard:
        raise sim.SimulatorError(
            "--collect computes nothing: leave out the topology, the axes, the store and the shard"
        )
    return True


def _simulate(arguments: Arguments) -> pd.DataFrame:
    topology: Any = arguments.file
    if topology is not None and (hasattr(arguments, "topology") or arguments.changes):
        raise sim.SimulatorError("--file names the topology: leave out TOPOLOGY and --set, and say it in the file")
    if topology is None:
        if not hasattr(arguments, "topology"):
            raise sim.SimulatorError("name a topology file and its axes, or a sweep file with --file")
        topology = read_topology(arguments)
    from ..spec.sweepfile import read_axis

    axes = _axes(arguments.axes)
    if not axes and arguments.file is None:
        raise sim.SimulatorError(
            "a sweep needs axes: paths and their values, such as --axis services.payment.replicas=1,2,4"
        )
    for path, values in axes.items():
        read_axis(values, path)  # here, before what computes is loaded
    size: list[str] = []

    def run(bar: Progress) -> pd.DataFrame:
        def progress(done: float, total: int) -> None:
            if size and total > MOST_QUIET:
                _tell(f"{size.pop()}; Ctrl-C keeps what is finished")
            bar(done, total)

        return sim.sweep(
            topology, axes or None, deployments=arguments.deployment, design=arguments.design,
            samples=arguments.samples, design_seed=arguments.design_seed, store=arguments.store,
            address=arguments.dask, shard=arguments.shard, runs=arguments.runs, progress=progress, notify=size.append,
            **settings_of(arguments),
        )  # fmt: skip

    return with_progress(run, "runs")


def _axes(texts: Sequence[str]) -> dict[str, str]:
    axes: dict[str, str] = {}
    for text in texts:
        path, equals, values = text.partition("=")
        if not equals or not path or not values:
            raise sim.TopologyError(f"--axis {text}: expected PATH=VALUES, for example services.payment.replicas=1,2,4")
        if path in axes:
            raise sim.TopologyError(f"--axis {path} is given twice: list its values in one")
        axes[path] = values
    return axes
