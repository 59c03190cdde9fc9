"""The command `sweep`: one topology at many points."""

from __future__ import annotations

import argparse
import math
import re
import sys
import textwrap
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
    WIDTH,
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
)
from .telling import Progress, with_progress

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 60
"""Rows that are shown; files have them all."""
MOST_QUIET = 60
"""Runs that begin without a word of how many there are."""
LONGEST = (30, 24, 18, 12, 8)
"""Letters of a cell of text: fewer, if there are many axes."""
ROOM = 30
"""Columns that are left to numbers."""
QUANTITIES = (
    ("goodput_per_s", "goodput/s", 1.0),
    ("latency_p99_s", "p99 ms", 1000.0),
    ("availability_ratio", "served %", 100.0),
    ("latency_mean_s", "mean ms", 1000.0),
    ("cost_per_hour", "cost/h", 1.0),
)
"""What is shown while there is room: column, its head and factor."""
DROPPED = ("mean ms", "cost/h", "goodput/s", "p99 ms", "served %")
"""What is left out where there is no room, the first one first."""
OVERLOAD = re.compile("is unstable: |is saturated: |: offered load ")
"""What a warning of a point says that is asked for more than it can do."""
FEW = re.compile(r"(?:; )?fewer than [0-9]+ of [0-9,]+ requests? lie beyond ([^:;]*): \S+ needs [0-9,]+ requests?")
"""What nearly every short run is warned of."""
LONG_QUANTITY = re.compile(r"([0-9]+\.[0-9]{3,})([A-Za-z%/]*)")
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
    unwritten = _write(table, arguments)
    if changed := counts.pop("changed", ()):
        _tell(f"changed since they were written, and not used: {'; '.join(changed[:5])}"
              + (f"; and {len(changed) - 5} more lines" if len(changed) > 5 else ""))  # fmt: skip
    if counts:
        shared = f"; rows that share one of these runs: {counts['shared']}" if counts["shared"] else ""
        left = f"; interrupted, {counts['missing']} missing" if counts["missing"] else ""
        _tell(f"computed {counts['computed']}, reused {counts['reused']}{shared}{left}")
    if arguments.json:
        print_json({**counts, "rows": table.to_dict(orient="records")})
    else:
        print(render(table))
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
    axes = _axes(arguments.axes)
    if not axes and arguments.file is None:
        raise sim.SimulatorError(
            "a sweep needs axes: paths and their values, such as --axis services.payment.replicas=1,2,4"
        )
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


# -- text


def render(table: pd.DataFrame) -> str:
    """The table within the width of a terminal, and what is to be said of it."""
    shown = table.head(MOST_ROWS)
    leading = list(table.columns[: list(table.columns).index("requests")])
    texts = [[name, *map(_cell, shown[name])] for name in leading]
    tried = ([[_short(text, longest) for text in column] for column in texts] for longest in LONGEST)
    columns = next((one for one in tried if _width(one) <= WIDTH - ROOM), None)
    if columns is None:
        columns = [[_short(text, LONGEST[-1]) for text in column] for column in texts]
    if (table["status"] == "failed").any():
        columns.append(["status", *shown["status"]])
    if "met" in table and not table["met"].all():
        columns.append(["met", *("-" if state == "failed" else "yes" if met else "no"
                                 for met, state in zip(shown["met"], shown["status"], strict=True))])  # fmt: skip
    if (overloaded := _overloaded(table)).any():
        columns.append(["overload", *("yes" if one else "" for one in overloaded[: len(shown)])])
    columns, left_out = _fitting(columns, _quantities(table, shown))
    lines = [line[:WIDTH].rstrip() for line in _lines(columns, len(leading))]
    if len(table) > len(shown):
        more = len(table) - len(shown)
        lines.append(f"... and {more} more {'row' if more == 1 else 'rows'}: --csv or --parquet have all of them")
    if left_out:
        lines += ["", f"no room for {', '.join(left_out)}: --csv has all columns"]
    return "\n".join([*lines, *_remarks(table)])


def _quantities(table: pd.DataFrame, shown: pd.DataFrame) -> list[list[str]]:
    """What is shown, of the quantities that there are."""
    return [
        [head, *_numbers(shown, name, factor)] for name, head, factor in QUANTITIES if table[name].notna().any()
    ]  # fmt: skip


def _fitting(columns: list[list[str]], quantities: list[list[str]]) -> tuple[list[list[str]], list[str]]:
    """The columns and as many of the quantities as fit, and the heads of the others."""
    left_out: list[str] = []
    for head in DROPPED:
        if _width([*columns, *quantities]) <= WIDTH:
            break
        if head in [column[0] for column in quantities]:
            quantities = [column for column in quantities if column[0] != head]
            left_out.append(head)
    return [*columns, *quantities], left_out


def _numbers(table: pd.DataFrame, name: str, factor: float) -> list[str]:
    half_width = f"{name}_half_width"
    widths = table[half_width] if half_width in table else [float("nan")] * len(table)
    return [
        "-"
        if value != value
        else _digits(value * factor, 4) + ("" if wide != wide else f" ± {_digits(wide * factor, 2)}")
        for value, wide in zip(table[name], widths, strict=True)
    ]


def _digits(value: float, number: int) -> str:
    """So many digits that matter, in full where that is short."""
    if value == 0.0 or not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{number}g}"
    return f"{value:.{max(0, number - 1 - math.floor(math.log10(abs(value))))}f}"


def _cell(value: Any) -> str:
    if isinstance(value, str) and (match := LONG_QUANTITY.fullmatch(value)):  # one that a design has chosen
        return f"{float(match[1]):.6g}{match[2]}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _overloaded(table: pd.DataFrame) -> pd.Series[bool]:
    return table["warnings"].str.contains(OVERLOAD)


def _short(text: str, longest: int) -> str:
    """The end of a path tells more than its beginning."""
    return text if len(text) <= longest else f"…{text[1 - longest :]}"


def _width(columns: list[list[str]]) -> int:
    return sum(max(map(len, column)) for column in columns) + 2 * (len(columns) - 1)


def _lines(columns: list[list[str]], texts: int) -> list[str]:
    widths = [max(map(len, column)) for column in columns]
    aligned = [
        [cell.ljust(width) if number < texts else cell.rjust(width) for cell in column]
        for number, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return ["  ".join(row) for row in zip(*aligned, strict=True)]


def _remarks(table: pd.DataFrame) -> list[str]:
    """Why rows have failed, each reason once, and how many rows warn of what; the commonest warning in one line."""
    remarks: list[str] = []

    def say(text: str) -> None:
        remarks.extend(textwrap.wrap(text, WIDTH, subsequent_indent="  "))

    failed = table.loc[table["status"] == "failed", "reason"]
    for reason, number in failed.value_counts(sort=False).items():
        rows = "1 row" if number == 1 else f"{number} rows"
        say(f"failed ({rows}): {' '.join(str(reason).split())}")
    if number := int(_overloaded(table).sum()):
        say(f"{number} of {len(table)} rows are overloaded: their latencies depend on how long the run is")
    warned = [text for text in (FEW.sub("", text).removeprefix("; ") for text in table["warnings"]) if text]
    if warned:
        first = warned[0].partition("; ")[0]
        say(f"{len(warned)} of {len(table)} rows have warnings (column `warnings`), the first: {first}")
    few = [match[1] for text in table["warnings"] if (match := FEW.search(text))]
    if few:
        say(f"{max(few, key=len)}: few requests lie beyond in {len(few)} of {len(table)} rows; a longer run has more")
    return ["", *remarks] if remarks else []
