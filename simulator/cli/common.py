"""What commands share: their arguments, progress, and how they print, save and refuse."""

from __future__ import annotations

import argparse
import contextlib
import errno
import json
import os
import re
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import simulator as sim

from ..answers import WIDTH, Answer, plain, to_text
from ..machine import MEMORY_LIMIT, TIME_LIMIT, WORKERS, available_cores, memory_limit, time_limit
from .telling import Progress as Progress
from .telling import with_progress as with_progress

Arguments = argparse.Namespace

FINE, MISSED, WRONG, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: fine; an objective is missed; wrong use or a wrong file; Ctrl-C, also if something could be shown."""

NARROWEST, WIDEST = 60, 200
"""Columns of a window that are used."""

OPTION = re.compile("--[a-z][a-z-]*")
GUTTER = re.compile(r" *[0-9]+ \| ")
PARAMETER = re.compile(
    r"(?<![\w.`'\"-])(?:(?P<name>[a-z]+(?:_[a-z]+)*)=(?:\"(?P<text>[^\"]*)\"|(?P<value>-?\w+))?|(?P<word>[a-z]+(?:_[a-z]+)+))"
    r"(?=[\s,.:;)]|$)"
)
"""A parameter of a function as its messages name it: with an equals sign, or as a word that no sentence has."""
OTHERS = {"deployments": "deployment", "address": "dask"}
"""Parameters that the command line has under another name."""
WRITTEN = {"axes": "--axis", "deployment": "-d"}
"""Options that are not written as they are named inside."""
CHANGE_BOTH = "): change both"
"""The end of what is said of a warmup that is not shorter than the duration."""

LIMITS = (
    ("workers", "N", WORKERS, "runs at a time; default: as many as there are cores"),
    ("memory-limit", "SIZE", MEMORY_LIMIT, "what one run may take, for example 8Gi; default: a core's share of half"),
    ("time-limit", "TIME", TIME_LIMIT, "refuse what is expected to take longer, for example 100h; default: 24h"),
)
"""Options that are environment variables too."""
ALLOW_OUTSIDE = "SIMULATOR_ALLOW_OUTSIDE"
LIMIT_OF: dict[str, Callable[[], float]] = {
    WORKERS: available_cores, MEMORY_LIMIT: memory_limit, TIME_LIMIT: time_limit,
}  # fmt: skip

HEAD = "result.json"
"""What a folder with a saved result has."""


# -- arguments


def add_command(commands: Any, run: Callable[[Arguments], int], text: str, *examples: str) -> argparse.ArgumentParser:
    """A command named as the function that runs it, with what it does in a line, and examples."""
    head = "example:" if len(examples) == 1 else "examples:"
    command: argparse.ArgumentParser = commands.add_parser(
        run.__name__, help=text, description=textwrap.fill(text[0].upper() + text[1:] + ".", 90),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join([head, *(f"  {example}" for example in examples)]),
    )  # fmt: skip
    command.set_defaults(run=run)
    command.add_argument("-q", "--quiet", action="store_true", help="say nothing of what is going on")
    return command


def topology_arguments(
    command: argparse.ArgumentParser, default: str, *, many: bool = False, several: bool = False
) -> None:
    """Which topology and deployments, changed how; and `--json`."""
    number: dict[str, Any] = {"nargs": "+"} if several else {}
    text = "a topology file (YAML)" + ("; several are compared with each other, the first is the baseline" * several)
    completes_files(command.add_argument("topology", metavar="TOPOLOGY", help=text, **number))
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
    outside_argument(command)
    command.add_argument("--json", action="store_true", help="print JSON alone on the standard output")


def completes_files(action: argparse.Action) -> None:
    """Let a shell complete the names of files there (as `shtab.FILE`, which is not imported for each command)."""
    vars(action)["complete"] = {"bash": "_shtab_compgen_files", "zsh": "_files", "tcsh": "f"}


def outside_argument(command: argparse.ArgumentParser) -> None:
    """Whether a topology may name any file that this user may read."""
    command.add_argument(
        "--allow-outside", action="store_true",
        help=f"let the topology name files outside of its own folder ({ALLOW_OUTSIDE})",
    )  # fmt: skip


def run_arguments(command: argparse.ArgumentParser, out: str) -> None:
    """All that a run takes, and where to save it."""
    settings_arguments(command)
    equal_cores_argument(command)
    command.add_argument(
        "--detail", choices=("summary", "requests", "attempts"), default="requests",
        help="what to record: no requests, one row each (default), or one row for each try at a call too",
    )  # fmt: skip
    command.add_argument("--out", type=Path, metavar="FOLDER", help=out)


def settings_arguments(command: argparse.ArgumentParser) -> None:
    """Instead of the file's simulation; and the engine."""
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
    group = command.add_argument_group("of this machine", "Each is the environment variable in brackets, for one call.")
    for option, metavar, variable, text in LIMITS:
        group.add_argument(f"--{option}", metavar=metavar, help=f"{text} ({variable})")


@contextlib.contextmanager
def limits_of(arguments: Arguments) -> Iterator[None]:
    """Let what was said of this machine act on this call, and on the workers that it starts.

    Raises
    ------
    EngineError
        If it cannot be read.
    """
    given = {
        variable: value
        for option, _, variable, _ in LIMITS
        if (value := getattr(arguments, option.replace("-", "_"), None)) is not None
    }
    if getattr(arguments, "allow_outside", False):
        given[ALLOW_OUTSIDE] = "1"
    before = {variable: os.environ.get(variable) for variable in given}
    os.environ.update(given)
    try:
        for option, _, variable, _ in LIMITS:
            if variable in given:
                _try_limit(option, variable)
        yield
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value


def _try_limit(option: str, variable: str) -> None:
    try:
        LIMIT_OF[variable]()
    except sim.EngineError as error:
        raise sim.EngineError(str(error).replace(variable, f"--{option}", 1)) from None


def equal_cores_argument(command: argparse.ArgumentParser) -> None:
    """Whether merged units get the cores that their services have."""
    command.add_argument(
        "--equal-cores", action="store_true", help="give merged units the cores that their services have on their own"
    )


# -- what commands share


def read_topology(arguments: Arguments) -> sim.Topology:
    """The file, with the changes of `--set`."""
    return sim.load(arguments.topology, changes=changes_of(arguments))


def read_topologies(arguments: Arguments) -> sim.Topology | dict[str, sim.Topology]:
    """The file, or several by their stems, each with the changes of `--set`."""
    files = [Path(file) for file in arguments.topology]
    read = [sim.load(file, changes=changes_of(arguments)) for file in files]
    if len(read) == 1:
        return read[0]
    stems = [file.stem for file in files]
    for place, stem in enumerate(stems):
        if stems.count(stem) > 1:  # of different folders
            stems[place] = f"{files[place].resolve().parent.name}-{stem}"
    if len(set(stems)) < len(stems):
        stems = [f"{stem}-{place}" for place, stem in enumerate(stems, 1)]
    return dict(zip(stems, read, strict=True))


def changes_of(arguments: Arguments) -> dict[str, str]:
    """What `--set` says, by path."""
    changes = {}
    for change in arguments.changes:
        path, equals, value = change.partition("=")
        if not equals or not path:
            raise sim.TopologyError(f"--set {change}: expected PATH=VALUE, for example services.payment.replicas=4")
        changes[path] = value
    return changes


def one_deployment(arguments: Arguments) -> str:
    """The deployment asked for, where only one makes sense."""
    names: list[str] = arguments.deployment or ["microservices"]
    if len(names) > 1:
        raise sim.SimulatorError(
            f"-d is given {len(names)} times ({', '.join(names)}), but this is of one deployment: "
            "give one, or use `simulator compare`"
        )
    return names[0]


def one_result(arguments: Arguments, **more: Any) -> sim.Results:
    """One deployment, simulated as the arguments say."""
    name, topology = one_deployment(arguments), read_topology(arguments)

    def run(progress: Progress) -> sim.Results:
        return sim.simulate(topology, name, progress=progress, **settings_of(arguments), **more)

    return with_progress(run)


def several(arguments: Arguments, **more: Any) -> sim.Comparison:
    """Several deployments, compared as the arguments say."""
    topology: Any = read_topologies(arguments) if isinstance(arguments.topology, list) else read_topology(arguments)

    def run(progress: Progress) -> sim.Comparison:
        return sim.compare(topology, arguments.deployment, progress=progress, **settings_of(arguments), **more)

    return with_progress(run)


def finish(arguments: Arguments, made: sim.Results | sim.Comparison) -> int:
    """Save and show what was made. What cannot be saved is shown all the same: the run may have been long."""
    unsaved: sim.SimulatorError | None = None
    if arguments.out:
        try:
            made.save(arguments.out)
        except sim.SimulatorError as error:
            unsaved = error
    show(arguments, made.answer())
    if unsaved:
        raise unsaved
    results = made.results.values() if isinstance(made, sim.Comparison) else [made]
    if any(one.provenance["replications"] < one.provenance["replications_requested"] for one in results):
        return INTERRUPTED
    return FINE if made.met else MISSED


# -- what cannot be written is said before a long run, rather than after it


def require_writable(file: Path) -> None:
    """Try to open a file for writing; what it holds is left as it is.

    Raises
    ------
    ResultError
        If it cannot be written: which file, why, and what to do.
    """
    try:
        if file.is_dir():
            raise sim.ResultError(f"{file} is a folder: name a file")
        if not file.parent.is_dir():
            raise sim.ResultError(
                f"cannot write {file}: there is no folder {file.parent}: make it, or name another file"
            )
        if not file.exists():
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            file.unlink()
        elif file.is_file():
            os.close(os.open(file, os.O_WRONLY | os.O_APPEND))
        elif not os.access(file, os.W_OK):  # a device, or a pipe, which to open may take a reader
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise sim.ResultError(f"cannot write {file}: {error.strerror or error}: name another file") from None


def require_writable_folder(folder: Path) -> None:
    """Try to write where a folder is to be; nothing is made.

    Raises
    ------
    ResultError
        If nothing can be written there.
    """
    try:
        parent = next((one for one in folder.absolute().parents if one.exists()), Path("/"))
        if not parent.is_dir():
            raise sim.ResultError(f"cannot write {folder}: {parent} is not a folder: name another one")
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise sim.ResultError(f"cannot write {folder}: {error.strerror or error}: name another folder") from None


def refuse_folder(folder: Path, results: Sequence[Path]) -> None:
    """Say before a long run, rather than after it, that its result cannot be saved there."""
    if folder.exists() and not folder.is_dir():
        raise sim.ResultError(f"{folder} is a file: name a folder to save the result in")
    for one in filter(Path.exists, results):
        if not one.is_dir() or (any(one.iterdir()) and not (one / HEAD).is_file()):
            raise sim.ResultError(f"{folder} holds something that is not a saved result: name another folder")
    require_writable_folder(folder)


def refuse_file(file: Path) -> None:
    """Say before a long run that its figure cannot be drawn into that file."""
    if file.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise sim.ResultError(f"cannot save a figure as {file}: its name has to end with .png, .svg or .pdf")
    if file.is_dir():
        raise sim.ResultError(f"{file} is a folder: name a file to draw into")
    require_writable(file)


# -- the words of the command line


def join_values(words: Sequence[str]) -> list[str]:
    """Arguments in which `--shard -1/4` is one word: a minus and a digit begin a value, never an option."""
    joined: list[str] = []
    for word in words:
        if "--" not in joined and joined and OPTION.fullmatch(joined[-1]) and re.match("-[0-9]", word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def in_options(message: str, arguments: Arguments) -> str:
    """A message in the words of the command line: `samples=` is --samples, and `design="latin"` is --design latin."""

    def option(match: re.Match[str]) -> str:
        name, value = match["name"] or match["word"], match["text"] or match["value"]
        name = OTHERS.get(name, name)
        if not hasattr(arguments, name):
            return match[0]
        return WRITTEN.get(name, f"--{name.replace('_', '-')}") + (f" {value}" if value else "")

    def line(text: str) -> str:  # of a file it is shown as it stands there
        return text if GUTTER.match(text) else PARAMETER.sub(option, text)

    return "\n".join(map(line, _about_warmup(message, arguments).split("\n")))


def _about_warmup(message: str, arguments: Arguments) -> str:
    """Who gave one of the two is told of the other."""
    duration, warmup = (getattr(arguments, name, None) for name in ("duration", "warmup"))
    if duration and not warmup:
        return message.replace(CHANGE_BOTH, "): give a shorter --warmup too, or --warmup auto")
    if warmup:
        return message.replace(CHANGE_BOTH, "): give a shorter --warmup, or a longer --duration")
    return message


def settings_of(arguments: Arguments) -> dict[str, Any]:
    """What `simulate` and `compare` take by name."""
    names = ("seed", "replications", "duration", "warmup", "confidence", "engine", "equal_cores")
    return {name: getattr(arguments, name) for name in names}


def window() -> int:
    """Columns to print in: those of the window (COLUMNS), and a hundred where there is none."""
    return max(NARROWEST, min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST))


def show(arguments: Arguments, answer: Answer) -> None:
    """Print an answer for people, or for machines."""
    if arguments.json:
        print_json(answer.content)
    else:
        print(to_text(answer, min(window(), WIDTH), window()))


def warn(texts: Sequence[str]) -> None:
    """Say on the standard error what makes doubtful what a figure shows: a figure has no room for it."""
    if texts and sys.stderr is not None:
        print(to_text(Answer(warnings=texts), min(window(), WIDTH)), file=sys.stderr)


def print_json(content: Any) -> None:
    """Print JSON alone."""
    print(json.dumps(plain(content), indent=2, allow_nan=False))
