"""What may be handed to a figure: one result, several, or a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import pandas as pd

from ..errors import ResultError
from ..results import Results


class ComparisonLike(Protocol):
    """What `comparison` reads of a comparison."""

    @property
    def results(self) -> Mapping[str, Results]:
        """The runs, by deployment."""

    @property
    def baseline(self) -> str:
        """The deployment that the others are compared with."""

    @property
    def differences(self) -> pd.DataFrame:
        """By deployment and quantity: difference, low, high, shown."""

    @property
    def verdict(self) -> str:
        """The answer in a sentence."""


class KneeLike(Protocol):
    """Where a load curve bends."""

    @property
    def load(self) -> float:
        """The load at the knee."""

    @property
    def inside(self) -> bool:
        """Whether loads on both sides are shown to be worse."""


class LoadCurveLike(Protocol):
    """What `load_curve` reads of a load curve."""

    @property
    def table(self) -> pd.DataFrame:
        """One row a load and deployment."""

    @property
    def axis(self) -> str:
        """The column of the load."""

    @property
    def knees(self) -> Mapping[str, KneeLike | None]:
        """Where it bends, by deployment."""

    @property
    def saturation(self) -> Mapping[str, float]:
        """By theory, per second, by deployment."""

    @property
    def limits(self) -> Mapping[str, float]:
        """p99 latencies that slos allow, in seconds, by slo."""

    @property
    def headline(self) -> str:
        """The finding in a line."""

    @property
    def interrupted(self) -> bool:
        """Whether a part is missing."""

    @property
    def confidence(self) -> float:
        """Of the intervals."""

    @property
    def replications(self) -> int:
        """How many each point has."""


class FitLike(Protocol):
    """A law of scaling, fitted."""

    def throughput(self, size: float) -> float:
        """Per second, of a size."""


class CoreCurveLike(Protocol):
    """What `core_curve` reads of a core curve."""

    @property
    def table(self) -> pd.DataFrame:
        """One row a way and size."""

    @property
    def fits(self) -> Mapping[str, FitLike | None]:
        """The law, by way."""

    @property
    def laws(self) -> Mapping[str, str]:
        """What the law says in words, by way that has one."""

    @property
    def headline(self) -> str:
        """The finding in a line."""

    @property
    def overload(self) -> float:
        """Load by saturation rate."""

    @property
    def interrupted(self) -> bool:
        """Whether a part is missing."""

    @property
    def confidence(self) -> float:
        """Of the intervals."""

    @property
    def replications(self) -> int:
        """How many each point has."""


class VerdictLike(Protocol):
    """Who is cheaper at equal objectives."""

    @property
    def kind(self) -> str:
        """`cheaper`, `same`, `only` or `none`."""

    @property
    def winner(self) -> str:
        """A deployment, or nothing."""


class CrossoverLike(Protocol):
    """Two loads between which the cheaper deployment changes."""

    @property
    def after(self) -> float:
        """The last load before."""

    @property
    def before(self) -> float:
        """The first load after."""


class DrillLike(Protocol):
    """What `drill` reads of a drill."""

    @property
    def table(self) -> pd.DataFrame:
        """One row a deployment and policy set."""

    @property
    def timeline(self) -> pd.DataFrame:
        """One row a deployment, policy set and time."""

    @property
    def at_s(self) -> float:
        """When the first fault begins."""

    @property
    def until_s(self) -> float:
        """When the last one ends."""

    @property
    def horizon_s(self) -> float:
        """When the run ends."""

    @property
    def headline(self) -> str:
        """The fault in a line."""

    @property
    def interrupted(self) -> bool:
        """Whether a part is missing."""

    @property
    def replications(self) -> int:
        """How many each line is the mean of."""


class ScalingLike(Protocol):
    """What `scaling` reads of a scaling curve."""

    @property
    def table(self) -> pd.DataFrame:
        """One row a load and deployment."""

    @property
    def axis(self) -> str:
        """The column of the load."""

    @property
    def loads(self) -> Sequence[float]:
        """Ascending."""

    @property
    def verdicts(self) -> Sequence[VerdictLike]:
        """One a load."""

    @property
    def crossovers(self) -> Sequence[CrossoverLike]:
        """Where the cheaper deployment changes."""

    @property
    def price(self) -> str:
        """The column that says what is cheaper."""

    @property
    def currency(self) -> str | None:
        """Of the prices."""

    @property
    def limits(self) -> Mapping[str, float]:
        """p99 latencies that slos allow, in seconds, by slo."""

    @property
    def headline(self) -> str:
        """The finding in a line."""

    @property
    def interrupted(self) -> bool:
        """Whether a part is missing."""

    @property
    def confidence(self) -> float:
        """Of the intervals."""

    @property
    def replications(self) -> int:
        """How many each point has."""


class BreakEvenLike(Protocol):
    """What `break_even` reads of a map."""

    @property
    def cells(self) -> pd.DataFrame:
        """One row a cell."""

    @property
    def axes(self) -> Mapping[str, Sequence[object]]:
        """Values by path: to the right, then upwards."""

    @property
    def deployments(self) -> tuple[str, str]:
        """The two that are compared."""

    @property
    def objectives(self) -> Sequence[str]:
        """What both are sized to."""

    @property
    def headline(self) -> str:
        """The finding in a line."""

    @property
    def interrupted(self) -> bool:
        """Whether a part is missing."""

    @property
    def confidence(self) -> float:
        """Of the intervals."""

    @property
    def replications(self) -> int:
        """How many each cell has."""


Given: TypeAlias = Results | Iterable[Results] | Mapping[str, Results] | ComparisonLike


def named(given: Given) -> dict[str, Results]:
    """Results by the name that tells them apart."""
    if isinstance(given, Results):
        return {deployment_of(given): given}
    inner: Mapping[str, Results] | Iterable[Results] = given if isinstance(given, Iterable) else given.results
    found = dict(inner) if isinstance(inner, Mapping) else _by_name(list(inner))
    if not found:
        raise ResultError("there is no result to plot")
    return found


def _by_name(results: list[Results]) -> dict[str, Results]:
    deployments = [deployment_of(result) for result in results]
    topologies = [topology_of(result) for result in results]
    names = deployments
    if len(set(names)) < len(names) and len(set(topologies)) > 1:
        names = [f"{deployment} of {topology}" for deployment, topology in zip(deployments, topologies, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{number}: {name}" for number, name in enumerate(names, 1)]
    return dict(zip(names, results, strict=True))


def topology_of(result: Results) -> str:
    """Name of what was run."""
    return str(result.provenance["topology"])


def deployment_of(result: Results) -> str:
    """How it was deployed."""
    return str(result.provenance["deployment"])


def title_of(results: Mapping[str, Results]) -> str:
    """What the results have in common: the topology, and of one of them the deployment."""
    names = list(dict.fromkeys(topology_of(result) for result in results.values()))
    if len(results) == 1:
        return f"{names[0]} as {next(iter(results))}"
    return ", ".join(names)
