"""What `check` accepts never ends in a traceback: `python tests/fuzz/fuzzing.py 2000 --start 0`.

Makes files at the ends of every range until so many were accepted, and asks all there is to ask of each: a run,
a comparison, a sweep, a capacity, a drill, what they print, their JSON and their figures. An error of the simulator's
own is an answer. Prints the seed, the question, the traceback and the file of everything else.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import matplotlib as mpl
import yaml
from extremes import Tree, random_tree

import simulator as sim
from simulator.experiments import replicate

OFTEN = 100
"""Files between two lines of progress."""
PATIENCE_S = 4
"""Seconds of work after which a question is given up: it has no traceback, but it has no end either."""
DRAWN = 5
"""Of so many files one is drawn: a figure takes longer than all the rest."""


SMALL = """\
simulation: {duration: 1s, replications: 2}
services: {a: {steps: [{cpu: 1ms}]}}
workload: {call: a, rate: 5/s}
"""


class TooLong(BaseException):
    """A question took longer than the patience."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask everything of the files; 1 if something broke down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=int, help="how many that `check` accepts")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--most", type=int, default=20, help="stop after so many that broke down")
    parser.add_argument("--engine", default="reference", help="reference, compiled or auto")
    options = parser.parse_args(arguments)
    mpl.use("Agg")
    began, accepted, seed, wrong = time.perf_counter(), 0, options.start, []
    replicate.WORTH_PROCESSES = math.inf  # all of it here, where it can be given up
    shown(sim.simulate(sim.loads(SMALL), engine=options.engine))  # all that is imported, is now
    while accepted < options.files and len(wrong) < options.most:
        problems = ask_all(random_tree(seed), options.engine, draws=seed % DRAWN == 0)
        accepted += problems is not None
        for question, text in problems or ():
            wrong.append(seed)
            print(f"\nseed {seed}, {question}\n{text}\n{as_yaml(random_tree(seed))}", flush=True)
        seed += 1
        if accepted % OFTEN == 0 and problems is not None:
            print(f"{accepted} files, {time.perf_counter() - began:.0f} s, {len(wrong)} broke down", flush=True)
    print(f"{accepted} files of seeds {options.start} to {seed - 1}: {len(wrong)} broke down {wrong or ''}")
    return 1 if wrong else 0


def ask_all(tree: Tree, engine: str, *, draws: bool = True) -> list[tuple[str, str]] | None:
    """What broke down, each question with its traceback; None of a file that `check` does not accept."""
    problems: list[tuple[str, str]] = []
    endless: list[str] = []

    def ask(name: str, question: Callable[[], Any]) -> Any:
        signal.setitimer(signal.ITIMER_PROF, PATIENCE_S)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return question()
        except sim.SimulatorError:
            return None
        except TooLong:
            endless.append(name)
            return None
        except Exception:  # whatever it is, it is what is looked for
            problems.append((name, traceback.format_exc()))
            return None
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)

    before = signal.signal(signal.SIGPROF, _give_up)
    try:
        topology = ask("load", lambda: sim.loads(json.dumps(tree)))
        checked = None if topology is None else ask("check", lambda: sim.check(topology))
        if checked is None:
            return problems or None
        ask("check, shown", lambda: str(checked))
        for name, question in questions(topology, engine, draws=draws):
            ask(name, question)
            if endless:  # the others would take as long
                return problems or None
    finally:
        signal.signal(signal.SIGPROF, before)
    return problems


def _give_up(*_: Any) -> None:
    raise TooLong


def questions(topology: sim.Topology, engine: str, *, draws: bool) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Everything that can be asked of a topology, in short."""
    last = topology.deployment_names[-1]
    one = {"engine": engine}
    yield "simulate", lambda: shown(sim.simulate(topology, detail="attempts", **one))
    if draws:
        yield "figures", lambda: figures(sim.simulate(topology, last, **one), sim.compile(topology, last))
    yield "explain", lambda: [sim.compile(topology, name).explain() for name in topology.deployment_names]
    yield "compare", lambda: shown(sim.compare(topology, **one), sim.plots.comparison if draws else None)
    yield "compare, equal cores", lambda: shown(sim.compare(topology, ["monolith", last], equal_cores=True, **one))
    replicas = f"services.{next(iter(topology.services))}.replicas"
    yield (
        "sweep",
        lambda: sim.sweep(topology, {replicas: [1, 2]}, deployments=["microservices"], workers=1, **one).to_string(),
    )
    yield "capacity", lambda: shown(sim.capacity(topology, max_replicas=3, **one))
    yield "next replica", lambda: shown(sim.next_replica(topology, **one))
    duration = topology.simulation.duration
    target = {"target": next(iter(topology.services)), "at": duration / 2, "for_": duration / 10}
    faults = {} if topology.faults else target
    lasts = max([duration, *(fault.until * 1.5 for fault in topology.faults)])
    policies = ("none", "full")
    yield (
        "drill",
        lambda: shown(
            sim.drill(topology, **faults, duration=lasts, policies=policies, deployments=["microservices"], **one),
            sim.plots.drill,
        ),
    )


def shown(found: Any, draw: Callable[[Any], Any] | None = None) -> None:
    """Print it, in every way; and draw it."""
    str(found)
    found._repr_html_()
    if hasattr(found, "to_dict"):
        json.dumps(found.to_dict(), allow_nan=False)
    if draw is not None:
        drawn(draw, found)


def figures(result: sim.Results, plan: sim.Plan) -> None:
    """Every figure of one result."""
    shown(result)
    for draw in (sim.plots.latency, sim.plots.timeline, sim.plots.utilisation, sim.plots.breakdown):
        drawn(draw, result)
    drawn(sim.plots.topology, plan, result)


def drawn(draw: Callable[..., Any], *things: Any) -> None:
    """Draw it, up to the pixels; what has nothing to show may say so."""
    from matplotlib import pyplot as plt

    try:
        axes = draw(*things)
        first = axes if hasattr(axes, "figure") else next(iter(axes))
        first.figure.canvas.draw()
    except sim.SimulatorError:
        pass
    finally:
        plt.close("all")


def as_yaml(tree: Tree) -> str:
    """A file for a person to read, and to run again."""
    return yaml.safe_dump(tree, sort_keys=False, default_flow_style=None, width=120)


if __name__ == "__main__":
    raise SystemExit(main())
