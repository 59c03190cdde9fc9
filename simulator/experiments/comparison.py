"""The same requests through several deployments of one topology, and what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike

import pandas as pd

from ..answers import Answer, Answered, Later
from ..compiler import compile_topology
from ..errors import PlanError
from ..plan.engine import Detail
from ..results import Results, paired_difference
from ..results.display import conditions
from ..results.journeypairs import paired_journeys
from ..spec import Topology
from ..words import count
from . import verdict
from .engines import EngineName
from .judged import journeys_told
from .ranking import rank
from .replicate import Progress
from .saving import save_together
from .several import MICROSERVICES, Compared, read_several, unify
from .simulation import simulate_plans, with_settings
from .traffic import differing
from .verdict import service_cores


@dataclass(frozen=True)
class Comparison(Answered):
    """Deployments of one topology that got the same requests, needing the same work; or several topologies.

    Attributes
    ----------
    results
        By deployment, or by topology, in the order asked for; the first is the baseline.
    differences
        Other minus baseline, replication by replication. Index (deployment, quantity); columns baseline, other,
        difference, half_width, low, high (Student, of differences) and shown: whether the interval excludes 0.
    """

    results: dict[str, Results]
    differences: pd.DataFrame
    equal_cores: bool
    notes: tuple[str, ...] = ()
    """What was changed so that they can be compared."""
    other_traffic: Mapping[str, str] = field(default_factory=dict)
    """Those that do not get the same traffic as the baseline, and what differs (rule 11.25)."""

    @property
    def baseline(self) -> str:
        """The deployment that the others are compared with."""
        return next(iter(self.results))

    @property
    def summary(self) -> pd.DataFrame:
        """All replications together: one row a quantity, one column a deployment."""
        return pd.DataFrame({name: result.summary for name, result in self.results.items()})

    @property
    def intervals(self) -> pd.DataFrame:
        """The intervals of each result: index (deployment, quantity); mean, half_width, low, high."""
        return pd.concat({name: result.intervals for name, result in self.results.items()}, names=["deployment"])

    @property
    def ranking(self) -> pd.DataFrame:
        """One row each, the best first: those that meet every objective, by cost (or cores), and then the others."""
        return rank(self.results, {name: service_cores(result) for name, result in self.results.items()})

    @cached_property
    def _journeys(self) -> pd.DataFrame:
        first, *others = self.results.values()
        names = [*self.results][1:]
        pairs = {name: paired_journeys(first, one) for name, one in zip(names, others, strict=True)}
        return pd.concat(pairs, names=["deployment"])

    @property
    def _told(self) -> pd.DataFrame | None:
        """Where there are several."""
        return self._journeys if journeys_told(self.results) else None

    @property
    def journeys(self) -> pd.DataFrame:
        """The differences of each journey, what enters at one endpoint: index (deployment, journey, quantity).

        Quantities are latency_mean_s, its percentiles and availability_ratio; columns as those of `differences`. NaN
        is what only one of both has.
        """
        return self._journeys.copy()

    @property
    def verdict(self) -> str:
        """What the numbers say, in one plain sentence for each deployment other than the baseline."""
        return verdict.make_verdict(
            self.results,
            self.differences,
            equal_cores=self.equal_cores,
            journeys=self._told,
            other_traffic=self.other_traffic,
        )

    @property
    def met(self) -> bool:
        """Whether every deployment meets every objective."""
        return all(result.met for result in self.results.values())

    @property
    def warnings(self) -> dict[str, tuple[str, ...]]:
        """What each result warns of."""
        return {name: result.warnings for name, result in self.results.items()}

    def answer(self) -> Answer:
        """What differs, by how much, and how sure that is."""
        ranking, said, first = self.ranking, self.verdict, self.results[self.baseline]
        notes = (*self.notes, *self.other_traffic.values(), *verdict.about_costs(self.results))
        many = count(first.provenance["replications"], "replication")
        return Answer(
            headline=verdict.title(self.results, self.other_traffic),
            conditions=(conditions(first, many), *notes),
            sections=Later(lambda: verdict.sections(self.results, self.differences, ranking, self._told)),
            warnings=verdict.warnings(self.results),
            finding=said,
            content={
                "baseline": self.baseline,
                "equal_cores": self.equal_cores,
                "verdict": said,
                "notes": notes,
                "ranking": ranking.reset_index(),
                "differences": self.differences.reset_index(),
                "journeys": () if self._told is None else self._told.reset_index(),
                "results": self.results,
            },
        )

    def save(self, folder: str | PathLike[str]) -> None:
        """Save each result in a folder of its own, named as the deployment; older ones in the folder are replaced.

        Raises
        ------
        ResultError
            If the folder holds something else, or cannot be written. Then it is as it was before.
        """
        save_together(folder, self.results)

    def __repr__(self) -> str:
        return f"<Comparison of {' and '.join(self.results)}>"


def compare(
    topology: Topology | Sequence[Compared] | Mapping[str, Compared],
    deployments: Sequence[str] | None = None,
    *,
    equal_cores: bool = False,
    seed: int | None = None,
    replications: int | None = None,
    duration: str | float | None = None,
    warmup: str | float | None = None,
    confidence: str | float | None = None,
    engine: EngineName = "auto",
    detail: Detail = "requests",
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate several deployments on the same requests, and take paired differences.

    Parameters
    ----------
    topology
        One, or several to be compared with each other, before and after a change: topologies, or pairs of a topology
        and a deployment; a mapping names them. All are run with the settings of the first.
    deployments
        Two or more; the first is the baseline. Microservices and monolith by default; of several topologies each is
        taken as each of them, by default as microservices.
    equal_cores
        Give merged units the cores that their services have in `microservices` (rule 10.3), instead of the file's
        own sizes.
    seed, replications, duration, warmup, confidence, engine, detail, executor, progress
        As in `simulate`.

    Raises
    ------
    TopologyError, PlanError, EngineError
    """
    settings: dict[str, object] = {
        "seed": seed, "replications": replications, "duration": duration, "warmup": warmup, "confidence": confidence,
    }  # fmt: skip
    several, notes = _read(topology, deployments, settings)
    plans = [compile_topology(one, name, equal_cores=equal_cores) for one, name in several.values()]
    made = simulate_plans(plans, engine=engine, detail=detail, executor=executor, progress=progress)
    results = dict(zip(several, made, strict=True))
    differences = {name: paired_difference(made[0], results[name]) for name in [*several][1:]}
    table = pd.concat(differences, names=["deployment"])
    return Comparison(results, table, equal_cores, notes, differing(several))


def _read(
    given: Topology | Sequence[Compared] | Mapping[str, Compared],
    deployments: Sequence[str] | None,
    settings: Mapping[str, object],
) -> tuple[dict[str, tuple[Topology, str]], tuple[str, ...]]:
    """What is to be compared, by name, all with the same settings; and what was changed for that."""
    names = [deployments] if isinstance(deployments, str) else list(dict.fromkeys(deployments or ()))
    if not isinstance(given, Topology):
        several = read_several(given, names or [MICROSERVICES])
        return unify({name: (with_settings(one, **settings), other) for name, (one, other) in several.items()})
    if deployments is None:
        names = [MICROSERVICES, "monolith"]
    if len(names) < 2:
        raise PlanError("compare needs two different deployments, for example microservices and monolith")
    topology = with_settings(given, **settings)
    return {name: (topology, name) for name in names}, ()
