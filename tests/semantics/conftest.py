"""Tiny topologies with times in ticks of 1/512 s, whole nanoseconds and exact in seconds too: `4t` is four of them.

Every run is made by both engines, whose traces have to be the same bit for bit: a rule's test judges both.
"""

from __future__ import annotations

import hashlib
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import simulator as sim
from simulator.experiments import simulation
from simulator.plan.engine import Detail
from simulator.plan.plan import Plan
from simulator.plan.trace import Trace

# How two traces are compared is the differential tests' own.
sys.path.insert(0, str(Path(__file__).parents[1] / "differential"))

import twins

TICKS_PER_S = 512
NS_PER_TICK = 10**9 // TICKS_PER_S  # 1 953 125, without a rest


def in_ns(text: str) -> str:
    return re.sub(r"(?<![\w.])(\d+)t\b", lambda found: f"{int(found[1]) * NS_PER_TICK}ns", text)


def ticks(seconds: Sequence[float]) -> list[float | None]:
    """NaN, of what never ended, is None."""
    return [None if s != s else s * TICKS_PER_S for s in seconds]


class Run:
    """A result, in ticks."""

    def __init__(self, result: sim.Results) -> None:
        self.result = result

    @property
    def latencies(self) -> list[float | None]:
        return ticks(self.result.requests["latency_s"])

    @property
    def arrivals(self) -> list[float | None]:
        return ticks(self.result.requests["arrival_s"])

    @property
    def ends(self) -> list[float | None]:
        """When requests ended, in the order of their arrivals."""
        pairs = zip(self.arrivals, self.latencies, strict=True)
        return [None if latency is None else arrival + latency for arrival, latency in pairs]

    @property
    def outcomes(self) -> list[str]:
        return self.result.requests["outcome"].tolist()

    @property
    def causes(self) -> list[str]:
        return self.result.requests["cause"].tolist()

    @staticmethod
    def whole(column: Any) -> list[int | None]:
        """A column of times in nanoseconds: it has whole ones, divided once."""
        seconds = [None if s != s else s for s in column.tolist()]
        times = [None if s is None else round(s * 1e9) for s in seconds]
        assert seconds == [None if time is None else time / 1e9 for time in times]
        return times

    def spans(self, target: str) -> list[tuple[float | None, float | None, str]]:
        """Start, end and outcome of the attempts at a service, in the order of their starts."""
        rows = self.result.attempts.query("target == @target")
        return list(zip(ticks(rows["start_s"]), ticks(rows["end_s"]), rows["outcome"].tolist(), strict=True))

    def replicas(self, target: str) -> list[int]:
        """The replica of each attempt at a service."""
        return self.result.attempts.query("target == @target")["replica"].tolist()

    def number(self, service: str, column: str) -> Any:
        """A number of the table of services; seconds as ticks."""
        value = self.result.services.loc[service, column]
        return value * TICKS_PER_S if column.endswith("_s") and not column.endswith("_per_s") else value

    def busy(self, service: str, span: int) -> float:
        """Core-ticks within a span of so many ticks; a fraction of a core is one that is slower."""
        row = self.result.services.loc[service]
        cores = max(self.result.units.loc[row["unit"], "cores"], 1.0)
        return row["utilisation_ratio"] * row["replicas"] * cores * span

    def breakdown(self, service: str) -> dict[str, float]:
        """Ticks of the mean latency by component, those that are not 0."""
        row = self.result.breakdown.loc[service]
        return {name.removesuffix("_s"): s * TICKS_PER_S for name, s in row.items() if s > 0.0 and name != "total_s"}


class BothEngines:
    """Runs a plan with both engines, and gives the trace, or the error, on which they agree."""

    name = "both"

    def missing(self, plan: Plan) -> tuple[str, ...]:
        return ()

    def run(self, plan: Plan, *, seed: int, replication: int, detail: Detail) -> Trace:
        case = twins.Case({}, seed=seed, replication=replication, detail=detail)
        answers = [twins.run(engine, plan, case) for engine in (twins.ReferenceEngine(), twins.CompiledEngine())]
        assert list(twins.differences(*answers)) == []
        if isinstance(answers[0], sim.EngineError):
            assert str(answers[0]) == str(answers[1])
            raise answers[0]
        return answers[0]


@pytest.fixture
def both_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "choose_engine", lambda name, plans: (BothEngines(), "both are judged"))


@pytest.fixture(scope="session")
def here() -> Iterator[Executor]:
    """Where replications are run: a process for each would read all libraries anew."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def run(tmp_path: Path, both_engines: None, here: Executor) -> Any:
    """Simulate services given as YAML, with requests that arrive `at` some ticks, for 1024 ticks and as many more."""

    def simulate(
        services: str,
        at: Sequence[int] = (0,),
        *,
        call: str = "a",
        workload: str | None = None,
        files: dict[str, Sequence[int]] | None = None,
        extra: str = "",
        duration: str = "1024t",
        warmup: str = "0s",
        drain: str = "1024t",
        deployment: str = "microservices",
        **options: Any,
    ) -> Run:
        for name, times in {"arrivals.csv": at, **(files or {})}.items():
            rows = "\n".join(repr(t / TICKS_PER_S) for t in times)
            (tmp_path / name).write_text(f"arrival_s\n{rows}\n")
        workload = workload or f"{{call: {call}, replay: arrivals.csv}}"
        text = "\n".join(
            [
                f"simulation: {{duration: {duration}, warmup: {warmup}, drain: {drain}}}",
                f"workload: {workload}",
                "services:",
                textwrap.indent(textwrap.dedent(services), "  "),
                textwrap.dedent(extra),
            ]
        )
        topology = sim.loads(in_ns(text), base=tmp_path)
        given = {"detail": "attempts", "replications": 1, "seed": 1, "executor": here} | options
        return Run(sim.simulate(topology, deployment, **given))

    return simulate


@pytest.fixture
def compiled() -> Any:
    """Compile services given as YAML, all of which a workload calls."""

    def compile_text(services: str, deployment: str = "monolith", *, call: str = "a", extra: str = "", **options: Any):
        body = textwrap.indent(textwrap.dedent(services), "  ")
        text = f"workload: {{call: {call}, rate: 1/s}}\nservices:\n{body}\n{textwrap.dedent(extra)}"
        return sim.compile(sim.loads(in_ns(text)), deployment, **options)

    return compile_text


@pytest.fixture
def stream() -> Any:
    """A name to the first 32 bits of its SHA-256 (rule 6.4)."""
    return lambda name: int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
