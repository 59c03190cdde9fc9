"""Random topologies at the ends of every range: the least and the greatest that a key takes, nothing, and all of it.

Runs stay short: a high rate has a short run. What `check` accepts of these has to end in a result or in an error of
the simulator's own, whatever is asked of it.
"""

from __future__ import annotations

import random
from typing import Any

Tree = dict[str, Any]
BALANCERS = ["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "CONSISTENT_HASH", {"choiceCount": "all"}, {"choiceCount": 1000}]
PERCENTILES = ["p0", "p0.001", "p50", "p90", "p99", "p99.9", "p99.999", "p100"]
MOST_REQUESTS = 100.0
"""Of a run, about."""


def random_tree(seed: int) -> Tree:
    """The content of a file; not all of them have a meaning."""
    return _Maker(seed).tree()


class _Maker:
    """One file in the making."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = [f"s{number}" for number in range(self.random.choice([1, 1, 2, 2, 3, 5]))]
        self.rich = {name for name in self.names if self.maybe(0.3)}
        self.duration = self.random.choice([1e-6, 0.001, 0.5, 2.0, 2.0, 5.0, 5.0, 20.0, 20.0, 3600.0])
        self.time_scale = self.random.choice([1e-9, 1e-4, 1e-3, 1e-3, 0.01, 0.01, 0.1, 10.0])
        self.wild = self.random.choice([0.02, 0.1, 0.1, 0.4])

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def some(self, usual: list[Any], ends: list[Any]) -> Any:
        """One of the usual values, or of those at the ends of the range."""
        return self.random.choice(ends if self.maybe(self.wild) else usual)

    def tree(self) -> Tree:
        draw = self.random
        tree: Tree = {
            "simulation": self.simulation(),
            "network": self.network(),
            "policies": {"one": self.policy(), "two": self.policy() | {"inherits": "one"}},
            "services": {name: self.service(row) for row, name in enumerate(self.names)},
            "workload": {name: self.workload() for name in ["w", "v", "u"][: draw.choice([1, 1, 1, 2, 3])]},
        }
        if self.maybe(0.7):
            tree["slos"] = {f"o{number}": self.slo() for number in range(draw.choice([1, 1, 2, 4]))}
        if self.maybe(0.5):
            tree["prices"] = {key: self.some([0.04], [0, 1e-12, 1e12]) for key in ("vcpuHour", "gibHour", "unitHour")}
        if self.maybe(0.4):
            tree["faults"] = [self.fault() for _ in range(draw.choice([1, 1, 3]))]
        if self.maybe(0.3):
            tree["deployments"] = {"units": {"units": {"all": self.unit()}}}
        return tree

    # -- values

    def time(self) -> Any:
        draw = self.random
        if self.maybe(self.wild):
            return draw.choice(["0s", "1ns", "1us", "1h", "100000h"])
        mean = self.time_scale * draw.uniform(0.2, 2.0)
        text = f"{mean:.12f}s"
        dist = draw.choice(["constant", "constant", "exponential", "exponential", "uniform", "empirical", "lognormal",
                            "gamma", "weibull", "pareto", "normal", "hyperexponential"])  # fmt: skip
        if dist == "constant":
            return text
        if dist == "exponential":
            return {"dist": dist, "mean": text}
        if dist == "uniform":
            return {"dist": dist, "min": self.some(["0s"], [text]), "max": text}
        if dist == "empirical":
            return {"dist": dist, "quantiles": {"p0": "0s", "p50": text, "p100": self.some([text], ["1h"])}}
        cv = self.some([1.0, 1.5, 3.0], [1.0, 30.0, 1000.0] if dist == "hyperexponential" else [1e-6, 0.01, 30.0])
        return {"dist": dist, "mean": text, "cv": cv}

    def span(self) -> str:
        """A time that matters to a run."""
        return self.some(
            [f"{self.duration * self.random.choice([0.01, 0.1, 0.5]):.12f}s", f"{self.time_scale * 3:.12f}s"],
            ["0s", "1ns", f"{self.duration}s", "100000h"],
        )  # fmt: skip

    def call(self) -> str:
        name = self.random.choice(self.names)
        return f"{name}.{self.random.choice(['a', 'b'])}" if name in self.rich else name

    # -- the parts

    def simulation(self) -> Tree:
        draw = self.random
        return {
            "duration": f"{self.duration:.9f}s",
            "warmup": self.some([f"{self.duration / 10:.9f}s"], ["0s", "auto", f"{self.duration * 0.999:.9f}s"]),
            "replications": draw.choice([1, 2, 2, 2, 3]),
            "confidence": self.some([0.95], [1e-9, 0.5, 0.999999999]),
            "seed": self.some([1], [0, 2**63 - 1]),
            "drain": self.some(["5s"], ["0s", "1ns", "100000h"]),
        }

    def network(self) -> Tree:
        network: Tree = {}
        if self.maybe(0.5):
            network["latency"] = self.time()
        if self.maybe(0.2):
            network["serialization"] = self.time()
        if self.maybe(0.3):
            chance = self.some([0.1], [0, 1, 1e-12])
            network["links"] = [
                {"from": "w", "to": self.names[0], "loss": chance, "errorRate": self.some([0.1], [0, 1])}
            ]
        return network

    def service(self, row: int) -> Tree:
        draw = self.random
        service: Tree = {
            "kind": self.some(["service"], ["database", "cache", "external"]),
            "replicas": self.some([1, 1, 2, 3], [0, 1, 200]),
            "resources": {"cpu": self.some([1, 2, 0.5], [0.001, 1e-9, 1000]), "memory": self.some(["64Mi"], [0, 1e18])},
            "speed": self.some([1.0], [1e-6, 1e6]),
            "scheduling": draw.choice(["FIFO", "FIFO", "PS"]),
            "loadBalancer": self.some(["LEAST_REQUEST"], BALANCERS),
            "errorRate": self.some([0, 0.1], [0, 1, 1e-12]),
        }
        if self.maybe(0.4):
            service["concurrency"] = self.some([1, 8], [1, 10**9])
            service["queue"] = {"capacity": self.some([4], [0, 10**9]), "discipline": draw.choice(["FIFO", "LIFO"])}
        if self.maybe(0.15):
            service["failures"] = {"mtbf": self.some(["1s", "1h"], ["1us", "100000h"]), "mttr": self.span()}
        if self.maybe(0.15):
            service["startup"] = self.time()
        if self.maybe(0.15):
            service["healthCheck"] = self.span()
        if self.maybe(0.15):
            service["rateLimit"] = {
                "limitForPeriod": self.some([5], [1, 10**9]),
                "limitRefreshPeriod": self.some(["1s"], ["1us", "100000h"]),
                "timeoutDuration": self.span(),
            }
        if self.maybe(0.1):
            service["outlierDetection"] = {
                "consecutive5xxErrors": self.some([2], [1, 10**6]),
                "interval": self.some(["1s"], ["1ms", "100000h"]),
                "maxEjectionPercent": self.some([50], [0, 100]),
            }
        if self.names[row] in self.rich:
            return service | {"endpoints": {name: {"steps": self.steps(row, 2)} for name in "ab"}}
        return service | {"steps": self.steps(row, 2)}

    def steps(self, row: int, depth: int) -> list[Tree]:
        return [self.step(row, depth) for _ in range(self.random.choice([0, 1, 1, 2]))]

    def step(self, row: int, depth: int) -> Tree:
        draw = self.random
        verbs = ["cpu", "cpu", "sleep"]
        if row + 1 < len(self.names):
            verbs += ["call", "call", "call", "send"]
        if depth:
            verbs += ["parallel", "choose"]
        verb = draw.choice(verbs)
        step: Tree
        if verb in ("cpu", "sleep"):
            step = {verb: self.time()}
        elif verb == "parallel":
            step = {verb: [{"steps": self.steps(row, depth - 1)} for _ in range(draw.randint(1, 3))]}
        elif verb == "choose":
            step = {verb: [{"weight": weight, "steps": self.steps(row, depth - 1)}
                           for weight in (1, self.some([1, 3], [0, 1e-12, 1e12]))]}  # fmt: skip
        else:
            name = draw.choice(self.names[row + 1 :])
            step = {verb: f"{name}.{draw.choice('ab')}" if name in self.rich else name}
            if verb == "call":
                step |= self.guard()
        if self.maybe(0.03):
            refused = {"steps": [{"fail": "declined"}], "weight": self.some([1], [0, 1e12])}
            step = {"choose": [{"steps": [step]}, refused]}
        if self.maybe(0.2):
            step["probability"] = self.some([0.5], [0, 1, 1e-12])
        if self.maybe(0.2):
            step["times"] = self.some([2], [0, 1, 20])
        return step

    def guard(self) -> Tree:
        guard: Tree = {}
        if self.maybe(0.4):
            guard["policy"] = self.random.choice(["one", "two"])
        if self.maybe(0.2):
            guard["timeout"] = self.span_above_0()
        if self.maybe(0.1):
            guard["fallback"] = {"steps": []}
        return guard

    def span_above_0(self) -> str:
        return self.some([f"{self.time_scale * 2:.12f}s", "1s"], ["1ns", "100000h"])

    def policy(self) -> Tree:
        draw = self.random
        policy: Tree = {}
        if self.maybe(0.5):
            policy["timeout"] = self.span_above_0()
        if self.maybe(0.4):
            policy["retries"] = {
                "attempts": self.some([1, 3], [0, 20]), "backoff": self.span(), "maxBackoff": "100000h",
                "jitter": draw.choice(["none", "full", "equal", "decorrelated"]),
            }  # fmt: skip
            if self.maybe(0.5):
                policy["retries"]["perTryTimeout"] = self.span_above_0()
        if self.maybe(0.2):
            policy["retryBudget"] = {
                "percent": self.some([20], [0, 100]),
                "minRetryConcurrency": self.some([3], [0, 10**9]),
            }
        if self.maybe(0.3):
            policy["circuitBreaker"] = {
                "slidingWindowType": draw.choice(["COUNT_BASED", "TIME_BASED"]),
                "slidingWindowSize": self.some([10], [1, 10000]), "minimumNumberOfCalls": self.some([5], [1, 10**9]),
                "failureRateThreshold": self.some([50], [1e-9, 100]), "waitDurationInOpenState": self.span(),
                "permittedNumberOfCallsInHalfOpenState": self.some([3], [1, 10**6]),
            }  # fmt: skip
        if self.maybe(0.2):
            policy["bulkhead"] = {"maxConcurrentCalls": self.some([5], [1, 10**9]), "maxWaitDuration": self.span()}
        if self.maybe(0.2):
            policy["hedge"] = {"after": self.span()}
        if self.maybe(0.2):
            policy["deadline"] = draw.choice(["propagate", "ignore"])
        return policy

    def workload(self) -> Tree:
        draw = self.random
        workload: Tree = {}
        if self.maybe(0.6):
            workload["call"] = self.call()
        else:
            calls = list(dict.fromkeys(self.call() for _ in range(3)))
            workload["calls"] = [{"call": call, "weight": 1 if row == 0 else self.some([1], [0, 0, 1e-12, 1e12])}
                                 for row, call in enumerate(calls)]  # fmt: skip
        if self.maybe(0.2):
            workload["policy"] = draw.choice(["one", "two"])
        most = MOST_REQUESTS / self.duration
        rates = [most, most / 3, most / 10]
        shape = draw.choice(["rate", "rate", "rate", "stages", "users"])
        if shape == "rate":
            return workload | {"rate": self.rate(rates), "arrivals": draw.choice(["poisson", "poisson", "even"])}
        if shape == "stages":
            lengths = [0.0, self.duration / 2, self.duration, 10 * self.duration]
            stages = [
                {"target": self.rate(rates), "duration": f"{draw.choice(lengths):.9f}s"}
                for _ in range(draw.choice([1, 2, 3]))
            ]
            return workload | {
                "startRate": self.rate(rates),
                "stages": stages,
                "arrivals": draw.choice(["poisson", "even"]),
            }
        users = self.some([1, 5], [0, 1, 500])
        think = self.some(
            [f"{self.duration * max(users, 1) / 100:.9f}s"],
            ["100000h", f"{self.duration * max(users, 1) / 1000 + 1e-6:.9f}s"],
        )
        return workload | {"users": users, "thinkTime": think}

    def rate(self, usual: list[float]) -> str:
        return f"{self.some(usual, [0.0, 1e-9, 0.5 / self.duration]):.12f}/s"

    def slo(self) -> Tree:
        draw = self.random
        slo: Tree = {"call": self.call()}
        for key in draw.sample(PERCENTILES, draw.choice([0, 1, 1, 2])):
            slo[key] = self.some([f"{self.time_scale * 20:.12f}s"], ["0s", "1ns", "100000h"])
        if self.maybe(0.3):
            slo["mean"] = self.span_above_0()
        if self.maybe(0.4) or len(slo) == 1:
            slo["errorRate"] = self.some([0.01, 0.1], [0, 1, 1e-12])
        return slo

    def fault(self) -> Tree:
        draw = self.random
        kind = draw.choice(["kill", "slow", "pause", "abort", "delay", "partition"])
        block: Tree = {}
        if kind in ("kill", "slow", "pause", "abort"):
            block["replicas"] = self.some(["all", 1], ["all", 3])
        if kind == "slow":
            block["factor"] = self.some([3.0], [1.0, 1e-6, 1e6])
        if kind == "delay":
            block["fixedDelay"] = self.span()
        if kind in ("abort", "delay"):
            block["percentage"] = self.some([50], [0, 100, 1e-9])
        at = self.duration * draw.choice([0.0, 0.2, 0.2, 0.5, 1.0, 2.0])
        length = self.duration * self.some([0.1, 0.2], [0.0, 1e-3, 5.0])
        return {"at": f"{at:.12f}s", "for": f"{length:.12f}s", "target": draw.choice(self.names), kind: block}

    def unit(self) -> Tree:
        unit: Tree = {"services": self.random.sample(self.names, self.random.randint(1, len(self.names))),
                      "scheduling": "FIFO", "loadBalancer": "RANDOM",
                      "outlierDetection": {"maxEjectionPercent": 50}}  # fmt: skip
        if self.maybe(0.5):
            unit |= {"replicas": self.some([1, 2], [0, 100]), "resources": {"cpu": self.some([1, 4], [0.001, 1000])}}
        return unit
