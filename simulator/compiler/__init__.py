"""Topology to Plan: the only package that knows both."""

from .compile import compile_topology
from .deployments import UnitSize
from .napkin import Napkin, napkin

__all__ = ["Napkin", "UnitSize", "compile_topology", "napkin"]
