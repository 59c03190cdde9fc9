"""One small topology, and the features that can be put on it: each an edit of its tree; two of them make a pair."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

from twins import Case

Tree = dict[str, Any]
BASE: Tree = {
    "simulation": {"duration": "400ms", "warmup": "80ms", "drain": "200ms"},
    "network": {"latency": "500us", "links": []},
    "services": {
        "front": {"steps": [{"cpu": {"dist": "exponential", "mean": "4ms"}}, {"call": "mid"}]},
        "mid": {"replicas": 2, "steps": [{"cpu": {"dist": "exponential", "mean": "10ms"}}, {"call": "back"}]},
        "back": {"steps": [{"cpu": {"dist": "exponential", "mean": "5ms"}}]},
    },
    "workload": {"base": {"call": "front", "rate": "90/s"}},
    "deployments": {},
}
LONG_TAIL = {"dist": "lognormal", "mean": "3ms", "cv": 2}


@dataclasses.dataclass(frozen=True)
class Feature:
    """An edit of the tree. Two of one `group` exclude each other; `alone`: no pairs."""

    name: str
    edit: Callable[[Tree], None]
    deployment: str = "microservices"
    group: str = ""
    alone: bool = False


def compose(*features: Feature) -> Case:
    """The base with features on it, in the order of the table."""
    tree = copy.deepcopy(BASE)
    deployment = "microservices"
    for feature in sorted(features, key=FEATURES.index):
        feature.edit(tree)
        if feature.deployment != "microservices":
            deployment = feature.deployment
    return Case(tree, deployment)


def pairs() -> list[tuple[Feature, Feature]]:
    """Every two features that can be together."""
    social = [feature for feature in FEATURES if not feature.alone]
    return [
        (one, other) for one, other in itertools.combinations(social, 2) if not one.group or one.group != other.group
    ]


DISAGREEING = {"slots LIFO", "slots held", "two units"}
"""Two of them go together, but not all: one unit would have two orders in which slots are granted."""


def packs(size: int = 4) -> list[tuple[Feature, ...]]:
    """Few cases that have every pair among them: begun with the first that is missing, then whoever adds most."""
    missing = {frozenset(map(FEATURES.index, pair)): None for pair in pairs()}
    can_be_together = set(missing)
    found = []
    while missing:
        pack = sorted(next(iter(missing)))
        while len(pack) < size:
            able = [
                number
                for number in range(len(FEATURES))
                if number not in pack and all(frozenset((one, number)) in can_be_together for one in pack)
                if not {FEATURES[one].name for one in (*pack, number)} >= DISAGREEING
            ]
            pack.append(max(able, key=lambda number: sum(frozenset((one, number)) in missing for one in pack)))
        for pair in itertools.combinations(pack, 2):
            missing.pop(frozenset(pair), None)
        found.append(tuple(FEATURES[number] for number in pack))
    return found


def sleepers(rate: int) -> Case:
    """Requests that are asleep all at once, and whose events are in the calendar together."""
    steps = [{"sleep": {"dist": "exponential", "mean": "700ms"}}, {"cpu": "10us"}]
    return Case({
        "simulation": {"duration": "800ms", "warmup": "0s", "drain": "600ms"},
        "services": {"a": {"steps": steps}},
        "workload": {"w": {"call": "a", "rate": f"{rate}/s"}},
    })  # fmt: skip


def rarely_asked() -> Case:
    """Calls so far apart that an ejected replica's time ends between an answer and the next choice."""
    detection = {"consecutive5xxErrors": 1, "interval": "50ms", "baseEjectionTime": "60ms", "maxEjectionPercent": 50}
    return Case({
        "simulation": {"duration": "20s", "warmup": "0s"},
        "services": {
            "a": {"steps": [{"call": "b"}]},
            "b": {"steps": [{"cpu": "1ms"}], "errorRate": 0.4, "replicas": 3, "outlierDetection": detection},
        },
        "workload": {"w": {"call": "a", "rate": "7/s"}},
    })  # fmt: skip


# -- what edits are made of


def service(tree: Tree, name: str, *steps: Tree, **keys: Any) -> None:
    """A service is changed, or added, and does these steps after its own."""
    found = tree["services"].setdefault(name, {"steps": []})
    found.update(keys)
    if steps:
        found["steps"].extend(steps)


def every_service(tree: Tree, **keys: Any) -> None:
    """All services get these keys."""
    for name in tree["services"]:
        service(tree, name, **keys)


def link(tree: Tree, caller: str, target: str, **keys: Any) -> None:
    """A link gets these keys."""
    links = tree["network"]["links"]
    found = next((one for one in links if (one["from"], one["to"]) == (caller, target)), None)
    if found is None:
        found = {"from": caller, "to": target}
        links.append(found)
    found.update(keys)


def edge_link(tree: Tree, **keys: Any) -> None:
    """There is a network before the entries."""
    for name, workload in tree["workload"].items():
        for call in [workload["call"]] if "call" in workload else [entry["call"] for entry in workload["calls"]]:
            link(tree, name, call.partition(".")[0], **keys)


def patience(tree: Tree, caller: str, target: str, timeout: str) -> None:
    """A service's calls of another have a timeout."""
    for step in tree["services"][caller]["steps"]:
        if step.get("call") == target:
            step["timeout"] = timeout


def step(name: str, *steps: Tree, **keys: Any) -> Feature:
    """Feature: the front does more."""
    return Feature(name, lambda tree: service(tree, "front", *copy.deepcopy(steps)), **keys)


def workload(name: str, *, alone: bool = False, **keys: Any) -> Feature:
    """Feature: another workload, in the base's stead."""

    def edit(tree: Tree) -> None:
        tree["workload"].pop("base", None)
        tree["workload"][name.replace(" ", "-")] = {"call": "front"} | keys if "calls" not in keys else dict(keys)

    return Feature(name, edit, alone=alone)


def simulation(name: str, *, alone: bool = False, **keys: Any) -> Feature:
    """Feature: another frame of the run."""
    return Feature(name, lambda tree: tree["simulation"].update(keys), group="simulation", alone=alone)


def unit(name: str, *services: str, **keys: Any) -> Feature:
    """Feature: some services share a process, and those that are not named do not."""

    deployment = name.replace(" ", "-")

    def edit(tree: Tree) -> None:
        # what has to agree is written, so that any services can be together
        agreed = {"scheduling": "FIFO", "loadBalancer": "LEAST_REQUEST"}
        tree["deployments"][deployment] = {"units": {"shop": {"services": list(services)} | agreed | keys}}

    return Feature(name, edit, deployment, "deployment")


def latency(name: str, **distribution: Any) -> Feature:
    """Feature: a law of the latency."""
    return Feature(name, lambda tree: tree["network"].update(latency={"dist": name.split()[0], **distribution}),
                   group="latency", alone=name not in ("lognormal", "empirical quantiles"))  # fmt: skip


def everywhere(name: str, *, alone: bool = False, **keys: Any) -> Feature:
    """Feature: something that all services have."""
    return Feature(name, lambda tree: every_service(tree, **keys), group=next(iter(keys)), alone=alone)


# -- edits that are more than a line


def flaky(tree: Tree) -> None:
    """A sequence that stops at its first failure."""
    service(tree, "flaky", {"cpu": "1ms"}, errorRate=0.3)
    service(tree, "front", {"parallel": [{"steps": [{"call": "flaky", "times": 3}]}, {"sleep": "1ms"}]})


def failing_repetition(tree: Tree) -> None:
    """Steps that fail somewhere within a repetition, and an answer that is packed after that."""
    service(tree, "frail", {"cpu": "1ms"}, errorRate=0.2)
    service(tree, "mid", {"times": 2, "choose": [{"steps": [{"call": "frail", "times": 2}]}]})
    tree["network"].update(serialization=LONG_TAIL | {"mean": "300us"})


def two_endpoints(tree: Tree) -> None:
    """A service with an error rate, and an endpoint with another."""
    quick = {"steps": [{"sleep": "2ms"}], "errorRate": 0}
    tree["services"]["store"] = {"errorRate": 0.2, "endpoints": {"put": quick, "get": {"steps": [{"cpu": "1ms"}]}}}
    service(tree, "mid", {"call": "store.put"}, {"call": "store.get"})


def lossy_send(tree: Tree) -> None:
    """Messages for which nobody waits, that are lost, fail, are rejected, or arrive."""
    service(tree, "log", {"cpu": "9ms"}, concurrency=1, queue={"capacity": 1})
    link(tree, "front", "log", loss=0.2, errorRate=0.2)
    tree["services"]["front"]["steps"].insert(0, {"send": "log", "times": 2})


def send_nowhere(tree: Tree) -> None:
    service(tree, "void", {"cpu": "1ms"}, replicas=0)
    service(tree, "front", {"send": "void"})


def sends(tree: Tree) -> None:
    """Sends before and after work, and one that sends on."""
    service(tree, "mail", {"cpu": "2ms"}, {"send": "back"})
    tree["services"]["front"]["steps"].insert(0, {"send": "mail"})
    service(tree, "mid", {"send": "back"}, {"cpu": "1ms"})


def diamond(tree: Tree) -> None:
    """Two ways to one service at once."""
    service(tree, "left", {"cpu": "1ms"}, {"call": "back"})
    service(tree, "right", {"sleep": "1ms"}, {"call": "back"}, {"call": "mid"})
    service(tree, "front", {"parallel": [{"call": "left"}, {"call": "right"}]})


def chain(tree: Tree) -> None:
    """Services one behind the other, each working before and after its call."""
    for depth in range(6):
        calls = [{"call": f"deep{depth + 1}"}] if depth < 5 else []
        service(tree, f"deep{depth}", {"cpu": "500us"}, *calls, {"cpu": "250us", "probability": 0.5}, errorRate=0.01)
    service(tree, "front", {"call": "deep0"})


def database(tree: Tree) -> None:
    """What no unit hosts: also a monolith calls it over the network."""
    service(tree, "db", {"cpu": "1ms"}, {"sleep": "1ms"}, kind="database", resources={"cpu": 2}, concurrency=2)
    service(tree, "mid", {"call": "db"})
    service(tree, "back", {"call": "db"})


def lossy_with_timeout(tree: Tree) -> None:
    link(tree, "front", "mid", loss=0.15)
    patience(tree, "front", "mid", "45ms")


def scaled_out(tree: Tree) -> None:
    for name, replicas in (("front", 3), ("mid", 5), ("back", 4)):
        service(tree, name, {"cpu": LONG_TAIL}, {"sleep": LONG_TAIL}, replicas=replicas)


def no_time(tree: Tree) -> None:
    service(tree, "noop")
    service(tree, "front", {"cpu": "0s"}, {"sleep": "0s"}, {"call": "noop", "times": 2})


def guard(tree: Tree, **keys: Any) -> None:
    """All calls, wherever they are, get these keys of a policy, and the users their patience."""

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            if "call" in value and "rate" not in value and "weight" not in value:
                value.update(copy.deepcopy(keys))
            for item in list(value.values()):
                visit(item)
        elif isinstance(value, list):
            for item in value:
                visit(item)

    visit(tree["services"])
    users = {key: block for key, block in keys.items() if key != "fallback"}
    tree["policies"] = {"users": {"timeout": "150ms"} | copy.deepcopy(users)}
    for one in tree["workload"].values():
        one["policy"] = "users"


def guarded(name: str, **keys: Any) -> Feature:
    """Feature: a policy of all calls; put on last, so that it is on those of other features too."""
    return Feature(name, lambda tree: guard(tree, **keys), group="policy")


def failing(name: str, **keys: Any) -> Feature:
    """All services have some more keys, those that are about failures."""
    return Feature(name, lambda tree: every_service(tree, **keys), group="failing")


def faults(name: str, *some: Tree) -> Feature:
    """Some faults more."""
    return Feature(name, lambda tree: tree.setdefault("faults", []).extend(some))


def frail(tree: Tree) -> None:
    """Something that policies have to deal with."""
    service(tree, "back", errorRate=0.3)
    link(tree, "mid", "back", loss=0.05, errorRate=0.1)


FEATURES = [
    # steps
    step("parallel", {"parallel": [{"call": "back"}, {"cpu": "2ms"}, {"call": "mid"}]}),
    step("nested parallel", {"parallel": [
        {"parallel": [{"call": "back"}, {"steps": [{"sleep": "1ms"}, {"cpu": "1ms"}]}]},
        {"steps": [{"cpu": "1ms"}, {"parallel": [{"cpu": "1ms"}, {"call": "back"}]}]},
    ]}),
    step("empty parallel", {"parallel": [{"steps": []}, {"steps": [{"cpu": "1ms", "times": 0}]}]},
         {"parallel": [{"steps": []}, {"call": "back"}]}),
    step("choose", {"choose": [
        {"weight": 2, "steps": [{"call": "back"}, {"cpu": "1ms"}]}, {"weight": 0, "steps": [{"sleep": "1s"}]},
        {"weight": 3, "steps": []}, {"steps": [{"choose": [{"steps": [{"cpu": "1ms"}]}, {"steps": []}]}]},
    ]}),
    step("probability", {"call": "back", "probability": 0.4}, {"cpu": "3ms", "probability": 0.6, "times": 2}),
    step("times", {"call": "mid", "times": 2}, {"cpu": "1ms", "times": 0}, {"sleep": LONG_TAIL, "times": 3}),
    step("repeated parallel", {"times": 2, "parallel": [
        {"cpu": "1ms", "times": 2},
        {"steps": [{"call": "back", "times": 2, "probability": 0.7}, {"cpu": "500us", "times": 0}]},
    ]}),
    step("repeated choose", {"times": 3, "choose": [
        {"steps": [{"cpu": LONG_TAIL, "times": 2}]}, {"steps": [{"call": "back", "times": 2}]},
    ]}, alone=True),
    step("twice", {"call": "mid"}, {"call": "back"}, {"call": "back"}),
    step("fail", {"choose": [
        {"weight": 3, "steps": [{"call": "back"}]}, {"steps": [{"cpu": "1ms"}, {"fail": "declined"}]},
    ]}, {"parallel": [{"fail": "outOfStock", "probability": 0.2}, {"call": "back"}]}),
    Feature("no time", no_time),
    Feature("sleep", lambda tree: tree["services"]["mid"]["steps"].insert(0, {"sleep": LONG_TAIL})),
    Feature("flaky sequence", flaky),
    Feature("failing repetition", failing_repetition),
    Feature("two endpoints", two_endpoints),
    Feature("sends", sends),
    Feature("lossy send", lossy_send),
    Feature("send nowhere", send_nowhere),
    Feature("diamond", diamond),
    Feature("chain", chain),
    Feature("overload", lambda tree: service(tree, "back", {"cpu": {"dist": "exponential", "mean": "20ms"}})),
    # replicas, cores, slots
    Feature("scaled out", scaled_out),
    Feature("none ready", lambda tree: service(tree, "back", replicas=0)),
    Feature("cores", lambda tree: service(tree, "mid", {"parallel": [{"cpu": "9ms"}, {"cpu": LONG_TAIL}]},
                                          resources={"cpu": 3})),
    Feature("paces", lambda tree: service(tree, "mid", resources={"cpu": 0.5}, speed=1.7)),
    Feature("slots FIFO", lambda tree: service(tree, "mid", concurrency=1)),
    Feature("slots LIFO", lambda tree: service(tree, "back", concurrency=1,
                                               queue={"capacity": 4, "discipline": "LIFO"})),
    Feature("slots held", lambda tree: service(tree, "front", concurrency=3, queue={"capacity": 2})),
    Feature("slots lost", lambda tree: service(tree, "mid", concurrency=1, queue={"capacity": 0})),
    # failures, patience, network
    Feature("handler errors", lambda tree: service(tree, "mid", errorRate=0.2)),
    Feature("timeouts", lambda tree: patience(tree, "mid", "back", "7ms")),
    Feature("link errors", lambda tree: link(tree, "front", "mid", errorRate=0.2, latency=LONG_TAIL)),
    Feature("loss with timeout", lossy_with_timeout),
    Feature("loss for ever", lambda tree: link(tree, "mid", "back", loss=0.05)),
    Feature("serialization", lambda tree: tree["network"].update(serialization=LONG_TAIL | {"mean": "400us"})),
    Feature("database", database),
    latency("constant", value="0s"),
    latency("exponential", mean="2ms"),
    latency("uniform", min="1ms", max="4ms"),
    latency("normal", mean="2ms", cv=1.1),
    latency("lognormal", p50="1ms", p99="9ms"),
    latency("gamma", mean="2ms", cv=0.6),
    latency("gamma with a tail", mean="2ms", cv=1.7),
    latency("weibull", mean="2ms", cv=1.4),
    latency("pareto", mean="2ms", cv=1.4),
    latency("hyperexponential", mean="2ms", cv=2.5),
    latency("empirical quantiles", quantiles={"p0": "0s", "p50": "1ms", "p90": "5ms", "p100": "5ms"}),
    latency("empirical file", file=(0.0, 0.001, 0.001, 0.004)),
    # workloads
    workload("even", rate="80/s", arrivals="even"),
    workload("stages", startRate="10/s", stages=[
        {"target": "160/s", "duration": "150ms"}, {"target": "0/s", "duration": "0s"},
        {"target": "0/s", "duration": "50ms"}, {"target": "90/s", "duration": "0s"},
        {"target": "90/s", "duration": "100ms"}, {"target": "20/s", "duration": "80ms"},
    ]),
    workload("even stages", arrivals="even", stages=[
        {"target": "0/s", "duration": "30ms"}, {"target": "150/s", "duration": "200ms"},
        {"target": "40/s", "duration": "0s"}, {"target": "0/s", "duration": "300ms"},
    ]),
    workload("stages of nothing", alone=True, stages=[
        {"target": "0/s", "duration": "100ms"}, {"target": "0/s", "duration": "0s"},
    ]),
    workload("users", users=6, thinkTime={"dist": "exponential", "mean": "40ms"}),
    workload("eager users", users=3),
    workload("nobody", alone=True, users=0),
    workload("replay", replay=(0.0, 0.0, 0.1, 0.15, 0.15, 0.15, 0.2, 0.39, 0.5)),
    workload("entries", rate="90/s", calls=[{"call": "front", "weight": 3}, {"call": "back", "weight": 1},
                                            {"call": "mid", "weight": 0}, {"call": "mid", "weight": 2}]),
    Feature("edge", lambda tree: edge_link(tree, latency=LONG_TAIL, loss=0.05, errorRate=0.05)),
    Feature("frail", frail),
    # the frame
    simulation("no drain", drain="0s"),
    simulation("warmup off the grid", warmup="77777777ns"),
    simulation("warmup auto", alone=True, warmup="auto"),
    simulation("no warmup", alone=True, warmup="0s", duration="777777777ns"),
    # what all services have, and who is with whom
    everywhere("PS", scheduling="PS"),
    everywhere("round robin", loadBalancer="ROUND_ROBIN"),
    everywhere("random", alone=True, loadBalancer="RANDOM"),
    everywhere("hash", loadBalancer="CONSISTENT_HASH"),
    everywhere("one choice", alone=True, loadBalancer={"choiceCount": 1}),
    everywhere("three choices", alone=True, loadBalancer={"choiceCount": 3}),
    everywhere("two distinct choices", alone=True, loadBalancer={"choice": "distinct"}),
    everywhere("three distinct choices", loadBalancer={"choice": "distinct", "choiceCount": 3}),
    everywhere("all choices", loadBalancer={"choiceCount": "all"}),
    everywhere("slots everywhere", concurrency=2, queue={"capacity": 6, "discipline": "LIFO"}),
    Feature("monolith", lambda tree: None, "monolith", "deployment"),
    unit("two units", "front", "back", replicas=2, resources={"cpu": 2}),
    unit("tight unit", "front", "mid", replicas=2, concurrency=3, queue={"capacity": 2, "discipline": "LIFO"}),
    guarded("retries", retries={"attempts": 2, "perTryTimeout": "12ms", "backoff": "3ms"}, timeout="60ms"),
    guarded("eager retries", retries={"attempts": 3, "backoff": 0, "jitter": "none"}),
    guarded("decorrelated retries", retries={"attempts": 3, "perTryTimeout": "20ms", "backoff": "1ms",
                                             "jitter": "decorrelated"}, retryBudget={"minRetryConcurrency": 1}),
    guarded("breaker", timeout="25ms", circuitBreaker={
        "slidingWindowSize": 6, "minimumNumberOfCalls": 4, "slowCallDurationThreshold": "15ms",
        "slowCallRateThreshold": 60, "waitDurationInOpenState": "30ms", "permittedNumberOfCallsInHalfOpenState": 2,
        "maxWaitDurationInHalfOpenState": "40ms"}),
    guarded("breaker of seconds", timeout="25ms", retries={"jitter": "equal"}, circuitBreaker={
        "slidingWindowType": "TIME_BASED", "slidingWindowSize": 1, "minimumNumberOfCalls": 3,
        "waitDurationInOpenState": "50ms", "permittedNumberOfCallsInHalfOpenState": 3}),
    guarded("bulkhead", bulkhead={"maxConcurrentCalls": 1, "maxWaitDuration": "9ms"}, timeout="40ms"),
    guarded("full bulkhead", bulkhead={"maxConcurrentCalls": 1}, retries={"attempts": 2, "backoff": "4ms"}),
    guarded("all guards", timeout="70ms", retries={"perTryTimeout": "14ms", "backoff": "2ms"}, retryBudget={},
            bulkhead={"maxConcurrentCalls": 2, "maxWaitDuration": "6ms"},
            circuitBreaker={"slidingWindowSize": 10, "slowCallDurationThreshold": "8ms", "slowCallRateThreshold": 40,
                            "waitDurationInOpenState": "20ms", "permittedNumberOfCallsInHalfOpenState": 2},
            fallback={"steps": [{"cpu": "500us"}]}),
    guarded("deadline", timeout="14ms", deadline="propagate"),
    guarded("drawn patience", timeout={"dist": "exponential", "mean": "20ms"}, deadline="propagate",
            retries={"perTryTimeout": "9ms", "backoff": "1ms"}),
    guarded("hedge", hedge={"after": "6ms"}),
    guarded("hedge with all guards", hedge={"after": "3ms"}, timeout="60ms", deadline="propagate",
            retries={"attempts": 2, "perTryTimeout": "20ms", "backoff": "2ms"},
            retryBudget={"percent": 30, "minRetryConcurrency": 1},
            bulkhead={"maxConcurrentCalls": 2, "maxWaitDuration": "6ms"},
            circuitBreaker={"slidingWindowSize": 6, "waitDurationInOpenState": "20ms",
                            "permittedNumberOfCallsInHalfOpenState": 2}),
    everywhere("rate limit", rateLimit={"limitForPeriod": 2, "limitRefreshPeriod": "20ms", "timeoutDuration": "30ms"}),
    everywhere("tight rate limit", alone=True, rateLimit={"limitForPeriod": 1, "limitRefreshPeriod": "15ms",
                                                          "timeoutDuration": 0}),
    everywhere("outlier detection", outlierDetection={"consecutive5xxErrors": 2, "interval": "20ms",
                                                      "baseEjectionTime": "30ms", "maxEjectionPercent": 100}),
    guarded("fallback", timeout="15ms", fallback={"steps": [{"cpu": "1ms"}, {"sleep": LONG_TAIL}]}),
    failing("failures", failures={"mtbf": "60ms", "mttr": "15ms"},
            startup={"dist": "uniform", "min": "1ms", "max": "9ms"}),
    failing("failures known late", failures={"mtbf": "90ms", "mttr": {"dist": "constant", "value": "20ms"}},
            healthCheck="8ms"),
    faults("kill one", {"at": "100ms", "for": "60ms", "target": "mid", "kill": {"replicas": 1}},
           {"at": "120ms", "for": "40ms", "target": "mid", "kill": {}}, {"at": "250ms", "target": "front", "kill": {}}),
    faults("pause", {"at": "100ms", "for": "40ms", "target": "mid", "pause": {"replicas": 1}},
           {"at": "130ms", "for": "40ms", "target": "mid", "pause": {}},
           {"at": "150ms", "target": "mid", "kill": {"replicas": 1}},
           {"at": "200ms", "for": "30ms", "target": "back", "pause": {}}),
    faults("slow", {"at": "90ms", "for": "100ms", "target": "mid", "slow": {"factor": 2, "replicas": 1}},
           {"at": "150ms", "for": "100ms", "target": "mid", "slow": {"factor": 1.5}}),
    faults("bad network", {"at": "50ms", "for": "60ms", "target": "mid", "abort": {"percentage": 40, "replicas": 1}},
           {"at": "80ms", "for": "120ms", "from": "mid", "target": "back",
            "delay": {"percentage": 50, "fixedDelay": "7ms"}},
           {"at": "190ms", "for": "40ms", "from": "front", "target": "mid", "partition": {}},
           {"at": "300ms", "for": "40ms", "target": "front", "partition": {}}),
    unit("shared unit", "mid", "back", scheduling="PS", loadBalancer="ROUND_ROBIN", resources={"cpu": 2}),
]  # fmt: skip
