"""Topology to Plan: the only package that knows both."""

from simulator.compiler.compile import compile_topology
from simulator.compiler.napkin import Napkin, napkin

__all__ = ["Napkin", "compile_topology", "napkin"]
