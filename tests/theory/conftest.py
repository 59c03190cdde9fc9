"""What the tests of laws share: how to run a topology, and how to judge a law by its replications.

Laws come from `simulator.theory`, which has tests of its own, or, where it has none, from a cited formula in the
test. Numbers come from the public face only.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy.stats import norm, t

import simulator as sim

CONFIDENCE = 0.95
WIDE = 4.5
"""Standard errors, of a normal mean, that a law may be away: one chance in 150,000."""
OFF = 0.95
"""What the anti-test multiplies an input by."""


class InThisProcess(Executor):
    """Runs a job when it is submitted: one process a test file is enough where files share the cores."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@dataclass(frozen=True)
class Measured:
    """The mean of a quantity over independent replications, and its standard error."""

    what: str
    mean: float
    error: float
    degrees: int

    @classmethod
    def of(cls, what: str, values: ArrayLike) -> Measured:
        """Of one value a replication."""
        numbers = np.asarray(values, dtype=np.float64)
        return cls(what, float(numbers.mean()), float(numbers.std(ddof=1) / np.sqrt(numbers.size)), numbers.size - 1)

    @classmethod
    def controlled(cls, what: str, values: ArrayLike, control: ArrayLike, expected: float) -> Measured:
        """Of one value a replication, by regression on a control with a known mean.

        The mean is the line's value where the control is as expected; its error is smaller by what the control
        explains. Source: S. S. Lavenberg, P. D. Welch, "A perspective on the use of control variables to increase the
        efficiency of Monte Carlo simulations", 1981.
        """
        numbers, away = np.asarray(values, dtype=np.float64), np.asarray(control, dtype=np.float64) - expected
        degrees = numbers.size - 2
        spread = ((away - away.mean()) ** 2).sum()
        slope = ((away - away.mean()) * numbers).sum() / spread
        rest = numbers - numbers.mean() - slope * (away - away.mean())
        error = np.sqrt((rest**2).sum() / degrees * (1.0 / numbers.size + away.mean() ** 2 / spread))
        return cls(what, float(numbers.mean() - slope * away.mean()), float(error), degrees)

    @property
    def half_width(self) -> float:
        """Of the 95 % interval."""
        return float(t.ppf((1.0 + CONFIDENCE) / 2.0, self.degrees)) * self.error

    @property
    def wide_half_width(self) -> float:
        """Of the interval that Student's t leaves as rarely as a normal mean is `WIDE` standard errors away."""
        return float(t.isf(norm.sf(WIDE), self.degrees)) * self.error

    def __add__(self, other: Measured) -> Measured:
        """The sum of two quantities of the same replications; its error is at most the sum of theirs."""
        return Measured(f"{self.what} + {other.what}", self.mean + other.mean, self.error + other.error, self.degrees)

    def __mul__(self, factor: float) -> Measured:
        return Measured(f"{factor:g} {self.what}", self.mean * factor, self.error * abs(factor), self.degrees)


class Run:
    """A simulated topology and what its replications measured."""

    def __init__(self, result: sim.Results) -> None:
        self.result = result
        self.degrees = int(result.summary["replications"]) - 1

    def _interval(self, what: str, row: Any) -> Measured:
        factor = t.ppf((1.0 + CONFIDENCE) / 2.0, self.degrees)
        return Measured(what, float(row["mean"]), float(row["half_width"] / factor), self.degrees)

    def service(self, name: str, quantity: str) -> Measured:
        """A quantity of one service."""
        return self._interval(f"{name} {quantity}", self.result.services_intervals.loc[(name, quantity)])

    def unit(self, name: str, quantity: str) -> Measured:
        """A quantity of one unit."""
        return self._interval(f"{name} {quantity}", self.result.units_intervals.loc[(name, quantity)])

    def number(self, name: str, cores: int) -> Measured:
        """Mean number present at a service without sleeps, from the integrals of its levels: waiting and busy."""
        return self.service(name, "queue_length") + self.service(name, "utilisation_ratio") * cores

    def whole(self, quantity: str) -> Measured:
        """A quantity of whole requests."""
        return self._interval(quantity, self.result.intervals.loc[quantity])

    def failed(self) -> Measured:
        """Share of the requests that failed in any way."""
        table = self.result.replications
        return Measured.of("share failed", table["errors"] / table["requests"])

    def latency(self, workload: str) -> Measured:
        """Mean latency of one workload."""
        table = self.result.latencies
        means = table[table["workload"] == workload].groupby("replication")["latency_s"].mean()
        return Measured.of(f"{workload} latency", means)

    def slower_than(self, time: float) -> Measured:
        """Share of the served requests with a latency above `time`."""
        table = self.result.latencies
        return Measured.of(f"latency > {time:g}", (table["latency_s"] > time).groupby(table["replication"]).mean())


class Controlled:
    """Long runs of one service, one result a replication, with its utilisation as control.

    What a queue does depends on how much work happened to arrive, and on that the utilisation tells: knowing its mean
    halves the length of a run that is needed for an interval. Wherever it is used it is judged on its own too, and far
    more precisely: an engine that gets it wrong cannot hide here.
    """

    def __init__(self, results: list[sim.Results], utilisation: float) -> None:
        self.results = results
        self.expected = utilisation
        self.control = self._values("utilisation_ratio")

    def _values(self, quantity: str) -> np.ndarray:
        return np.array([result.services[quantity].iloc[0] for result in self.results])

    def utilisation(self) -> Measured:
        """The control, as it is."""
        return Measured.of("utilisation", self.control)

    def service(self, quantity: str) -> Measured:
        """A quantity of the service."""
        return Measured.controlled(quantity, self._values(quantity), self.control, self.expected)

    def number(self, cores: int) -> Measured:
        """Mean number present, from the integrals of its levels: waiting and busy."""
        values = self._values("queue_length") + cores * self.control
        return Measured.controlled("number", values, self.control, self.expected)

    def whole(self, quantity: str) -> Measured:
        """A quantity of whole requests."""
        values = [result.summary[quantity] for result in self.results]
        return Measured.controlled(quantity, values, self.control, self.expected)

    def slower_than(self, time: float) -> Measured:
        """Share of the served requests with a latency above `time`."""
        values = [(result.latencies["latency_s"] > time).mean() for result in self.results]
        return Measured.controlled(f"latency > {time:g}", values, self.control, self.expected)


def seed_of(text: str) -> int:
    """A seed made from the words of a topology, so that no two share their luck."""
    return zlib.crc32(" ".join(text.split()).encode())


@pytest.fixture(scope="session")
def simulate(pytestconfig: pytest.Config) -> Callable[..., Run]:
    """Simulate a topology; 20 replications and no requests recorded unless said otherwise.

    A configuration is simulated once, by a fixture of the module that asks for it: by the fast engine, which the other
    one equals to the bit (tests/differential), or with `--all` by whichever a user would get.
    """
    engine = "auto" if pytestconfig.getoption("--all") else "compiled"

    def simulate_text(text: str, deployment: str = "microservices", **settings: Any) -> Run:
        settings = {"replications": 20, "detail": "summary", "seed": seed_of(text), "engine": engine, **settings}
        return Run(sim.simulate(sim.loads(text), deployment, executor=InThisProcess(), **settings))

    return simulate_text


@pytest.fixture(scope="session")
def simulate_controlled(simulate: Callable[..., Run]) -> Callable[..., Controlled]:
    """Simulate a topology of one service, of which the utilisation is known."""

    def run(text: str, utilisation: float, replications: int, **settings: Any) -> Controlled:
        seed = seed_of(text)
        runs = [simulate(text, replications=1, seed=seed + number, **settings) for number in range(replications)]
        return Controlled([run.result for run in runs], utilisation)

    return run


@pytest.fixture(scope="session")
def measured() -> type[Measured]:
    """`Measured`, for what a test computes itself."""
    return Measured


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Judge a law by what was measured: `judge(measured, law, narrow=0.02, **inputs)`.

    Three things have to hold, for one value a replication and Student's t over replications:

    *   the law, computed from `inputs`, lies inside a wide interval, which a right simulator leaves once in 150,000
        tests (4.5 standard errors of a normal mean; 6.1 with 20 replications, since the error is estimated too);
    *   the 95 % interval is narrow: its half width is under `narrow` of the law;
    *   the same check fails for the law of a slightly different system, with one input 5 % lower: for every input
        that is a float, one after the other. What should stay as it is, is no float or bound to the law beforehand.
    """

    def check(measured: Measured, law: Callable[..., float], *, narrow: float = 0.02, **inputs: Any) -> None:
        value = law(**inputs)
        distance = abs(measured.mean - value)
        deviation = (measured.mean - value) / measured.error if measured.error > 0.0 else np.inf
        half_width = measured.half_width / abs(value)
        request.node.user_properties.append(
            (measured.what, f"{deviation:+.2f} standard errors, half width {half_width:.2%}")
        )
        told = f"{measured.what} is {measured.mean:.6g} +- {measured.half_width:.2g}, the law says {value:.6g}"
        assert distance <= measured.wide_half_width, f"{told}: {deviation:+.1f} standard errors away"
        assert half_width <= narrow, f"{told}: half width {half_width:.2%} is over {narrow:.0%}"
        slips = [name for name, given in inputs.items() if isinstance(given, float)]
        assert slips, "nothing to slip: give the inputs of the law as floats"
        for name in slips:
            off = law(**inputs | {name: OFF * inputs[name]})
            assert abs(measured.mean - off) > measured.wide_half_width, (
                f"{told}; with {name} 5 % lower it would say {off:.6g}, and nobody would notice"
            )

    return check
