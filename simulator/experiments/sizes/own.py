"""What an objective is of: its own requests or calls, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...compiler import UnitSize, compile_topology
from ...compiler.expectations import expect
from ...plan.columns import Floats
from ...plan.engine import Detail
from ...plan.layout import GOOD, Op, Outcome
from ...plan.plan import Plan
from ...plan.structure import call_rows, handler
from ...plan.walker import callees_first
from ...results import Results
from ...results.objectives import Target, find_target
from ...spec import Topology

SERVED = tuple(outcome.word for outcome in Outcome if outcome <= GOOD)


@dataclass(frozen=True, eq=False)
class Own:
    """Who calls the endpoint of an objective, in one plan."""

    plan: Plan
    slo: str
    endpoint: str
    target: Target

    @property
    def inner(self) -> bool:
        """Whether no user calls it: then tables of requests say nothing of its calls."""
        return not self.target.entries.size

    @property
    def everything(self) -> bool:
        """Whether every request of the run is one of its calls."""
        return self.target.entries.size == self.plan.workloads.entry_call.size

    @property
    def detail(self) -> Detail:
        """What has to be recorded to tell its requests from others."""
        return "requests" if self.inner or self.target.whole else "attempts"

    def requests(self, result: Results) -> pd.DataFrame:
        """Its rows of `requests` that arrive in the span; the run has to have its `detail`."""
        requests: Any = result.requests
        names = [self.plan.workloads.name[row] for row in self.target.workloads]
        mine = requests["workload"].isin(names) & (requests["arrival_s"] >= result.provenance["warmup_s"])
        if not self.target.whole:
            # Where a request enters is written down with its first attempt.
            tries = result.attempts
            edge = tries[(tries["parent"] < 0) & (tries["endpoint"] == self.endpoint)]
            mine &= _identities(requests, "workload").isin(_identities(edge, "caller"))
        own: pd.DataFrame = requests[mine]
        return own

    def failures(self, result: Results) -> tuple[pd.Series[int], int]:
        """How many of its requests failed, by cause and the most frequent first, and how many there were."""
        mine = self.requests(result)
        failed = mine[~mine["outcome"].isin(SERVED)]
        causes = failed["cause"].astype(str)
        # What has no end has no cause.
        counts = causes.where(causes != "", failed["outcome"].astype(str)).value_counts()
        return counts.sort_index().sort_values(ascending=False, kind="stable"), len(mine)

    def calls(self, result: Results) -> tuple[int, int, float]:
        """Its calls that were waited for, how many of them failed, and the mean latency of the others in seconds."""
        table: Any = result.endpoints
        rows = table[table.index.get_level_values("endpoint") == self.endpoint]
        served = (rows["calls"] - rows["errors"]).to_numpy(np.float64)
        known = served > 0.0
        total = float(np.dot(served[known], rows["latency_mean_s"].to_numpy(np.float64)[known]))
        number = float(served.sum())
        return int(rows["calls"].sum()), int(rows["errors"].sum()), total / number if number else np.nan

    def visits(self) -> Floats:
        """Expected visits of each service that one call waits for (rule 16.1)."""
        plan = self.plan
        trees = [handler(plan.programs, start) for start in plan.endpoints.start.tolist()]
        counts = expect(plan).counts
        visits = np.zeros(len(trees))
        visits[self.target.endpoint] = 1.0
        for endpoint in reversed(callees_first(plan, trees)):
            for row in call_rows(trees[endpoint]):
                if plan.programs.op[row] == Op.CALL:
                    visits[plan.calls.target[plan.programs.a[row]]] += visits[endpoint] * counts[row]
        by_service = np.bincount(plan.endpoints.service, weights=visits, minlength=len(plan.services.name))
        return by_service.astype(np.float64)

    def waits(self, result: Results) -> pd.Series[float]:
        """Seconds that one call waits at each unit in the mean, those of its callees too; infinite: for ever."""
        services = result.services
        each = services["waiting_time_s"].fillna(np.inf).where(services["queue_length"] > 0.0, 0.0).to_numpy()
        visits = self.visits()
        seconds = np.multiply(visits, each, out=np.zeros(len(each)), where=visits > 0.0)
        by_unit = np.zeros(len(self.plan.units.name))
        np.add.at(by_unit, self.plan.services.unit, seconds)
        return pd.Series(by_unit, index=list(self.plan.units.name))


def own_of(plan: Plan, row: dict[str, Any]) -> Own:
    """Of a row of `Results.objectives`."""
    endpoint = str(row["endpoint"])
    return Own(plan, str(row["slo"]), endpoint, find_target(plan, plan.endpoints.name.index(endpoint)))


def _identities(table: pd.DataFrame, workload: str) -> pd.MultiIndex:
    columns = [table["replication"], table[workload].astype(str), table["request"]]
    return pd.MultiIndex.from_arrays(columns)


def only_callers(topology: Topology, slo: str) -> Topology:
    """The topology in which nobody asks for anything but the endpoint of an objective."""
    here = topology.resolve(topology.slos[slo].call)
    kept = {}
    for name, workload in topology.workload.items():
        entries = tuple(entry for entry in workload.entries if topology.resolve(entry.call) == here)
        if entries:
            kept[name] = workload.model_copy(update={"entries": entries})
    return topology.model_copy(update={"workload": kept})


def compile_alone(topology: Topology, deployment: str, slo: str, sizes: dict[str, UnitSize]) -> Plan:
    """The plan of `only_callers`, which may lack some of the sized units."""
    alone = only_callers(topology, slo)
    units = compile_topology(alone, deployment).units.name
    return compile_topology(alone, deployment, sizes={name: size for name, size in sizes.items() if name in units})
