"""Policies as the first memory of a run has them: their rows, and the states of every caller replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...plan.plan import Integers, Plan
from ...rules.breaker import make_breaker
from .layout import Budget, Bulkhead, Policy

if TYPE_CHECKING:
    from .image import Image


def add_policies(image: Image, plan: Plan) -> Integers:
    """The policies of a plan; gives a reference for each call, 0 where there is none."""
    p = plan.policies
    references = np.zeros(len(plan.calls.name), np.int64)
    breakers, words = _add_breakers(image, plan)
    first = image.add_rows(
        Policy.SIZE,
        p.call.size,
        {
            Policy.ATTEMPTS: p.attempts,
            Policy.PER_TRY: p.per_try_s,
            Policy.RETRY_ON: p.retry_on,
            Policy.BACKOFF: p.backoff_s,
            Policy.MAX_BACKOFF: p.max_backoff_s,
            Policy.JITTER: p.jitter,
            Policy.BACKOFF_STREAM: p.backoff_stream,
            Policy.BREAKER: _at(breakers, p.breaker),
            Policy.BREAKER_WORDS: _at(words, p.breaker),
            Policy.BULKHEAD: _at(_add_bulkheads(image, plan), p.bulkhead),
            Policy.BUDGET: _at(_add_budgets(image, plan), p.budget),
        },
    )
    references[p.call] = first + Policy.SIZE * np.arange(p.call.size)
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
    rows = zip(b.callers.tolist(), b.limit.tolist(), b.wait_s, strict=True)
    return [
        image.add_rows(Bulkhead.SIZE, callers, {Bulkhead.LIMIT: limit, Bulkhead.WAIT: wait})
        for callers, limit, wait in rows
    ]


def _add_budgets(image: Image, plan: Plan) -> list[int]:
    b = plan.budgets
    rows = zip(b.callers.tolist(), b.percent, b.least.tolist(), strict=True)
    return [
        image.add_rows(Budget.SIZE, callers, {Budget.PERCENT: percent, Budget.LEAST: least})
        for callers, percent, least in rows
    ]
