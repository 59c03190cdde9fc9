"""What advice is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ...plan.plan import Plan
from ...plan.walker import Handlers, read_handlers
from ...spec.models import Topology
from ..directory import Directory
from ..expectations import Expectations


@dataclass(frozen=True)
class Subject:
    """A plan, where it comes from, and what is expected of it."""

    directory: Directory
    plan: Plan
    expected: Expectations

    @property
    def topology(self) -> Topology:
        """What the file says."""
        return self.directory.topology

    @cached_property
    def handlers(self) -> Handlers:
        """The plan's handlers."""
        return read_handlers(self.plan)
