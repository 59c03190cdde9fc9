"""How the points of a sweep are made of its axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from ...compiler.streams import name_number
from ...errors import PlanError
from ...plan.columns import Floats
from .axes import Axis

Point = dict[str, object]
"""A value for each axis, by path."""

SAMPLING = ("random", "latin", "sobol")
"""Designs that choose among values, and are told how many points to make."""
MOST_POINTS = 1_000_000
SOBOL_BITS = 30
WHERE, ORDER, SHIFT = range(3)
"""Addresses of what is drawn for an axis: places, the order of the strata, a digital shift."""


def make_points(axes: Sequence[Axis], design: str = "grid", samples: int | None = None, seed: int = 0) -> list[Point]:
    """The points of a design, in its order.

    Parameters
    ----------
    design
        `grid`: all combinations, the last axis fastest; `zip`: the first values, the second ones, and so on; `random`,
        `latin` and `sobol` choose `samples` points. Every axis has draws of its own, by its path: another axis more
        changes none of them (but for `sobol`, whose dimensions are those before it).

    Raises
    ------
    PlanError
        If the axes do not fit the design.
    """
    design = "latin" if design == "lhs" else design
    if design not in ("grid", "zip", *SAMPLING):
        raise PlanError(f'there is no design {design!r}: use "grid", "zip", "random", "latin" or "sobol"')
    if design in SAMPLING:
        return _sampled(axes, design, samples, seed)
    if samples is not None:
        raise PlanError(f'a {design} has as many points as its values make: leave samples= out, or use design="latin"')
    if spans := [axis.path for axis in axes if axis.span is not None]:
        raise PlanError(f'a {design} needs values, and {spans[0]} has a span: list them, or use design="latin"')
    if design == "zip":
        return _zipped(axes)
    if (number := math.prod(len(axis.values) for axis in axes)) > MOST_POINTS:
        raise PlanError(
            f'this grid has {number} points, above {MOST_POINTS}: sample it, for example with design="latin"'
        )
    paths = [axis.path for axis in axes]
    return [dict(zip(paths, values, strict=True)) for values in itertools.product(*(axis.values for axis in axes))]


def _zipped(axes: Sequence[Axis]) -> list[Point]:
    sizes = {axis.path: len(axis.values) for axis in axes}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{path} has {size}" for path, size in sizes.items())
        raise PlanError(f"a zip needs as many values of each axis, and {told}")
    return [{axis.path: axis.values[row] for axis in axes} for row in range(len(axes[0].values))]


def _sampled(axes: Sequence[Axis], design: str, samples: int | None, seed: int) -> list[Point]:
    if isinstance(samples, bool) or not isinstance(samples, int) or not 1 <= samples <= MOST_POINTS:
        found = "" if samples is None else f", not {samples}"
        raise PlanError(f"a {design} design needs samples=, how many points to make, from 1 to {MOST_POINTS}{found}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise PlanError(f"design_seed= is a whole number of at least 0, not {seed}")
    make: dict[str, Callable[..., Floats]] = {"random": _random, "latin": _latin, "sobol": _sobol}
    places = np.minimum(make[design](axes, samples, seed), np.nextafter(1.0, 0.0)).tolist()
    return [{axis.path: axis.at(u) for axis, u in zip(axes, row, strict=True)} for row in places]


def _draws(axis: Axis, what: int, number: int, seed: int) -> Floats:
    """Uniform numbers of an axis: addressed, as all randomness here, so that one more sample changes no other."""
    from ...rules.randomness import mix, uniform

    key, stream = mix(seed, 0), name_number(f"axis {axis.path}")
    return np.array([uniform(key, what, stream, k) for k in range(number)])


def _random(axes: Sequence[Axis], number: int, seed: int) -> Floats:
    return np.column_stack([_draws(axis, WHERE, number, seed) for axis in axes])


def _latin(axes: Sequence[Axis], number: int, seed: int) -> Floats:
    """One point in each of `number` equal strata of every axis.

    Source: McKay, Beckman, Conover, "A comparison of three methods for selecting values of input variables", 1979.
    """
    columns = []
    for axis in axes:
        strata = np.argsort(_draws(axis, ORDER, number, seed), kind="stable")
        columns.append((strata + _draws(axis, WHERE, number, seed)) / number)
    return np.column_stack(columns)


def _sobol(axes: Sequence[Axis], number: int, seed: int) -> Floats:
    """Sobol's sequence under a random digital shift; of 2**m points each stratum of an axis has one.

    Source: Joe, Kuo, "Constructing Sobol sequences with better two-dimensional projections", 2008.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(len(axes), scramble=False, bits=SOBOL_BITS)
    points = sequence.random_base2(max(0, (number - 1).bit_length()))[:number]
    cells = np.rint(points * 2.0**SOBOL_BITS).astype(np.int64)
    shifts = [int(_draws(axis, SHIFT, 1, seed)[0] * 2**SOBOL_BITS) for axis in axes]
    return np.asarray(((cells ^ np.array(shifts)) + 0.5) * 2.0**-SOBOL_BITS)
