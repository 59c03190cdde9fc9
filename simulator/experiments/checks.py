"""A napkin answer before any run: loads, bottleneck, bounds and warnings of every deployment."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..compiler import Napkin, compile_topology, napkin
from ..errors import PlanError
from .engines import refuse_cut_peaks

if TYPE_CHECKING:
    from ..plan.plan import Plan
    from ..spec import Topology

WIDTH = 100


@dataclass(frozen=True)
class Check:
    """What can be said of a topology without running it, by deployment; `refused` says why one cannot be run."""

    topology: str
    plans: dict[str, Plan]
    napkins: dict[str, Napkin]
    refused: dict[str, str]

    @property
    def warnings(self) -> dict[str, tuple[str, ...]]:
        """What should be looked at, by deployment."""
        return {name: plan.warnings for name, plan in self.plans.items()}

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "topology": self.topology,
            "deployments": {
                name: {
                    "digest": plan.digest(),
                    "warnings": list(plan.warnings),
                    "napkin": asdict(self.napkins[name]),
                }
                for name, plan in self.plans.items()
            },
            "refused": self.refused,
        }

    def __str__(self) -> str:
        many = "" if len(self.plans) == 1 else "s"
        parts = textwrap.wrap(f"{self.topology}: well formed, {len(self.plans)} deployment{many}", WIDTH)
        for name, plan in self.plans.items():
            parts += ["", self.napkins[name].render()]
            for warning in plan.warnings:
                parts += textwrap.wrap(f"warning: {warning}", WIDTH, subsequent_indent="  ")
        for name, why in self.refused.items():
            parts += ["", *textwrap.wrap(f"{name} cannot be run: {why}", WIDTH, subsequent_indent="  ")]
        return "\n".join(parts)


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
