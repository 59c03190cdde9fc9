"""Thousands of random topologies, both engines: `python tests/differential/soak.py 5000 --start 0 --shrink`.

Prints the seed, the differences and the topology of each mismatch. With `--shrink` it takes away from that topology
whatever can go while the engines still differ.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import twins
from generator import random_case

import simulator as sim

Tree = dict[str, Any]
OFTEN = 500
"""Cases between two lines of progress."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases; 1 if the engines differ in one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=int, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--shrink", action="store_true", help="make cases that differ smaller")
    parser.add_argument("--most", type=int, default=5, help="stop after so many mismatches")
    options = parser.parse_args(arguments)
    began, wrong = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, seed in enumerate(range(options.start, options.start + options.cases), 1):
            case = random_case(seed)
            found = mismatch(case, folder)
            if found:
                wrong.append(seed)
                report(seed, case, found, folder, shrink=options.shrink)
            if number % OFTEN == 0:
                print(f"{number} cases, {time.perf_counter() - began:.0f} s, {len(wrong)} differ", flush=True)
            if len(wrong) >= options.most:
                break
    print(f"{number} cases from seed {options.start}: {len(wrong)} differ {wrong or ''}")
    return 1 if wrong else 0


def mismatch(case: twins.Case, folder: Path) -> list[str]:
    """What differs; an engine that breaks down is a difference too."""
    try:
        pair = twins.run_both(case, folder)
    except sim.SimulatorError as error:
        return [f"  the compiler refuses: {error}"]
    except Exception:  # whatever it is, it is what the soak looks for
        return ["  an engine broke down", traceback.format_exc()]
    return list(twins.differences(pair.reference, pair.compiled))


def report(seed: int, case: twins.Case, found: list[str], folder: Path, *, shrink: bool) -> None:
    """Say all about one mismatch."""
    print(f"\nseed {seed}", *found, twins.as_yaml(case), sep="\n", flush=True)
    if shrink:
        case = smaller(case, lambda one: still_differs(one, folder))
        print("made smaller", *mismatch(case, folder), twins.as_yaml(case), sep="\n", flush=True)


def still_differs(case: twins.Case, folder: Path) -> bool:
    """Whether a smaller case has a meaning, and still shows a mismatch."""
    try:
        twins.plan_of(case, folder)
    except (sim.SimulatorError, KeyError):
        return False
    return bool(mismatch(case, folder))


# -- making cases smaller


KEPT = {"simulation", "duration", "thinkTime"}
"""What makes a run longer when it is gone."""


def smaller(case: twins.Case, differs: Callable[[twins.Case], bool]) -> twins.Case:
    """Take away one thing after the other, as long as the case still differs."""
    going = True
    while going:
        going, number = False, 0
        while (tree := next(islice(without_one(case.tree), number, None), None)) is not None:
            candidate = dataclasses.replace(case, tree=tree)
            if differs(candidate):
                case, going = candidate, True
            else:
                number += 1
    return case


def without_one(tree: Tree) -> Iterator[Tree]:
    """The tree without one of its parts, the large ones first; or with the steps of a step in its place."""
    for path in sorted(_paths(tree), key=len):
        if path[-1] in KEPT:
            continue
        value = _at(tree, path)
        if isinstance(value, tuple) and len(value) > 1:
            yield _with(tree, path, [value[: len(value) // 2]])
            yield _with(tree, path, [value[len(value) // 2 :]])
        elif isinstance(path[-1], int) and (inner := _inner_steps(value)):
            yield _with(tree, path, inner)
        yield _with(tree, path, [])


def _with(tree: Tree, path: tuple[Any, ...], values: list[Any]) -> Tree:
    """The tree with other values in one place: none, one, or several in a list."""
    changed = copy.deepcopy(tree)
    part = _at(changed, path[:-1])
    if isinstance(part, list):
        part[path[-1] : path[-1] + 1] = copy.deepcopy(values)
    elif values:
        part[path[-1]] = values[0]
    else:
        del part[path[-1]]
    return changed


def _inner_steps(step: Any) -> list[Tree]:
    """The steps within a step."""
    inside = step.get("parallel") or step.get("choose") or [] if isinstance(step, dict) else []
    return [inner for one in inside for inner in one.get("steps", [one])]


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from _paths(item, (*path, key))


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


if __name__ == "__main__":
    raise SystemExit(main())
