"""What may be handed to a figure: one result, several, or a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from ..errors import ResultError
from ..results import Results

if TYPE_CHECKING:
    from ..experiments.comparison import Comparison

Given: TypeAlias = "Results | Iterable[Results] | Mapping[str, Results] | Comparison"


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
