"""A napkin answer before any run: loads, bottleneck, bounds and warnings of every deployment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..answers import Answer, Answered
from ..compiler import Napkin, compile_topology, napkin
from ..errors import PlanError
from ..words import count
from .engines import refuse_cut_peaks

if TYPE_CHECKING:
    from ..plan.plan import Plan
    from ..spec import Topology


@dataclass(frozen=True)
class Check(Answered):
    """What can be said of a topology without running it, by deployment; `refused` says why one cannot be run."""

    topology: str
    plans: dict[str, Plan]
    napkins: dict[str, Napkin]
    refused: dict[str, str]

    @property
    def warnings(self) -> dict[str, tuple[str, ...]]:
        """What should be looked at, by deployment."""
        return {name: plan.warnings for name, plan in self.plans.items()}

    def answer(self) -> Answer:
        """Of each deployment what theory knows and what should be looked at, or why it cannot be run."""
        known = [replace(self.napkins[name].answer(), warnings=plan.warnings) for name, plan in self.plans.items()]
        return Answer(
            headline=f"{self.topology}: well formed, {count(len(self.plans), 'deployment')}",
            sections=[
                *((one,) for one in known),
                *((f"{name} cannot be run: {why}",) for name, why in self.refused.items()),
            ],
            content={
                "topology": self.topology,
                "deployments": {
                    name: {"digest": plan.digest(), "warnings": plan.warnings, "napkin": self.napkins[name]}
                    for name, plan in self.plans.items()
                },
                "refused": self.refused,
            },
        )


def check(topology: Topology, deployments: list[str] | None = None) -> Check:
    """Compile every deployment, and say what theory knows of it.

    Parameters
    ----------
    deployments
        By default `microservices`, `monolith` and the file's own.

    Raises
    ------
    PlanError
        If a deployment has no meaning that can be run, for a derived monolith only if it was asked for; or a warmup is
        looked for in traffic that never settles.
    """
    names = deployments or list(dict.fromkeys(["microservices", "monolith", *topology.deployments]))
    plans, refused = {}, {}
    for name in names:
        try:
            plans[name] = compile_topology(topology, name)
        except PlanError as error:
            # Nobody asked for the derived monolith: that it cannot be made is no mistake of the file.
            if deployments or name != "monolith" or name in topology.deployments:
                raise
            refused[name] = str(error)
    refuse_cut_peaks(list(plans.values()))
    return Check(topology.name, plans, {name: napkin(plan) for name, plan in plans.items()}, refused)
