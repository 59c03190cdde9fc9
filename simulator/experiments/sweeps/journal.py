"""The store of a sweep: a folder of journals, one JSON line a finished run, so that none is computed twice.

Every process appends to a file of its own: nobody tears somebody else's line. Whatever is no whole line of ours (the
last one of a process that was killed, another program's) is passed over. Each line has a checksum: one that was
changed since is not used, and that is said.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import socket
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ...errors import ResultError
from ...plan.plan import Plan
from .runs import Run

FORMAT = "simulator-run/2"
SUM = "sha256"
SYNC_S = 1.0
"""Lines of this much time may be lost when the machine itself fails; when only the process does, none is."""
ENDING = ".jsonl"
PACKAGE = Path(__file__).parents[2]
DECIDING = ("compiler", "engines", "plan", "results", "rules", "experiments/replicate.py", "experiments/sweeps/runs.py")
"""Sources that decide what comes out of a plan; what comes out of a file is in the plan."""
_WORDS = {"Infinity": math.inf, "-Infinity": -math.inf}


@cache
def package_version() -> str:
    """The version that makes the numbers."""
    try:
        return version("microservice-topology-simulator")
    except PackageNotFoundError:
        return "unknown"


@cache
def code_digest(package: Path = PACKAGE) -> str:
    """A digest of the sources that make the numbers of a plan: a run of code that was edited since is another run."""
    sha = hashlib.sha256()
    for name in DECIDING:
        for source in sorted((package / name).rglob("*.py")) if (package / name).is_dir() else [package / name]:
            content = source.read_bytes() if source.exists() else b""  # a package without sources has its version
            sha.update(f"{source.relative_to(package).as_posix()}:{len(content)}:".encode())
            sha.update(content)
    return sha.hexdigest()


def run_key(plan: Plan) -> str:
    """A digest of all that a run depends on: the plan, seed, replications and confidence, and the code that runs it."""
    settings = plan.settings
    of_plan = (plan.digest(), settings.seed, settings.replications, settings.confidence)
    content = (FORMAT, package_version(), code_digest(), *of_plan)
    return hashlib.sha256(repr(content).encode()).hexdigest()


@dataclass(frozen=True)
class Entry:
    """A run and where it stands in its sweep."""

    key: str
    topology: str
    deployment: str
    point: int
    axes: Mapping[str, object]
    confidence: float
    advice: tuple[str, ...]
    """What the compiler warns of."""
    run: Run

    @property
    def place(self) -> tuple[str, int, str, str, str]:
        """Which row of which sweep it is, and of which run."""
        return self.topology, self.point, self.deployment, repr(dict(self.axes)), self.key


def to_line(entry: Entry) -> str:
    """One line of strict JSON. A float is written so that it reads back to the same bits; NaN is null."""
    run = entry.run
    content = {
        "format": FORMAT,
        "key": entry.key,
        "topology": entry.topology,
        "deployment": entry.deployment,
        "point": entry.point,
        "axes": dict(entry.axes),
        "confidence": entry.confidence,
        "advice": entry.advice,
        "quantities": run.quantities,
        "values": [[_encode(value) for value in row] for row in run.values],
        "intervals": [[_encode(value) for value in row] for row in run.intervals],
        "objectives": [[name, _encode(value), _encode(wide)] for name, value, wide in run.objectives],
        "ends": [[_encode(value) for value in row] for row in run.ends],
        "objective_ends": [[_encode(value) for value in row] for row in run.objective_ends],
        "sure": run.sure,
        "journeys": [[name, _encode(share)] for name, share in run.journeys],
        "met": run.met,
        "warnings": run.warnings,
    }
    return f"{_text_of(content)[:-1]},{json.dumps(SUM)}:{json.dumps(checksum(content))}}}\n"


def checksum(content: Mapping[str, object]) -> str:
    """Of what a line says."""
    return hashlib.sha256(_text_of(content).encode()).hexdigest()[:16]


def _text_of(content: Mapping[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)


def read_line(line: str) -> Entry | None:
    """The entry of a line; None if it is not a whole one of ours, as it was written."""
    try:
        content = json.loads(line)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            return None
        if content.pop(SUM, None) != checksum(content):
            return None
        quantities = tuple(map(_text, content["quantities"]))
        values = tuple(tuple(map(_decode, row)) for row in content["values"])
        intervals = tuple(tuple(map(_decode, row)) for row in content["intervals"])
        if not values or any(len(row) != len(quantities) for row in values) or not isinstance(content["met"], bool):
            return None
        if len(intervals) != len(quantities) or any(len(row) != 2 for row in intervals):
            return None
        # what was kept before these were has none of them
        seen, shares = content.get("objectives", ()), content.get("journeys", ())
        ends, objective_ends = (
            tuple((_decode(low), _decode(high)) for low, high in content.get(key, ()))
            for key in ("ends", "objective_ends")
        )
        objectives = tuple((_text(name), _decode(value), _decode(wide)) for name, value, wide in seen)
        return Entry(
            _text(content["key"]),
            _text(content["topology"]),
            _text(content["deployment"]),
            int(content["point"]),
            dict(content["axes"]),
            float(content["confidence"]),
            tuple(map(_text, content["advice"])),
            Run(
                quantities,
                values,
                content["met"],
                tuple(map(_text, content["warnings"])),
                tuple((row[0], row[1]) for row in intervals),
                objectives,
                ends,
                objective_ends,
                bool(content.get("sure", True)),
                tuple((_text(name), _decode(share)) for name, share in shares),
            ),
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _encode(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def _decode(value: object) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str):
        return _WORDS[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def read_entries(folder: Path, changed: list[str] | None = None) -> Iterator[Entry]:
    """Every entry of a store, file by file; one that several processes computed comes several times.

    Whole lines of ours that are not as they were written are added to `changed`: their file and number.
    """
    own = f'{{"format":"{FORMAT}"'
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ENDING)
        for file in files:
            # Byte by byte: what a failing machine leaves behind need not be text.
            with file.open(encoding="utf-8", errors="replace", newline="\n") as lines:
                for number, line in enumerate(lines, 1):
                    if (entry := read_line(line)) is not None:
                        yield entry
                    elif changed is not None and line.startswith(own) and line.endswith("\n"):
                        changed.append(f"{file.name} line {number}")
    except OSError as error:
        raise ResultError(f"cannot read the store {folder}: {error.strerror or error}") from error


class Journal:
    """A store that is open for one sweep: what it had, and a file for what is added.

    Parameters
    ----------
    folder
        Made if it is not there.
    label
        Of the shard, part of the file's name.
    """

    def __init__(self, folder: str | os.PathLike[str], label: str = "all") -> None:
        self.folder = Path(folder)
        self._file: int | None = None
        self._synced = time.monotonic()
        host = "".join(letter for letter in socket.gethostname() if letter.isalnum() or letter in "-_")[:60]
        self._name = f"{label.replace('/', '-of-')}.{host}.{os.getpid()}.{uuid.uuid4().hex[:8]}{ENDING}"
        if self.folder.exists() and not self.folder.is_dir():
            raise ResultError(f"{folder} is a file: name a folder to keep runs in")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):  # rather now than when the first run is finished
                pass
        except OSError as error:
            raise ResultError(
                f"cannot keep runs in {folder}: {error.strerror or error}: name another folder"
            ) from error
        self.runs: dict[str, Run] = {}
        self.changed: list[str] = []
        self._places = set()
        for entry in read_entries(self.folder, self.changed):
            self.runs.setdefault(entry.key, entry.run)
            self._places.add(entry.place)

    def add(self, entry: Entry) -> None:
        """Append a line, unless there is the same; once this is over, the end of this process does not lose it.

        Raises
        ------
        ResultError
            If it cannot be written: the disk is full. What was added before is kept.
        """
        if entry.place in self._places:
            return
        line = to_line(entry).encode()
        try:
            if self._file is None:
                self._file = os.open(
                    self.folder / self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666
                )
            while line:
                line = line[os.write(self._file, line) :]
            if time.monotonic() - self._synced > SYNC_S:
                self._sync()
        except OSError as error:
            raise self._unwritten(error) from error
        self.runs[entry.key] = entry.run
        self._places.add(entry.place)

    def close(self) -> None:
        """Make sure that all of it is on the disk."""
        if self._file is None:
            return
        try:
            self._sync()
        except OSError as error:
            raise self._unwritten(error) from error
        finally:
            os.close(self._file)
            self._file = None

    def _sync(self) -> None:
        assert self._file is not None
        os.fsync(self._file)
        self._synced = time.monotonic()

    def _unwritten(self, error: OSError) -> ResultError:
        kept = "1 run is" if len(self.runs) == 1 else f"{len(self.runs)} runs are"
        return ResultError(
            f"cannot write to the store {self.folder}: {error.strerror or error}; {kept} kept there: make room and "
            "start again, and only what is missing is computed"
        )
