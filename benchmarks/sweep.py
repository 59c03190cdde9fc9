"""What the machinery of a sweep costs beyond its points: the same points as a sweep and in a plain loop, taking turns.

    .venv/bin/python benchmarks/sweep.py                 200 points of 5 replications, some minutes
    .venv/bin/python benchmarks/sweep.py --scale 0.1     fewer points: to try it out, not to quote

`one worker`: CPU seconds of `sim.sweep` with a store and one worker, by those of a loop that compiles, runs and sums up
each point. `reused`: the same table again, all of it from the store. `two workers`: points per second by the clock on
the wall, two workers against one; beside it two processes of plain Python against one, since a machine that has no
second core to give says nothing about threads.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import simulator as sim
from simulator.engines.compiled import CompiledEngine
from simulator.experiments.sweeps.runs import make_run

sys.modules["coverage"] = None  # type: ignore[assignment]  # numba would take coverage.py for a package

TOPOLOGY = Path(__file__).parent.parent / "topologies" / "checkout.yaml"
SETTINGS = {"simulation.duration": "60s", "simulation.warmup": "6s", "simulation.replications": 5}
PATH = "workload.shoppers.rate"


def spin(number: int) -> int:
    return sum(range(number))


def seconds_of(work: Callable[[], object], clock: Callable[[], float]) -> float:
    begun = clock()
    work()
    return clock() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of points, 1 by default")
    parser.add_argument("--turns", type=int, default=3, help="3 by default")
    wanted = parser.parse_args()
    points = max(4, round(200 * wanted.scale))
    topology = sim.load(TOPOLOGY).replace(SETTINGS)
    rates = [50.0 + 100.0 * point / points for point in range(points)]
    CompiledEngine().prepare()

    def loop() -> None:
        for rate in rates:
            make_run(sim.compile(topology.replace({PATH: rate})), "compiled")

    def sweep(workers: int, store: str | None = None) -> None:
        sim.sweep(topology, {PATH: rates}, engine="compiled", workers=workers, store=store)

    def twice() -> None:
        with ProcessPoolExecutor(2) as pool:
            list(pool.map(spin, [60_000_000] * 2))

    def once() -> None:
        with ProcessPoolExecutor(1) as pool:
            list(pool.map(spin, [60_000_000] * 2))

    print(f"{os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.1f}, {points} points of 5 replications")
    make_run(sim.compile(topology), "compiled")
    over, again, faster, plain = [], [], [], []
    for _ in range(wanted.turns):
        with tempfile.TemporaryDirectory() as folder:
            alone = seconds_of(loop, time.process_time)
            over.append(seconds_of(lambda folder=folder: sweep(1, folder), time.process_time) / alone - 1.0)
            again.append(seconds_of(lambda folder=folder: sweep(1, folder), time.process_time) / alone)
        faster.append(seconds_of(lambda: sweep(1), time.perf_counter) / seconds_of(lambda: sweep(2), time.perf_counter))
        plain.append(seconds_of(once, time.perf_counter) / seconds_of(twice, time.perf_counter))
    for name, ratios, target in (
        ("one worker: beyond the points' own cost", over, "below 0.05"),
        ("reused: of the cost of computing", again, ""),
        ("two workers / one", faster, "1.7"),
        ("two processes of plain Python / one", plain, ""),
    ):
        told = f"   target {target}" if target else ""
        print(f"  {name:<42} {statistics.median(ratios):7.3f}   ({min(ratios):.3f} to {max(ratios):.3f}){told}")


if __name__ == "__main__":
    main()
