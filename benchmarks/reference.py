"""The reference engine against the checkout written by hand in SimPy: requests per CPU second, as a ratio in one run.

    .venv/bin/python benchmarks/reference.py

The two take turns, so that a machine that changes its speed meanwhile changes both; the medians' ratio is what
counts. The target is 0.4: the engine also draws addressed random numbers, keeps a total order of events, and
records levels, visits, critical paths and every request.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import plain_simpy

import simulator as sim
from simulator.engines.reference import ReferenceEngine

sys.modules["coverage"] = None  # type: ignore[assignment]  # numba would take coverage.py for a package

TARGET = 0.4
TURNS = 5
DURATION_S = 60.0


def main() -> None:
    topology = sim.load(Path(__file__).parents[1] / "topologies" / "checkout.yaml")
    plan = sim.compile(topology.replace({"simulation.duration": DURATION_S}), "microservices")
    engine = ReferenceEngine()
    plain: list[float] = []
    ours: dict[str, list[float]] = {"summary": [], "requests": [], "attempts": []}
    for turn in range(TURNS):
        requests, mean_s, elapsed_s = plain_simpy.run(DURATION_S, seed=turn + 1)
        plain.append(requests / elapsed_s)
        for detail, speeds in ours.items():
            begun = time.process_time()
            trace = engine.run(plan, seed=1, replication=turn, detail=detail)
            speeds.append(int(trace.arrived[-1].sum()) / (time.process_time() - begun))
    print(f"last mean latencies: by hand {mean_s * 1e3:.1f} ms, engine {trace.latency_s.mean() * 1e3:.1f} ms")
    print(f"by hand                    {statistics.median(plain):8.0f} requests/s")
    for detail, speeds in ours.items():
        speed = statistics.median(speeds)
        ratio = speed / statistics.median(plain)
        print(f"engine, detail {detail:<11} {speed:8.0f} requests/s   ratio {ratio:.2f} (target {TARGET})")


if __name__ == "__main__":
    main()
