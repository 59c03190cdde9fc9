"""The commands before the first run: `init` and `examples` for a topology of one's own, `warm` for an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import simulator as sim

from ..files import replaced
from .common import FINE, Arguments, add_command, print_json, require_writable, with_progress


def add(commands: Any) -> None:
    """Add the commands."""
    command = add_command(
        commands, init, "write a sample topology as a file of your own, to begin with",
        "simulator init",
        "simulator init retry-storm --out storm.yaml",
    )  # fmt: skip
    command.add_argument(
        "name", metavar="NAME", nargs="?", default="checkout", help="one of `simulator examples`; default: checkout"
    )
    command.add_argument("-o", "--out", type=Path, metavar="FILE", help="where to; default: NAME.yaml")
    _json(command)
    command = add_command(
        commands, examples, "the sample topologies, each with the question that it answers", "simulator examples"
    )
    _json(command)
    command = add_command(
        commands, warm, "compile the fast engine ahead, for an image: all that a run may need, CONSISTENT_HASH too",
        "simulator warm",
        "SIMULATOR_CACHE_DIR=/opt/simulator-cache simulator warm",
    )  # fmt: skip
    _json(command)


def _json(command: Any) -> None:
    command.add_argument("--json", action="store_true", help="print JSON alone on the standard output")


def init(arguments: Arguments) -> int:
    """Write a sample, where nothing is yet."""
    text = sim.example(arguments.name)
    file: Path = arguments.out or Path(f"{arguments.name.removesuffix('.yaml')}.yaml")
    if file.exists():
        raise sim.SimulatorError(f"{file} is there already, and is left as it is: name another file with --out")
    require_writable(file)
    with replaced(file) as new:
        new.write_text(text, encoding="utf-8")
    if arguments.json:
        print_json({"file": str(file)})
    else:
        print(f"{file}: {sim.examples()[arguments.name.removesuffix('.yaml')]}\nNext: simulator compare {file}")
    return FINE


def examples(arguments: Arguments) -> int:
    """List the samples."""
    found = sim.examples()
    if arguments.json:
        print_json(found)
    else:
        width = max(map(len, found))
        print(*(f"{name:{width}}  {question}" for name, question in found.items()), sep="\n")
        print("\nsimulator init NAME writes one as a file of your own.")
    return FINE


def warm(arguments: Arguments) -> int:
    """Compile all machine code."""
    folder = with_progress(lambda progress: sim.warm(progress=progress), "functions")
    if arguments.json:
        print_json({"folder": str(folder)})
    else:
        print(f"Everything is compiled for this machine, and kept in {folder}.")
    return FINE
