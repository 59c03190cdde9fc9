"""Figures of several axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ..errors import SimulatorError


def given_axes(ax: Axes | Sequence[Axes] | NDArray[Any] | None, number: int, what: str) -> list[Axes]:
    """The axes that a caller gave, of which there have to be so many; none if none were given.

    Raises
    ------
    SimulatorError
        If it is another number of axes.
    """
    if ax is None:
        return []
    axes = [ax] if isinstance(ax, Axes) else list(np.ravel(np.asarray(ax, dtype=object)))
    if len(axes) != number or not all(isinstance(one, Axes) for one in axes):
        raise SimulatorError(f"{what} needs {number} axes, found {len(axes)}")
    return axes
