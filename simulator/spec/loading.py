"""From a file to a topology."""

from __future__ import annotations

import os
from pathlib import Path

from .mistakes import Source
from .models import Topology
from .text import Text, read_text


def load(path: str | os.PathLike[str]) -> Topology:
    """Return the topology of a YAML file.

    Raises
    ------
    TopologyError
        With everything that is wrong with the file, each problem with its line.
    """
    file = os.fspath(path)
    return _topology(read_text(file), file, os.path.dirname(file), Path(file).stem)


def loads(text: str, *, file: str = "<text>", base: str | os.PathLike[str] | None = None) -> Topology:
    """Return the topology of a YAML text; paths in it are relative to the folder `base`.

    Raises
    ------
    TopologyError
        With everything that is wrong with the text, each problem with its line.
    """
    return _topology(text.removeprefix("\ufeff"), file, "" if base is None else os.fspath(base), "topology")


def _topology(text: str, file: str, base: str, name: str) -> Topology:
    document = Text(text, file)
    tree = document.read()
    source = Source(file, base, name, document.lines, document.positions, document.problems)
    return Topology.model_validate(tree, context=source)
