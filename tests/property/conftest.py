"""Random small topologies, and the arrays of a run.

A drawn topology is a tree of plain data in which a time is `Seconds`, a rate is `PerSecond` and the file of a replay is
`Times`: so that it can be written faster or slower by a power of two, exactly.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

import simulator as sim
from simulator.plan.engine import Detail
from simulator.plan.plan import Plan
from simulator.plan.trace import Trace

# How two traces are compared is the differential tests' own.
sys.path.insert(0, str(Path(__file__).parents[1] / "differential"))

import twins


class Seconds(float):
    """A duration."""


class PerSecond(float):
    """A rate."""


class Times(tuple):
    """Arrivals of a replay, in seconds."""


def ticks(low: int, high: int) -> st.SearchStrategy[Seconds]:
    """Multiples of 1/512 s, so that ties are everywhere."""
    return st.integers(low, high).map(lambda n: Seconds(n / 512))


def anything(low: float, high: float) -> st.SearchStrategy[Seconds]:
    """Of whole nanoseconds."""
    return st.integers(round(low * 1e9), round(high * 1e9)).map(lambda n: Seconds(n / 1e9))


def times_to_take(laws: str) -> st.SearchStrategy[Any]:
    """A time of a step; `laws` is lattice (of the whole topology: `Shape.lattice`), exact or all.

    Of those that are exact, doubling the parameter doubles each draw, before it is rounded.
    """
    constants = ticks(0, 12)
    if laws == "lattice":
        return constants
    mean = anything(1e-3, 0.03)
    wide = st.sampled_from([1.2, 2.0])
    narrow = st.sampled_from([0.3, 0.8, 1.5])
    exact = [
        constants,
        anything(0.0, 0.03),
        mean.map(lambda m: {"dist": "exponential", "mean": m}),
        st.tuples(mean, mean).map(lambda p: {"dist": "uniform", "min": min(p), "max": max(p)}),
        st.tuples(mean, narrow).map(lambda p: {"dist": "gamma", "mean": p[0], "cv": p[1]}),
        st.tuples(mean, narrow).map(lambda p: {"dist": "normal", "mean": p[0], "cv": p[1]}),
        st.tuples(mean, narrow).map(lambda p: {"dist": "pareto", "mean": p[0], "cv": p[1]}),
        st.tuples(mean, wide).map(lambda p: {"dist": "hyperexponential", "mean": p[0], "cv": p[1]}),
        mean.map(lambda m: {"dist": "empirical", "quantiles": {"p0": m, "p50": m, "p100": Seconds(4 * m)}}),
    ]
    others = [
        st.tuples(mean, narrow).map(lambda p: {"dist": "lognormal", "mean": p[0], "cv": p[1]}),
        st.tuples(mean, narrow).map(lambda p: {"dist": "weibull", "mean": p[0], "cv": p[1]}),
    ]
    return st.one_of(exact if laws == "exact" else exact + others)


@dataclasses.dataclass(frozen=True)
class Shape:
    """What a drawn topology may contain."""

    laws: str = "exact"
    network: bool = True  # latency, serialization
    loss: bool = True
    failures: bool = True  # error rates, zero replicas
    limits: bool = True  # slots and queues
    timeouts: bool = True
    policies: bool = True  # where there are timeouts
    sleeps: bool = True
    sends: bool = True
    paces: bool = True  # speeds, fractions of a core
    faults: bool = False  # failures, startups and what is planned to go wrong
    agree: bool = False  # on what services of one process have to agree on
    workloads: tuple[str, ...] = ("poisson", "even", "stages", "users", "replay")
    busy_until: float = 1.0  # share of the run in which requests arrive (stages and replay only, if below 1)

    @property
    def lattice(self) -> bool:
        """Whether all times are written ones or sums of them, so that doubling all doubles every instant exactly."""
        return self.laws == "lattice"


@st.composite
def a_policy(draw: Any, shape: Shape) -> dict[str, Any]:
    """Keys of a policy; their times scale with all others, so a window of whole seconds is not among them."""
    policy: dict[str, Any] = {}
    some = ticks(1, 30)
    if draw(st.booleans()):
        policy["timeout"] = draw(some)
    if draw(st.booleans()):
        jitter = draw(st.sampled_from(["none"] if shape.lattice else ["none", "full", "equal", "decorrelated"]))
        policy["retries"] = {"attempts": draw(st.integers(0, 3)), "backoff": draw(ticks(0, 8)), "jitter": jitter}
        if draw(st.booleans()):
            policy["retries"]["perTryTimeout"] = draw(some)
        if draw(st.booleans()):
            policy["retryBudget"] = {"percent": draw(st.sampled_from([0, 50])), "minRetryConcurrency": 1}
    if draw(st.booleans()):
        policy["circuitBreaker"] = {
            "slidingWindowSize": draw(st.integers(1, 6)),
            "failureRateThreshold": draw(st.sampled_from([40, 100])),
            "slowCallDurationThreshold": draw(some),
            "slowCallRateThreshold": draw(st.sampled_from([60, 100])),
            "waitDurationInOpenState": draw(some),
            "permittedNumberOfCallsInHalfOpenState": draw(st.integers(1, 3)),
            "maxWaitDurationInHalfOpenState": draw(ticks(0, 9)),
        }
    if draw(st.booleans()):
        policy["bulkhead"] = {"maxConcurrentCalls": draw(st.integers(1, 3)), "maxWaitDuration": draw(ticks(0, 12))}
    if draw(st.booleans()):
        policy["fallback"] = {"steps": [{"cpu": draw(ticks(0, 4))}] * draw(st.integers(0, 2))}
    return policy


def steps(shape: Shape, later: list[str], depth: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    taken = times_to_take(shape.laws)
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [taken.map(lambda t: {"cpu": t})]
    if shape.sleeps:
        kinds.append(taken.map(lambda t: {"sleep": t}))
    if later:
        target = st.sampled_from(later)
        kinds.append(target.map(lambda name: {"call": name}))
        if shape.timeouts:
            kinds.append(st.tuples(target, ticks(1, 30)).map(lambda p: {"call": p[0], "timeout": p[1]}))
        if shape.timeouts and shape.policies:
            kinds.append(st.tuples(target, a_policy(shape)).map(lambda p: {"call": p[0]} | p[1]))
        if shape.sends:
            kinds.append(target.map(lambda name: {"send": name}))
    if depth:
        inner = steps(shape, later, depth - 1)
        kinds.append(st.lists(inner.map(lambda s: {"steps": s}), min_size=1, max_size=3).map(lambda b: {"parallel": b}))
        options = st.tuples(st.sampled_from([0.5, 1.0, 3.0]), inner).map(lambda p: {"weight": p[0], "steps": p[1]})
        kinds.append(st.lists(options, min_size=1, max_size=3).map(lambda o: {"choose": o}))
    extra = st.sampled_from(
        [{}, {}, {}, {"times": 2}, {"times": 0}, {"probability": 0.5}, {"probability": 0.5, "times": 2}]
    )
    return st.lists(st.tuples(st.one_of(kinds), extra).map(lambda p: p[0] | p[1]), max_size=3)


@st.composite
def a_fault(draw: Any, names: list[str]) -> dict[str, Any]:
    """Something that goes wrong in a run of one second."""
    kinds = [
        {"kill": {}}, {"kill": {"replicas": 1}}, {"pause": {}}, {"slow": {"factor": 3}}, {"abort": {"percentage": 50}},
        {"delay": {"percentage": 60, "fixedDelay": Seconds(0.03)}}, {"partition": {}},
    ]  # fmt: skip
    when = {"at": draw(ticks(0, 600)), "for": draw(ticks(0, 150)), "target": draw(st.sampled_from(names))}
    return when | draw(st.sampled_from(kinds))


def mortal(draw: Any, service: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """A service whose replicas fail by chance, perhaps."""
    if draw(st.booleans()):
        up, repair = draw(ticks(20, 300)), draw(ticks(0, 50))
        if shape.lattice:
            up, repair = ({"dist": "constant", "value": time} for time in (up, repair))
        service["failures"] = {"mtbf": up, "mttr": repair}
    if draw(st.booleans()):
        service |= {"startup": draw(ticks(0, 20)), "healthCheck": draw(ticks(0, 20))}
    return service


@st.composite
def a_service(draw: Any, shape: Shape, later: list[str]) -> dict[str, Any]:
    service: dict[str, Any] = {
        "steps": draw(steps(shape, later, 1)),
        "replicas": draw(st.sampled_from([0, 1, 1, 2, 3] if shape.failures else [1, 1, 2, 3])),
        "scheduling": draw(st.sampled_from(["FIFO"] if shape.lattice else ["FIFO", "PS"])),
        "loadBalancer": draw(
            st.sampled_from(
                ["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM", "CONSISTENT_HASH",
                 {"simple": "LEAST_REQUEST", "choiceCount": "all"}, {"choiceCount": 3}, {"choice": "distinct"}]
            )
        ),
    }  # fmt: skip
    cpus = [1, 1, 2, 3, 0.5] if shape.paces else [1, 1, 2, 3]
    service["resources"] = {"cpu": draw(st.sampled_from(cpus))}
    if shape.paces:
        # half of a tick is no whole number of nanoseconds
        service["speed"] = draw(st.sampled_from([1, 0.5] if shape.lattice else [1, 1, 2, 0.75]))
    if shape.failures:
        service["errorRate"] = draw(st.sampled_from([0, 0, 0.1, 0.5]))
    if shape.limits and draw(st.booleans()):
        service["concurrency"] = draw(st.integers(1, 4))
        queue = {"capacity": draw(st.integers(0, 3)), "discipline": draw(st.sampled_from(["FIFO", "LIFO"]))}
        service["queue"] = queue if draw(st.booleans()) else {"discipline": queue["discipline"]}
    return service


@st.composite
def a_workload(draw: Any, shape: Shape, call: str, duration: float) -> dict[str, Any]:
    kind = draw(st.sampled_from(shape.workloads))
    end = duration * shape.busy_until
    if kind in ("poisson", "even"):
        return {"call": call, "rate": PerSecond(draw(st.sampled_from([16.0, 40.0, 64.0]))), "arrivals": kind}
    if kind == "stages":
        peak = PerSecond(draw(st.sampled_from([32.0, 96.0])))
        stages = [
            {"target": peak, "duration": Seconds(end / 2)},
            {"target": PerSecond(peak / 4), "duration": Seconds(0.0)},
            {"target": PerSecond(0.0), "duration": Seconds(end / 2)},
        ]
        arrivals, start = draw(st.sampled_from(["poisson", "even"])), PerSecond(draw(st.sampled_from([0.0, 8.0])))
        return {
            "call": call,
            "startRate": start,
            "stages": stages,
            "arrivals": arrivals,
        }
    if kind == "users":
        drawn = {"dist": "exponential", "mean": Seconds(0.05)}
        think = draw(ticks(4, 40) if shape.lattice else ticks(4, 40) | st.just(drawn))
        return {"call": call, "users": draw(st.integers(0, 4)), "thinkTime": think}
    times = draw(st.lists(ticks(0, int(512 * end) - 1), min_size=1, max_size=40).map(sorted))
    return {"call": call, "replay": Times(times)}


@st.composite
def draw_topology(draw: Any, shape: Shape = Shape()) -> dict[str, Any]:
    names = [f"s{i}" for i in range(draw(st.integers(1, 5)))]
    services = {name: draw(a_service(shape, names[i + 1 :])) for i, name in enumerate(names)}
    if shape.agree:
        for service in services.values():
            service |= {key: services["s0"][key] for key in ("scheduling", "loadBalancer")}
            if "queue" in service:
                service["queue"] |= {"discipline": "LIFO"}
            elif "concurrency" in service:
                service["queue"] = {"discipline": "LIFO"}
    duration = 1.0
    workload = {"w0": draw(a_workload(shape, names[0], duration))}
    if draw(st.booleans()):
        workload["another"] = draw(a_workload(shape, draw(st.sampled_from(names)), duration))
    network: dict[str, Any] = {}
    if shape.network:
        zero = st.just(Seconds(0.0))
        network = {"latency": draw(zero | times_to_take(shape.laws)), "serialization": draw(zero | zero | ticks(1, 3))}
        pairs = st.tuples(st.sampled_from([*names, "w0"]), st.sampled_from(names))
        wanted = draw(st.lists(pairs.filter(lambda p: p[0] != p[1]), max_size=3, unique=True))
        network["links"] = [
            {"from": caller, "to": target, "latency": draw(times_to_take(shape.laws))}
            | ({"loss": draw(st.sampled_from([0, 0.1]))} if shape.loss else {})
            | ({"errorRate": draw(st.sampled_from([0, 0.2]))} if shape.failures else {})
            for caller, target in wanted
        ]
    simulation = {"duration": Seconds(duration), "warmup": draw(ticks(0, 300)), "drain": Seconds(2.0)}
    if shape.faults:
        services = {name: mortal(draw, service, shape) for name, service in services.items()}
        some = [name for name, service in services.items() if service["replicas"] > 0]
        faults = draw(st.lists(a_fault(some), max_size=5)) if some else []
        return {"simulation": simulation, "network": network, "services": services, "workload": workload,
                "faults": faults}  # fmt: skip
    return {"simulation": simulation, "network": network, "services": services, "workload": workload}


@pytest.fixture(scope="session")
def topologies() -> Callable[..., st.SearchStrategy[dict[str, Any]]]:
    """The strategy of topologies that contain all but what is said."""
    return lambda **without: draw_topology(Shape(**without))


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., sim.Topology]:
    """A drawn tree as a topology, `slow` times as slow."""
    folder = tmp_path_factory.mktemp("replays")

    def plain(value: Any, slow: float) -> Any:
        if isinstance(value, Seconds):
            return f"{value * slow!r}s"
        if isinstance(value, PerSecond):
            return f"{value / slow!r}/s"
        if isinstance(value, Times):
            text = "arrival_s\n" + "".join(f"{time * slow!r}\n" for time in value)
            name = hashlib.sha256(text.encode()).hexdigest()[:20] + ".csv"
            (folder / name).write_text(text)
            return name
        if isinstance(value, Mapping):
            return {key: plain(item, slow) for key, item in value.items()}
        return [plain(item, slow) for item in value] if isinstance(value, list) else value

    return lambda tree, slow=1.0: sim.loads(json.dumps(plain(tree, slow)), base=folder)


@pytest.fixture(scope="session")
def run(pytestconfig: pytest.Config) -> Callable[..., Trace]:
    """One replication of a plan, by the fast engine; with `--all` by both: their traces have to be the same."""
    engines = [twins.CompiledEngine(), *([twins.ReferenceEngine()] if pytestconfig.getoption("--all") else [])]

    def trace(plan: Plan, seed: int = 1, replication: int = 0, detail: Detail = "attempts") -> Trace:
        case = twins.Case({}, seed=seed, replication=replication, detail=detail)
        answers = [twins.run(engine, plan, case) for engine in engines]
        assert [found for answer in answers[1:] for found in twins.differences(answer, answers[0])] == []
        assert isinstance(answers[0], Trace), answers[0]
        return answers[0]

    return trace


@pytest.fixture(scope="session")
def arrays() -> Callable[[Trace], dict[str, np.ndarray]]:
    """All columns of a trace by name."""

    def columns(trace: Any, prefix: str = "") -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for field in dataclasses.fields(trace):
            value = getattr(trace, field.name)
            if isinstance(value, np.ndarray):
                found[prefix + field.name] = value
            elif dataclasses.is_dataclass(value):
                found |= columns(value, f"{prefix}{field.name}.")
        return found

    return columns


@pytest.fixture(scope="session")
def assert_same(arrays: Any) -> Callable[[Trace, Trace], None]:
    """Two traces have the same bytes."""

    def check(one: Trace, other: Trace) -> None:
        first, second = arrays(one), arrays(other)
        assert first.keys() == second.keys()
        for name, column in first.items():
            assert column.dtype == second[name].dtype, name
            assert column.tobytes() == second[name].tobytes(), name

    return check
