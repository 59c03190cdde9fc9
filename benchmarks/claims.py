"""How often `capacity` claims what is not so: python -P benchmarks/claims.py [experiments].

Two claims with a known truth. A limit exactly at the law of M/M/1 at 0.9 is not met by one core: said to be met,
it is wrong (at most 5 % may be). Two deployments that are mirror images cost the same: one called cheapest is wrong.
"""

from __future__ import annotations

import math
import sys

import simulator as sim
from simulator.cli.sizing import cheapest

sys.modules["coverage"] = None  # type: ignore[assignment]  # numba would take coverage.py for a package

BUSY = """\
simulation: {duration: 2m, warmup: 15s, replications: 10}
services:
  s: {resources: {cpu: 1, memory: 1Gi}, steps: [{cpu: {dist: exponential, mean: 9ms}}]}
workload: {call: s, rate: 100/s}
slos: {s: {call: s, p99: 1s}}
prices: {currency: USD, vcpuHour: 0.04, gibHour: 0.005, unitHour: 0.02}
"""
MIRROR = """\
simulation: {duration: 60s, warmup: 10s, replications: 5}
network: {latency: 1ms}
services:
  g: {resources: {cpu: 4, memory: 1Gi}, steps: [{cpu: 1ms}, {choose: [{weight: 1, steps: [{call: a}]},
                                                                     {weight: 1, steps: [{call: b}]}]}]}
  a: {resources: {cpu: 1, memory: 1Gi}, steps: [{cpu: {dist: exponential, mean: 16ms}}]}
  b: {resources: {cpu: 1, memory: 1Gi}, steps: [{cpu: {dist: exponential, mean: 16ms}}]}
workload: {call: g, rate: 80/s}
deployments:
  one: {units: {ua: {services: [a], resources: {cpu: 2, memory: 1Gi}}, ub: {services: [b], resources: {cpu: 1,
        memory: 1Gi}}, ug: {services: [g]}}}
  two: {units: {ua: {services: [a], resources: {cpu: 1, memory: 1Gi}}, ub: {services: [b], resources: {cpu: 2,
        memory: 1Gi}}, ug: {services: [g]}}}
slos: {g: {call: g, p99: 175ms}}
prices: {currency: USD, vcpuHour: 0.04, gibHour: 0.005, unitHour: 0.02}
"""
LAWS = {
    "p50": 0.090 * math.log(2.0),
    "p90": 0.090 * math.log(10.0),
    "p99": 0.090 * math.log(100.0),
    "mean": 0.090,
}
"""Response times of M/M/1 at 0.9 with 9 ms of service are exponential with a mean of 90 ms (Kleinrock 1975)."""


def met_at_the_law(quantity: str, experiments: int) -> int:
    """How often one core is said to meet the limit that it misses half of the time."""
    topology = sim.loads(BUSY).replace({"slos": {"s": {"call": "s", quantity: LAWS[quantity]}}})
    made = (sim.capacity(topology, cores=(1, 2), max_replicas=1, seed=seed) for seed in range(experiments))
    return sum(one.met and one.cores["s"] == 1.0 for one in made)


def told_apart(experiments: int) -> int:
    """How often one of two mirror images is called cheapest."""
    topology, apart = sim.loads(MIRROR), 0
    for seed in range(experiments):
        made = {name: sim.capacity(topology, name, max_replicas=6, seed=seed) for name in ("one", "two")}
        apart += cheapest(made) is not None
    return apart


def main(experiments: int) -> None:
    """Print a line a claim."""
    for quantity in LAWS:
        wrong = met_at_the_law(quantity, experiments)
        print(f"limit at the law of {quantity}: one core 'met' in {wrong} of {experiments}", flush=True)
    print(f"mirror images: one is called cheapest in {told_apart(experiments)} of {experiments}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
