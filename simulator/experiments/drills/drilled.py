"""What a drill has found, as values."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ...answers import Answer, Answered
from . import report
from .brink import BACK


@dataclass(frozen=True, eq=False, repr=False)
class Drill(Answered):
    """A fault, what it did to each deployment with each policy set, and what came after it.

    Every number is a mean over replications of one run's, paired with the same run without the fault; beside it stands
    its `<quantity>_half_width` (Student).

    Attributes
    ----------
    table
        One row a deployment and policy set (`deployment`, `policies`): `same_as`, the set that is the same there, or
        empty; `requests` of a run; of them `lost`, `degraded`, `late`, the reverse of each, `gained`, `restored`,
        `sooner`, of users `not_asked`, `asked_more`; less its reverse `lost_net`, `degraded_net`, `late_net`,
        `not_asked_net`, which is harm where the interval lies above 0; `retry_amplification`; of the `detected`
        replications `time_to_detect_s` and `time_to_recover_s` (from the fault's end; inf unless all `recovered`, NaN
        if nothing was seen); `verdict`; and where the load was searched the factors of the file's
        traffic `load_low`, at which it comes back, and `load_high`, at which it does not, with `load_limit`, why.
    entries
        The same counts for each entry of a workload, with the limit (`limit_s`) and the share that its slos promise.
    blast
        One row a deployment, policy set, service (targets left out) and quantity, latency_mean_s or error_ratio as
        callers see them: `before`, `after`, `rise`, and `shown` where it is no chance.
    timeline
        One row a deployment, policy set and time, by arrival: offered, served, and served in time, per second.
    at_s, until_s, horizon_s
        When the first fault begins, the last one ends, and the run.
    interrupted
        Whether a Ctrl-C left rows out.
    """

    topology: str
    what: str
    targets: tuple[str, ...]
    at_s: float
    until_s: float
    horizon_s: float
    table: pd.DataFrame
    entries: pd.DataFrame
    blast: pd.DataFrame
    timeline: pd.DataFrame
    shared: dict[str, tuple[str, ...]]
    """By deployment, the other services in the process of a target."""
    warnings: dict[str, tuple[str, ...]]
    """By deployment, what its plan warns of about the faults: one that does nothing there, for example."""
    confidence: float
    replications: int
    interrupted: bool = False

    @property
    def met(self) -> bool:
        """Whether every deployment comes back with the policies as written, or with all that were asked for."""
        rows = self.table[self.table["policies"] == "full"]
        rows = self.table if rows.empty else rows
        return bool(rows["verdict"].isin(BACK).all())

    @property
    def verdict(self) -> str:
        """What the numbers say, in plain sentences."""
        return " ".join(report.findings(self))

    @property
    def headline(self) -> str:
        """The fault, in a line."""
        return f"{self.topology}: {self.what}"

    def row(self, deployment: str, policies: str) -> pd.Series:
        """The row of the table of a deployment and a policy set."""
        found = self.table[(self.table["deployment"] == deployment) & (self.table["policies"] == policies)]
        return found.iloc[0]

    def answer(self) -> Answer:
        """What the fault does, to whom, for how long, and whether it comes back."""
        said = self.verdict
        return Answer(
            headline=self.headline,
            conditions=(report.conditions(self),),
            sections=tuple(report.sections(self)),
            warnings=[f"{name}: {text}" for name, texts in self.warnings.items() for text in texts],
            finding=said,
            interrupted=self.interrupted,
            content={
                "topology": self.topology, "fault": self.what, "targets": self.targets, "met": self.met,
                "verdict": said, "at_s": self.at_s, "until_s": self.until_s, "horizon_s": self.horizon_s,
                "confidence": self.confidence, "replications": self.replications, "interrupted": self.interrupted,
                "warnings": self.warnings, "shared": self.shared,
                "table": self.table, "entries": self.entries, "blast": self.blast, "timeline": self.timeline,
            },
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<Drill of {self.topology}: {self.what}>"
