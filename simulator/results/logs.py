"""Tables of single requests and attempts: the logs of the replications one after the other, with names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..plan.layout import Outcome
from ..plan.plan import Plan
from ..plan.trace import AttemptLog, RequestLog
from .observed import Observed
from .settling import completions_of
from .tables import WORDS


def words(codes: NDArray[Any], names: Sequence[str]) -> pd.Categorical:
    """A column of names by number, all names being its categories."""
    return pd.Categorical.from_codes(codes.astype(np.int32), categories=pd.Index(list(names), dtype="str"))


def distinct_words(codes: NDArray[Any], names: Sequence[str]) -> pd.Categorical:
    """The same where names may repeat, and only those in use become categories."""
    used = np.flatnonzero(np.bincount(codes, minlength=len(names))).tolist()
    kept = list(dict.fromkeys(names[code] for code in used))
    place = np.zeros(len(names), dtype=np.int64)
    place[used] = [kept.index(names[code]) for code in used]
    return words(place[codes], kept)


def replication_column(observed: Observed, lengths: Sequence[int]) -> NDArray[np.int64]:
    """The number of the replication of each row."""
    return np.repeat(np.array([trace.replication for trace in observed.traces], np.int64), lengths)


def latency_table(observed: Observed) -> pd.DataFrame:
    """One row an ok or degraded request that arrives in the span, in the order of ends; at any detail."""
    lengths = [one.latencies.size for one in observed.each]
    return pd.DataFrame(
        {
            "replication": replication_column(observed, lengths),
            "workload": words(observed.latency_workload, observed.plan.workloads.name),
            "latency_s": observed.latencies,
        }
    )


def causes(outcome: NDArray[Any], service: NDArray[Any], plan: Plan) -> pd.Categorical:
    """`outcome@service` of the innermost failure, empty where there was none (rules 2.3 and 4.9)."""
    names, services = [""], plan.services.name
    for word in (*WORDS[1:], *plan.reasons.name):
        names += [word, *(f"{word}@{name}" for name in services)]
    codes = np.where(outcome == Outcome.OK, 0, (outcome - 1) * (len(services) + 1) + service + 2)
    return distinct_words(codes, names)


def request_table(observed: Observed) -> pd.DataFrame | None:
    """One row a request, also of the warmup; None where the detail does not tell."""
    logs = observed.request_logs
    if not logs:
        return None

    def column(of: Callable[[RequestLog], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([of(log) for log in logs])

    plan, entry = observed.plan, column(lambda log: log.entry)
    return pd.DataFrame(
        {
            "replication": replication_column(observed, [log.arrival_s.size for log in logs]),
            "request": column(lambda log: log.request),
            "workload": words(column(lambda log: log.workload), plan.workloads.name),
            "endpoint": distinct_words(plan.calls.target[plan.workloads.entry_call[entry]], plan.endpoints.name),
            "arrival_s": column(lambda log: log.arrival_s),
            "latency_s": column(lambda log: log.latency_s),
            "outcome": words(column(lambda log: log.outcome), WORDS),
            "cause": causes(
                column(lambda log: log.cause_outcome),
                column(lambda log: log.cause_service),
                plan,
            ),
            "attempts": column(lambda log: log.attempts),
            "completion_s": np.concatenate(
                [
                    completions_of(trace.requests, trace.settling)
                    for trace in observed.traces
                    if trace.requests is not None
                ]
            ),
        }
    )


def attempt_table(observed: Observed) -> pd.DataFrame | None:
    """One row an attempt (rule 11.6); None without that detail. Several workloads count their requests apart: named."""
    pairs = [
        (trace.requests, trace.attempts)
        for trace in observed.traces
        if trace.requests is not None and trace.attempts is not None
    ]
    if not pairs:
        return None

    def column(of: Callable[[AttemptLog], NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([of(log) for _, log in pairs])

    plan = observed.plan
    call = column(lambda log: log.call)
    workload = np.concatenate([requests.workload[log.row] for requests, log in pairs])
    endpoint = plan.calls.target[call]
    caller = plan.calls.caller[call]
    services = len(plan.services.name)
    table = pd.DataFrame(
        {
            "replication": replication_column(observed, [log.row.size for _, log in pairs]),
            "request": np.concatenate([requests.request[log.row] for requests, log in pairs]),
            "span": column(lambda log: log.span),
            "parent": column(lambda log: log.parent),
            "caller": distinct_words(
                np.where(caller < 0, services + workload, caller), [*plan.services.name, *plan.workloads.name]
            ),
            "target": words(plan.endpoints.service[endpoint], plan.services.name),
            "endpoint": words(endpoint, plan.endpoints.name),
            "replica": column(lambda log: log.replica),
            "attempt": column(lambda log: log.attempt),
            "start_s": column(lambda log: log.start_s),
            "end_s": column(lambda log: log.end_s),
            "outcome": words(column(lambda log: log.outcome), WORDS),
        }
    )
    if len(plan.workloads.name) > 1:
        table["workload"] = words(workload, plan.workloads.name)
    return table
