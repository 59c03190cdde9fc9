"""Policies as the first memory of a run has them: their rows, and the states of every caller replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...machine_code.records import size_of
from ...plan.layout import FaultKind
from ...plan.plan import Integers, Plan
from ...rules.breaker import make_breaker
from ...rules.limits import make_limiter
from ...rules.nanoseconds import all_nanoseconds
from ...rules.outliers import make_detector
from .layout import Budget, Bulkhead, Law, Policy, Watched

if TYPE_CHECKING:
    from .image import Image


def add_policies(image: Image, plan: Plan) -> Integers:
    """The policies of a plan; gives a reference for each call, 0 where there is none."""
    p = plan.policies
    references = np.zeros(len(plan.calls.name), np.int64)
    breakers, words = _add_breakers(image, plan)
    _watch(image, plan, breakers, words)
    first = image.add_rows(
        Policy,
        p.call.size,
        {
            "attempts": p.attempts,
            "per_try": all_nanoseconds(p.per_try_s),
            "retry_on": p.retry_on,
            "backoff": all_nanoseconds(p.backoff_s),
            "max_backoff": all_nanoseconds(p.max_backoff_s),
            "jitter": p.jitter,
            "backoff_stream": p.backoff_stream,
            "breaker": _at(breakers, p.breaker),
            "breaker_words": _at(words, p.breaker),
            "hedge": all_nanoseconds(p.hedge_s),
            "bulkheads": _at(_add_bulkheads(image, plan), p.bulkhead),
            "budgets": _at(_add_budgets(image, plan), p.budget),
        },
    )
    references[p.call] = first + size_of(Policy) * np.arange(p.call.size)
    return references


def _watch(image: Image, plan: Plan, breakers: Sequence[int], words: Sequence[int]) -> None:
    """All breakers of all replicas are looked at."""
    b = plan.breakers
    boards = [at + caller * size for at, size, n in zip(breakers, words, b.callers, strict=True) for caller in range(n)]
    columns = {"board": np.array(boards, np.int64), "target": np.repeat(b.target, b.callers)}
    image.world["breakers"] = image.add_rows(Watched, len(boards), columns)
    image.world["breaker_count"] = len(boards)


def patience_columns(image: Image, plan: Plan, laws: int) -> dict[str, Integers]:
    """Columns of the calls whose timeout is more than a number that only the caller knows; and whether any has one."""
    p, calls = plan.patience, len(plan.calls.name)
    columns = {name: np.zeros(calls, np.int64) for name in ("timeout_law", "timeout_stream", "propagates")}
    columns["timeout_law"][p.call] = np.where(p.law < 0, 0, laws + size_of(Law) * p.law)
    columns["timeout_stream"][p.call] = p.stream
    columns["propagates"][p.call] = p.propagates
    ends = (plan.calls.timeout, plan.policies.per_try_s, plan.policies.hedge_s)
    dies = plan.failures.service.size > 0 or bool((plan.faults.kind == FaultKind.KILL).any())
    image.world["patient"] = int(dies or any(np.isfinite(column).any() for column in ends))
    image.world["deadlines"] = int(p.propagates.any())
    return columns


def limiter_references(image: Image, plan: Plan) -> Integers:
    """The limiter of each service, 0 where there is none."""
    limits = plan.limiters
    references = np.zeros(len(plan.services.name), np.int64)
    rows = zip(limits.service, limits.limit.tolist(), limits.period_s.tolist(), limits.timeout_s.tolist(), strict=True)
    for service, limit, period_s, timeout_s in rows:
        references[service] = image.add(make_limiter(limit, period_s, timeout_s))
    return references


def detector_references(image: Image, plan: Plan) -> Integers:
    """The outlier detector of each unit, 0 where there is none."""
    d = plan.detectors
    references = np.zeros(len(plan.units.name), np.int64)
    for row, unit in enumerate(d.unit.tolist()):
        board = make_detector(
            errors=int(d.errors[row]),
            interval_s=float(d.interval_s[row]),
            base_s=float(d.base_s[row]),
            percent=float(d.percent[row]),
            replicas=int(plan.units.replicas[unit]),
        )
        references[unit] = image.add(board)
    return references


def _at(addresses: Sequence[int], rows: Integers) -> Integers:
    """What the rows stand for; 0 for -1."""
    return np.array([*addresses, 0], np.int64)[rows]


def _add_breakers(image: Image, plan: Plan) -> tuple[list[int], list[int]]:
    """Boards of each row, one after the other; gives where they begin, and the words of one."""
    b = plan.breakers
    addresses, words = [], []
    for row, callers in enumerate(b.callers.tolist()):
        board = make_breaker(
            window=int(b.window[row]),
            size=int(b.size[row]),
            minimum=int(b.minimum[row]),
            failure_rate=float(b.failure_rate[row]),
            slow_rate=float(b.slow_rate[row]),
            slow_duration_s=float(b.slow_duration_s[row]),
            wait_s=float(b.wait_s[row]),
            permitted=int(b.permitted[row]),
            max_wait_s=float(b.max_wait_s[row]),
        )
        image.check(callers * board.size)
        addresses.append(image.add(np.tile(board, callers)))
        words.append(board.size)
    return addresses, words


def _add_bulkheads(image: Image, plan: Plan) -> list[int]:
    b = plan.bulkheads
    rows = zip(b.callers.tolist(), b.limit.tolist(), all_nanoseconds(b.wait_s).tolist(), strict=True)
    return [image.add_rows(Bulkhead, callers, {"limit": limit, "wait": wait}) for callers, limit, wait in rows]


def _add_budgets(image: Image, plan: Plan) -> list[int]:
    b = plan.budgets
    rows = zip(b.callers.tolist(), b.percent, b.least.tolist(), strict=True)
    return [image.add_rows(Budget, callers, {"percent": percent, "least": least}) for callers, percent, least in rows]
