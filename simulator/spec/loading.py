"""From a file to a topology."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import TopologyError
from .edit import changed_at, kept_positions
from .mistakes import Location, Source
from .models import Topology, Written, plain
from .text import Text, read_text

ALLOW_OUTSIDE = "SIMULATOR_ALLOW_OUTSIDE"
"""Environment variable that lets topologies name files outside of their folders, where nothing else is said."""


def load(
    path: str | os.PathLike[str], *, changes: Mapping[str, object] | None = None, allow_outside: bool | None = None
) -> Topology:
    """Return the topology of a YAML file; `changes` by path, as `replace` takes them, may give what the file lacks.

    Parameters
    ----------
    allow_outside
        Whether it may name files outside of its folder, for a replay or a sample; by default it may not, unless
        SIMULATOR_ALLOW_OUTSIDE is set.

    Raises
    ------
    TopologyError
        With everything that is wrong with the file, each problem with its line.
    """
    file = os.fspath(path)
    return _topology(read_text(file), file, os.path.dirname(file), Path(file).stem, allow_outside, changes)


def loads(
    text: str,
    *,
    file: str = "<text>",
    base: str | os.PathLike[str] | None = None,
    allow_outside: bool | None = None,
) -> Topology:
    """Return the topology of a YAML text; paths in it are relative to the folder `base`, by default the current one.

    Parameters
    ----------
    allow_outside
        As in `load`.

    Raises
    ------
    TopologyError
        With everything that is wrong with the text, each problem with its line.
    """
    folder = "" if base is None else os.fspath(base)
    return _topology(text.removeprefix("\ufeff"), file, folder, "topology", allow_outside)


def _topology(
    text: str, file: str, base: str, name: str, allow_outside: bool | None, changes: Mapping[str, object] | None = None
) -> Topology:
    document = Text(text, file)
    tree = document.read()
    positions = document.positions
    places: tuple[Location, ...] = ()
    confined = not (bool(os.environ.get(ALLOW_OUTSIDE)) if allow_outside is None else allow_outside)
    source = Source(file, base, name, document.lines, positions, document.problems, confined)
    if changes and isinstance(tree, Mapping):
        try:
            tree, places = changed_at(tree, plain(changes))
        except TopologyError:
            Topology.model_validate(tree, context=source)  # what is wrong with the file itself comes first
            raise
        source = replace(source, positions=kept_positions(positions, places))
    topology = Topology.model_validate(tree, context=source)
    topology.remember(Written(text, file, places))
    return topology
