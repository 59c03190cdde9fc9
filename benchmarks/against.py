"""Runs of this checkout against those of another one, an earlier commit's: CPU time, in turns.

    git worktree add /tmp/before 15f367a
    .venv/bin/python benchmarks/against.py /tmp/before             all plans, 6 turns: ten minutes
    .venv/bin/python benchmarks/against.py /tmp/before mm1 bare    some of them

Each checkout has a process of its own, in which it runs a plan once, not counted, and then whenever it is its turn. Its
machine code is made from nothing: where the whole engine is in a cache, a plan that needs little of it runs up to a
tenth slower than with the lean one that is made for it. Of `chains`, which takes much memory, only one process is there
at a time. Said are the ratio of the least and that of the medians: above 1 this checkout is faster. A topology is each
checkout's own file of that name.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
REQUESTS = {"bare": 1_000_000, "mm1": 3_000_000, "checkout": 200_000, "policies": 500_000, "chains": 300_000}
POLICY = """
policies:
  p:
    timeout: 2s
    retries: {attempts: 2, perTryTimeout: 500ms, backoff: 20ms}
    circuitBreaker: {slidingWindowSize: 50}
"""
"""On every call of the checkout."""


def plan_of(root: Path, name: str) -> Any:
    """A plan for about so many requests, made by the checkout that is imported."""
    import simulator as sim

    if name == "bare":
        topology = sim.load(root / "benchmarks" / "bare_checkout.yaml")
    elif name == "mm1":
        topology = sim.loads(
            "{services: {s: {steps: [{cpu: {dist: exponential, mean: 8ms}}]}}, workload: {call: s, rate: 100/s}}"
        )
    elif name == "chains":
        topology = sim.Topology.model_validate(chains(100, 10))
    else:
        text = (root / "topologies" / "checkout.yaml").read_text(encoding="utf-8")
        if name == "policies":
            text = re.sub(r"\{call: ([a-z.-]+)\}", r"{call: \1, policy: p}", text)
            text = text.replace("timeout: 2s}", "policy: p}") + POLICY
        topology = sim.loads(text)
    duration_s = REQUESTS[name] / sum(workload.rate or 0.0 for workload in topology.workload.values())
    settings = {"simulation.duration": duration_s, "simulation.warmup": duration_s / 10}
    return sim.compile(topology.replace(settings), "microservices")


def chains(number: int, depth: int) -> dict[str, Any]:
    """Services that call one another in a row, each chain with a workload of its own: 600/s for ten cores of 10 ms."""
    services: dict[str, Any] = {}
    for chain in range(number):
        for place in range(depth):
            steps: list[dict[str, Any]] = [{"cpu": {"dist": "exponential", "mean": "10ms"}}]
            steps += [{"call": f"c{chain}-{place + 1}"}] if place + 1 < depth else []
            services[f"c{chain}-{place}"] = {"replicas": 10, "steps": steps}
    workload = {f"w{chain}": {"call": f"c{chain}-0", "rate": "600/s"} for chain in range(number)}
    return {
        "network": {"latency": {"dist": "exponential", "mean": "500us"}},
        "services": services,
        "workload": workload,
    }


def serve(root: Path, name: str) -> None:
    """Of one checkout: run the plan for each line that comes, a replication, and say how many CPU seconds it took."""
    sys.modules["coverage"] = None  # type: ignore[assignment]  # numba would take coverage.py for a package
    sys.path.insert(0, str(root))
    import simulator
    from simulator.engines.compiled import CompiledEngine

    if not Path(simulator.__file__).is_relative_to(root):
        raise SystemExit(f"{root} has no simulator of its own")
    engine, plan = CompiledEngine(), plan_of(root, name)
    for line in sys.stdin:
        begun = time.process_time()
        engine.run(plan, seed=1, replication=int(line), detail="summary")
        print(time.process_time() - begun, flush=True)


class Side:
    """The process of one checkout."""

    def __init__(self, root: Path, name: str) -> None:
        words = [sys.executable, __file__, "--serve", str(root), name]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.run(0)

    def run(self, replication: int) -> float:
        """CPU seconds of one run."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(replication, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def end(self) -> None:
        """No more of it."""
        self.process.communicate()


def measure(before: Path, name: str, turns: int) -> tuple[list[float], list[float]]:
    """CPU seconds of the other checkout's runs, and of this one's."""
    roots: tuple[Path, Path] = (before, HERE)
    times: tuple[list[float], list[float]] = ([], [])
    both = [Side(root, name) for root in roots] if name != "chains" else []
    for turn in range(1, turns + 1):
        for place, root in enumerate(roots):
            side = both[place] if both else Side(root, name)
            times[place].append(side.run(turn))
            if not both:
                side.end()
    for side in both:
        side.end()
    return times


def main() -> None:
    """Measure what was asked for."""
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]), sys.argv[3])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="the folder of the other checkout")
    parser.add_argument("plans", nargs="*", default=list(REQUESTS), metavar="PLAN", help=f"of {', '.join(REQUESTS)}")
    parser.add_argument("--turns", type=int, default=6)
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.1f}")
    for name in given.plans:
        with tempfile.TemporaryDirectory() as cache:
            os.environ["SIMULATOR_CACHE_DIR"] = cache
            old, new = measure(given.before.resolve(), name, given.turns)
        print(f"  {name:10} least {min(old) / min(new):5.2f}   "
              f"median {statistics.median(old) / statistics.median(new):5.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
