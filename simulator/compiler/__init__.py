"""Topology to Plan: the only package that knows both."""

from .compile import compile_topology
from .napkin import Napkin, napkin

__all__ = ["Napkin", "compile_topology", "napkin"]
