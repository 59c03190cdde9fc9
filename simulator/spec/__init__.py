"""What a user may say: the topology file, its models and its JSON Schema."""

from simulator.spec.deployments import Deployment, Prices, Slo, Unit, UnitResources
from simulator.spec.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    Hyperexponential,
    LogNormal,
    Normal,
    Pareto,
    Uniform,
    Weibull,
)
from simulator.spec.loading import load, loads
from simulator.spec.models import Topology
from simulator.spec.schema import json_schema
from simulator.spec.services import Endpoint, LoadBalancer, Queue, Resources, Service
from simulator.spec.settings import Link, Network, Simulation
from simulator.spec.steps import Branch, Call, Choose, Cpu, Option, Parallel, Send, Sleep, Step
from simulator.spec.workload import Entry, Stage, Workload

__all__ = [
    "Branch",
    "Call",
    "Choose",
    "Constant",
    "Cpu",
    "Deployment",
    "Distribution",
    "Empirical",
    "Endpoint",
    "Entry",
    "Exponential",
    "Gamma",
    "Hyperexponential",
    "Link",
    "LoadBalancer",
    "LogNormal",
    "Network",
    "Normal",
    "Option",
    "Parallel",
    "Pareto",
    "Prices",
    "Queue",
    "Resources",
    "Send",
    "Service",
    "Simulation",
    "Sleep",
    "Slo",
    "Stage",
    "Step",
    "Topology",
    "Uniform",
    "Unit",
    "UnitResources",
    "Weibull",
    "Workload",
    "json_schema",
    "load",
    "loads",
]
