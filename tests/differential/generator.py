"""Random topologies from a seed: call graphs without cycles, trees of steps, deployments, workloads.

Half of the cases have all their times on a lattice of 1/512 s. What makes things wait, fail and end early is frequent
on purpose: `test_random.py` counts it.
"""

from __future__ import annotations

import random
from typing import Any

from twins import DETAILS, Case, ticks

Tree = dict[str, Any]
BALANCERS = ["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "CONSISTENT_HASH", {"choiceCount": "all"}, {"choiceCount": 3}]
DEEPEST = 3
"""Steps within steps."""


def random_case(seed: int) -> Case:
    """The case of a seed. It has a meaning: the compiler takes it."""
    return _Generator(seed).case()


def _balancers(draw: random.Random) -> list[str | Tree]:
    """As many as before there was `choice`, so that a seed still means what it meant."""
    distinct: list[str | Tree] = [{"choice": "distinct"}, {"choice": "distinct", "choiceCount": 3}]
    return [
        each if each not in ("LEAST_REQUEST", {"choiceCount": 3}) or draw.random() < 0.6 else draw.choice(distinct)
        for each in BALANCERS
    ]


class _Generator:
    """One case in the making."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lattice = seed % 2 == 1
        self.names = [f"s{number}" for number in range(self.random.randint(2, 8))]
        # A busy run: mean work is so long, beside the gaps between arrivals, that it piles up.
        self.mean_ticks = self.random.choice([1, 2, 4, 6, 8])
        self.duration_ticks = self.random.choice([200, 400, 400, 600])
        self.agreed = self.maybe(0.5)
        self.scheduling = self.random.choice(["FIFO", "PS"])
        self.balancers = _balancers(random.Random(seed * 2 + 1))
        self.balancer = self.random.choice(self.balancers)
        self.discipline = self.random.choice(["FIFO", "LIFO"])
        self.rich = {name for name in self.names if self.maybe(0.2)}  # those with two endpoints

        # What came later has draws of its own, so that a seed still means what it meant.
        self.later = random.Random(~seed)
        self.callers = self.later.random() < 0.6
        self.latest = random.Random(seed * 2 + 2**70)
        self.detection: Tree | None = None  # the first one, with which the others agree

        self.guarded = self.maybe(0.6)
        self.in_fallback = False
        self.policies = {"one": self.policy(), "two": self.policy() | {"inherits": "one"}} if self.guarded else {}

    def case(self) -> Case:
        draw = self.random
        tree: Tree = {
            "policies": self.policies,
            "simulation": self.simulation(),
            "services": {name: self.service(row) for row, name in enumerate(self.names)},
            "workload": self.workloads(),
        }
        tree["network"] = self.network(list(tree["workload"]))
        # services that do not agree cannot be a derived monolith; units say what theirs may not agree on
        deployment = draw.choice(["microservices", "monolith" if self.agreed else "units", "units"])
        if deployment == "units":
            free = [name for name, service in tree["services"].items() if service["kind"] == "service"]
            tree["deployments"] = {"units": {"units": self.units(free)}}
        seed, replication = draw.choice([0, 1, draw.getrandbits(64)]), draw.choice([0, 0, 1, draw.getrandbits(32)])
        # mostly the whole of a trace: what differs shows there first
        detail = draw.choice([*DETAILS, "attempts", "attempts", "attempts"])
        if self.maybe(0.7):
            self.go_wrong(tree)
        self.say_why(tree)
        return Case(tree, deployment, seed, replication, detail)

    def say_why(self, tree: Tree) -> None:
        """Handlers that fail at some step, by chance or at the end."""
        draw = self.latest
        for service in tree["services"].values():
            for handler in [service, *service.get("endpoints", {}).values()]:
                steps = handler.get("steps")
                if steps is not None and draw.random() < 0.15:
                    why, chance = draw.choice(["declined", "outOfStock"]), draw.choice([0.0, 0.2, 0.7])
                    steps.insert(draw.randint(0, len(steps)), {"fail": why, "probability": chance})
                    if draw.random() < 0.2:
                        steps.append({"fail": "always"})

    # -- small choices

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def time(self, mean_ticks: float, *, zero: bool = True) -> Any:
        """A time of some ticks: on the lattice, or from any law."""
        draw = self.random
        if zero and self.maybe(0.1):
            return "0s"
        if self.lattice:
            return ticks(draw.randint(1, max(1, round(2 * mean_ticks))))
        mean = f"{mean_ticks / 512 * draw.uniform(0.3, 1.7):.6f}s"
        kind = draw.choice(["exponential", "exponential", "constant", "uniform", "normal", "lognormal", "gamma",
                            "weibull", "pareto", "hyperexponential", "quantiles", "file"])  # fmt: skip
        if kind == "constant":
            return mean
        if kind == "exponential":
            return {"dist": kind, "mean": mean}
        if kind == "uniform":
            return {"dist": kind, "min": "100us", "max": f"{2 * mean_ticks / 512 + 0.0001:.6f}s"}
        if kind == "quantiles":
            return {"dist": "empirical", "quantiles": {"p0": "0s", "p50": mean, "p90": mean, "p100": "200ms"}}
        if kind == "file":
            return {"dist": "empirical", "file": tuple(round(draw.uniform(0.0, 0.02), 6) for _ in range(5))}
        return {"dist": kind, "mean": mean, "cv": draw.choice([1.2, 2.5] if kind == "hyperexponential" else [0.4, 1.3])}

    # -- services

    def service(self, row: int) -> Tree:
        draw = self.random
        service: Tree = {
            "replicas": draw.choice([1, 1, 1, 2, 3, 5]) if row == 0 or not self.maybe(0.04) else 0,
            "resources": {"cpu": draw.choice([1, 1, 1, 2, 3, 0.5])},
            "speed": draw.choice([1, 1, 2, 0.5] if self.lattice else [1, 1, 1.3, 0.7]),
            "scheduling": self.scheduling if self.agreed else draw.choice(["FIFO", "FIFO", "PS"]),
            "loadBalancer": self.balancer if self.agreed else draw.choice(self.balancers),
            "kind": draw.choice(["database", "cache", "external"]) if row > 0 and self.maybe(0.1) else "service",
        }
        if self.callers:
            service |= self.limits()
        if self.maybe(0.45):
            service |= self.slots()
        if self.maybe(0.3):
            service["errorRate"] = draw.choice([0.02, 0.1, 0.4])
        if self.names[row] in self.rich:
            steps = {"get": self.steps(row, DEEPEST), "put": self.steps(row, 1)}
            endpoints: Tree = {name: {"steps": inner} for name, inner in steps.items()}
            endpoints["put"]["errorRate"] = draw.choice([0, 0.3])
            return service | {"endpoints": endpoints}
        return service | {"steps": self.steps(row, DEEPEST)}

    def slots(self) -> Tree:
        queue: Tree = {"discipline": self.discipline}
        if self.maybe(0.7):
            queue["capacity"] = self.random.choice([0, 1, 3, 8])
        return {"concurrency": self.random.choice([1, 2, 4, 6, 8]), "queue": queue}

    # -- steps

    def steps(self, row: int, depth: int) -> list[Tree]:
        """Some steps of a service, which may call those after it."""
        most = 3 if depth == DEEPEST else 2
        return [self.step(row, depth) for _ in range(self.random.randint(0 if self.maybe(0.2) else 1, most))]

    def step(self, row: int, depth: int) -> Tree:
        verbs = ["cpu", "cpu", "cpu", "sleep"]
        if row + 1 < len(self.names):
            verbs += ["call"] * 5 + ["send"]
        if depth > 1:
            verbs += ["parallel", "parallel", "choose"]
        step = self.body(self.random.choice(verbs), row, depth)
        if self.maybe(0.15):
            step["probability"] = self.random.choice([0.0, 0.3, 0.7])
        if self.maybe(0.15):
            step["times"] = self.random.choice([0, 2, 2, 3])
        return step

    def body(self, verb: str, row: int, depth: int) -> Tree:
        draw = self.random
        if verb in ("cpu", "sleep"):
            return {verb: self.time(self.mean_ticks)}
        if verb == "parallel":
            branches = [{"steps": self.steps(row, depth - 1)} for _ in range(draw.randint(1, 3))]
            return {"parallel": branches}
        if verb == "choose":
            count = draw.randint(1, 3)
            weights = [draw.choice([0, 1, 1, 2.5]) for _ in range(count - 1)] + [1]
            return {"choose": [{"weight": weight, "steps": self.steps(row, depth - 1)} for weight in weights]}
        # a call far down the graph is rare: a chain makes many attempts
        step: Tree = {verb: self.endpoint(draw.choice(self.names[row + 1 : row + 4]))}
        if verb == "call" and self.maybe(0.35):
            step["timeout"] = ticks(draw.randint(1, 8 * self.mean_ticks))
        if verb == "call" and self.guarded:
            step |= self.guard(row)
        return step

    # -- policies

    def guard(self, row: int) -> Tree:
        """A named policy, keys of a policy, or both."""
        keys: Tree = {"policy": self.random.choice(list(self.policies))} if self.maybe(0.5) else {}
        if self.maybe(0.4):
            keys |= self.policy()
        if self.maybe(0.25) and not self.in_fallback:
            self.in_fallback = True
            keys["fallback"] = {"steps": self.steps(row, 1)}
            self.in_fallback = False
        return keys

    def policy(self) -> Tree:
        draw = self.random
        policy: Tree = {}
        if self.maybe(0.7):
            policy["retries"] = self.retries()
            if self.maybe(0.3):
                policy["retryBudget"] = {
                    "percent": draw.choice([0, 20, 60]),
                    "minRetryConcurrency": draw.choice([0, 1, 3]),
                }
        if self.maybe(0.4):
            policy["circuitBreaker"] = self.breaker()
        if self.maybe(0.4):
            policy["bulkhead"] = {"maxConcurrentCalls": draw.choice([1, 1, 2, 4]),
                                  "maxWaitDuration": draw.choice([0, self.ticks(), self.ticks()])}  # fmt: skip
        return policy | self.patience() if self.callers else policy

    def patience(self) -> Tree:
        """Timeouts that are drawn or told, and second tries."""
        draw, policy = self.later, {}
        if draw.random() < 0.5:
            most = 8 * self.mean_ticks
            times = [draw.randint(1, most) / 512 for _ in range(3)]
            if draw.random() < 0.1:
                times[0] = 0.0
            policy["timeout"] = draw.choice([ticks(draw.randint(1, most)), {"dist": "empirical", "file": tuple(times)}])
            policy["deadline"] = draw.choice(["propagate", "propagate", "ignore"])
        if draw.random() < 0.4:
            policy["hedge"] = {"after": draw.choice([0, *(ticks(draw.randint(1, 2 * self.mean_ticks)) for _ in "123")])}
        return policy

    def limits(self) -> Tree:
        """What a target does to all who call it."""
        draw, keys = self.later, {}
        if draw.random() < 0.2:
            keys["rateLimit"] = {
                "limitForPeriod": draw.randint(1, 4),
                "limitRefreshPeriod": ticks(draw.randint(1, 30)),
                "timeoutDuration": draw.choice([0, ticks(draw.randint(1, 40)), ticks(draw.randint(1, 100))]),
            }
        if draw.random() < 0.3:
            if self.detection is None or not self.agreed:
                self.detection = {
                    "consecutive5xxErrors": draw.randint(1, 3),
                    "interval": ticks(draw.randint(1, 60)),
                    "baseEjectionTime": ticks(draw.randint(1, 100)),
                    "maxEjectionPercent": draw.choice([50, 100]),
                }
            keys["outlierDetection"] = self.detection
        return keys

    def retries(self) -> Tree:
        draw = self.random
        retries: Tree = {
            "attempts": draw.choice([0, 1, 1, 2, 3]),
            "backoff": draw.choice([0, self.ticks(), self.ticks()]),
        }
        if self.maybe(0.5):
            retries["perTryTimeout"] = self.ticks()
        if self.maybe(0.3):
            retries["retryOn"] = draw.sample(["error", "timeout", "rejected", "unreachable"], k=draw.randint(1, 3))
        jitters = ["none"] if self.lattice else ["none", "full", "equal", "decorrelated"]
        return retries | {"jitter": draw.choice(jitters)}

    def breaker(self) -> Tree:
        draw = self.random
        breaker: Tree = {
            "slidingWindowType": draw.choice(["COUNT_BASED", "COUNT_BASED", "TIME_BASED"]),
            "slidingWindowSize": draw.choice([1, 2, 5]),
            "minimumNumberOfCalls": draw.choice([1, 2, 4]),
            "failureRateThreshold": draw.choice([30, 50, 100]),
            "waitDurationInOpenState": draw.choice([0, self.ticks(), self.ticks()]),
            "permittedNumberOfCallsInHalfOpenState": draw.choice([1, 2, 3]),
            "maxWaitDurationInHalfOpenState": draw.choice([0, 0, self.ticks()]),
        }
        if self.maybe(0.5):
            breaker |= {"slowCallDurationThreshold": self.ticks(), "slowCallRateThreshold": draw.choice([50, 100])}
        return breaker

    def ticks(self) -> str:
        """Some whole ticks, a few times as long as work takes."""
        return ticks(self.random.randint(1, 8 * self.mean_ticks))

    def endpoint(self, name: str) -> str:
        """What can be called of a service."""
        return f"{name}.{self.random.choice(['get', 'put'])}" if name in self.rich else name

    # -- the network

    def network(self, workloads: list[str]) -> Tree:
        network: Tree = {"links": []}
        if self.maybe(0.7):
            network["latency"] = self.time(self.mean_ticks / 2)
        if self.maybe(0.25):
            network["serialization"] = self.time(self.mean_ticks / 4)
        pairs = [(one, other) for row, one in enumerate(self.names) for other in self.names[row + 1 :]]
        pairs += [(name, other) for name in workloads for other in self.names]
        for caller, target in self.random.sample(pairs, min(len(pairs), self.random.randint(0, 5))):
            link: Tree = {"from": caller, "to": target}
            if self.maybe(0.6):
                link["latency"] = self.time(self.mean_ticks / 2)
            if self.maybe(0.5):
                link["loss"] = self.random.choice([0.03, 0.2])
            if self.maybe(0.4):
                link["errorRate"] = self.random.choice([0.05, 0.3])
            network["links"].append(link)
        return network

    # -- what goes wrong

    def go_wrong(self, tree: Tree) -> None:
        """Failures of some services, startups, and a list of faults."""
        draw = self.random
        for service in tree["services"].values():
            if self.maybe(0.25):
                service["failures"] = {"mtbf": self.up_or_down(20, 60, 200), "mttr": self.up_or_down(0, 2, 10, 40)}
            if self.maybe(0.4):
                service["startup"] = self.time(draw.choice([3, 15]))
            if self.maybe(0.4):
                service["healthCheck"] = ticks(draw.randint(0, 20))
        for body in tree.get("deployments", {}).values():
            for unit in body["units"].values():
                if self.maybe(0.3):
                    unit["startup"] = self.time(draw.choice([3, 15]))
                    unit["healthCheck"] = ticks(draw.randint(0, 20))
        tree["faults"] = [self.fault(tree) for _ in range(draw.choice([0, 1, 2, 4, 8]))]

    def up_or_down(self, *means: int) -> Any:
        """Some ticks: their mean, or just so many."""
        time = ticks(self.random.choice(means))
        return {"dist": "constant", "value": time} if self.lattice or self.maybe(0.3) else time

    def fault(self, tree: Tree) -> Tree:
        draw = self.random
        target = draw.choice(self.names[:4])
        kind = draw.choice(["kill", "kill", "slow", "pause", "pause", "abort", "delay", "partition"])
        fault: Tree = {
            "target": target,
            # few times, so that faults meet; some at the very beginning, at the horizon and after it
            "at": ticks(draw.choice([0, 10, 40, 40, 100, 100, 100, 150, self.duration_ticks, self.duration_ticks + 9])),
            "for": ticks(draw.choice([0, 5, 20, 50, 50, 60, 200])),
        }
        block: Tree = {}
        replicas = tree["services"][target]["replicas"]
        if kind in ("kill", "slow", "pause", "abort") and replicas > 0 and self.maybe(0.5):
            block["replicas"] = draw.choice([1, replicas])
        if kind == "slow":
            block["factor"] = draw.choice([0.5, 2, 4])
        if kind in ("abort", "delay") and self.maybe(0.6):
            block["percentage"] = draw.choice([0, 20, 70])
        if kind == "delay":
            block["fixedDelay"] = self.ticks()
        if kind in ("abort", "delay", "partition") and self.maybe(0.4):
            fault["from"] = draw.choice([name for name in [*self.names, *tree["workload"]] if name != target])
        if kind == "kill" and self.maybe(0.2):
            del fault["for"]
        return fault | {kind: block}

    # -- who shares a process

    def units(self, free: list[str]) -> Tree:
        """Groups of services; each says what its services may not agree on."""
        draw = self.random
        draw.shuffle(free)
        units: Tree = {}
        while free and (not units or self.maybe(0.6)):
            members, free = free[: draw.randint(1, 4)], free[4:]
            unit: Tree = {
                "services": members,
                "scheduling": draw.choice(["FIFO", "PS"]),
                "loadBalancer": draw.choice(self.balancers),
                "resources": {"cpu": draw.choice([1, 1, 2, 4, 0.5])},
                "replicas": draw.choice([1, 1, 2, 3]),
            }
            if self.maybe(0.5):
                unit |= self.slots()
            if self.callers:  # what its services may not agree on
                unit["outlierDetection"] = {"maxEjectionPercent": self.later.choice([0, 50, 100]), "interval": ticks(9),
                                            "consecutive5xxErrors": 2, "baseEjectionTime": ticks(20)}  # fmt: skip
            units[f"u{len(units)}"] = unit
        return units

    # -- workloads, and the frame of the run

    def simulation(self) -> Tree:
        draw = self.random
        warmup = draw.choice(["0s", "auto", ticks(37), ticks(50)])
        drain = draw.choice(["0s", ticks(20), ticks(200), ticks(400)])
        return {"duration": ticks(self.duration_ticks), "warmup": warmup, "drain": drain}

    def workloads(self) -> Tree:
        names = ["w", "another", "third"][: self.random.choice([1, 1, 2, 3])]
        workloads = {name: self.workload() | self.entries() for name in names}
        for workload in workloads.values():
            if self.guarded and self.maybe(0.4):
                workload["policy"] = self.random.choice(list(self.policies))
        return workloads

    def entries(self) -> Tree:
        draw = self.random
        targets = [self.endpoint(name) for name in (self.names[0], *draw.choices(self.names, k=2))]
        if self.maybe(0.7):
            return {"call": targets[0]}
        return {"calls": [{"call": target, "weight": draw.choice([1, 2, 0.5])} for target in dict.fromkeys(targets)]}

    def workload(self) -> Tree:
        draw = self.random
        rates = [16, 64, 128] if self.lattice else [15.5, 60, 110]
        shape = draw.choice(["poisson", "poisson", "even", "even", "stages", "users", "replay"])
        if self.lattice and shape == "poisson":
            shape = "replay"
        if shape in ("poisson", "even"):
            return {"rate": f"{draw.choice(rates)}/s", "arrivals": shape}
        if shape == "stages":
            return self.stages(rates)
        if shape == "users":
            think = self.time(draw.choice([2, 20]), zero=False)
            return {"users": draw.choice([1, 3, 8]), "thinkTime": think}
        arrivals = sorted(draw.randrange(0, self.duration_ticks + 10) // draw.choice([1, 4]) for _ in range(25))
        return {"replay": tuple(tick / 512 for tick in arrivals)}

    def stages(self, rates: list[float]) -> Tree:
        draw = self.random
        arrivals = "even" if self.lattice else draw.choice(["poisson", "even"])
        lengths = [self.duration_ticks // 2, *draw.choices([0, self.duration_ticks // 4], k=draw.randint(1, 5))]
        draw.shuffle(lengths)
        stages = [{"target": f"{draw.choice([0, 0, *rates])}/s", "duration": ticks(length)} for length in lengths]
        return {"startRate": f"{draw.choice([0, *rates])}/s", "stages": stages, "arrivals": arrivals}
