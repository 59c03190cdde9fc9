"""A figure as a file."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from ..errors import SimulatorError
from ..files import replaced
from .style import figure_of

DPI: Final = 150
SUFFIXES: Final = (".png", ".svg", ".pdf")


def save(figure: Figure | Axes | Sequence[Axes] | NDArray[Any], path: str | PathLike[str]) -> None:
    """Write the figure, or the one that the axes are in, whole or not at all: the same figure gives the same bytes.

    Parameters
    ----------
    figure
        What a function of this package returns, or a figure.
    path
        Its suffix says what is written: `.png` (150 dots per inch), `.svg` or `.pdf`.

    Raises
    ------
    SimulatorError
        If the suffix is another, or the file cannot be written.
    """
    target = Path(fspath(path))
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise SimulatorError(f"cannot save a figure as {target.name!r}: its name has to end with .png, .svg or .pdf")
    whole = _whole(figure)
    with plt.rc_context({"svg.hashsalt": "simulator", "svg.fonttype": "path"}):
        try:
            with replaced(target) as new:
                if suffix == ".svg":
                    whole.savefig(new, format="svg", metadata={"Date": None})
                elif suffix == ".pdf":
                    whole.savefig(new, format="pdf", metadata={"CreationDate": None})
                else:
                    whole.savefig(new, format="png", dpi=DPI)
        except OSError as error:
            raise SimulatorError(f"cannot write {target}: {error.strerror or error}") from error


def _whole(figure: Figure | Axes | Sequence[Axes] | NDArray[Any]) -> Figure:
    if isinstance(figure, SubFigure):
        figure = figure.figure
    if isinstance(figure, Figure):
        return figure
    first = figure if isinstance(figure, Axes) else next(iter(np.ravel(np.asarray(figure, dtype=object))), None)
    if not isinstance(first, Axes):
        raise SimulatorError("expected a figure or its axes to save")
    return figure_of(first)
