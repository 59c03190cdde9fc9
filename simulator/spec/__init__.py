"""What a user may say: the topology file, its models and its JSON Schema."""

from .deployments import Deployment, Prices, Slo, Unit, UnitResources
from .distributions import (
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
from .loading import load, loads
from .models import Topology
from .samples import example, examples
from .schema import json_schema
from .services import Endpoint, LoadBalancer, Queue, Resources, Service
from .settings import Link, Network, Simulation
from .steps import Branch, Call, Choose, Cpu, Fail, Fallback, Option, Parallel, Policy, Send, Sleep, Step
from .workloads import Entry, Stage, Workload

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
    "Fail",
    "Fallback",
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
    "Policy",
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
    "example",
    "examples",
    "json_schema",
    "load",
    "loads",
]
