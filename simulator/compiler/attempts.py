"""What becomes of one call if nobody waits: how long it takes, how many tries there are, and how many fail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..plan.layout import Jitter, Op, Outcome
from ..plan.plan import Plan
from .laws import Grid, Law
from .policies import refusing

_FAR = 20.0
"""Times the mean: as far as a law is followed where nothing ends a wait."""
_MOST, _NONE = 10_000, 1e-12
"""Re-tries that are looked at, and a share of the calls that is nothing."""


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A call, before any fallback.

    `time` is that from the first try to the end, `first` that of the first try alone, in seconds; `chance` that of an
    answer without an error; `late` that of a first try of which nobody waits for the end; `arriving` the share of the
    `tries` that come to the callee.
    """

    time: float
    first: float
    chance: float = 1.0
    tries: float = 1.0
    arriving: float = 1.0
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What a plan says of a remote call; times in seconds, inf: never. `drawn` is the row of a timeout's law, or -1."""

    timeout: float = math.inf
    per_try: float = math.inf
    hedge: float = math.inf
    drawn: int = -1
    attempts: int = 0
    retry_on: int = 0
    backoff: float = 0.0
    max_backoff: float = 0.0
    jitter: int = int(Jitter.NONE)
    loss: float = 0.0
    error: float = 0.0
    guarded: bool = False

    @property
    def lost(self) -> float:
        """The chance that the message or its answer is lost."""
        return 1.0 - (1.0 - self.loss) ** 2

    @property
    def end(self) -> float:
        """Seconds after which nobody waits for a try."""
        return self.per_try if self.drawn >= 0 else min(self.timeout, self.per_try)

    @property
    def endless(self) -> bool:
        """Whether nothing but the answer ends a try."""
        return math.isinf(self.end) and math.isinf(self.hedge) and self.drawn < 0

    def wait(self, number: int) -> float:
        """Mean seconds before a re-try, from 1 on (rule 12.8)."""
        longest = min(self.max_backoff, self.backoff * 2.0 ** min(number - 1, 60))
        match self.jitter:
            case Jitter.FULL:
                return longest / 2.0
            case Jitter.EQUAL:
                return 0.75 * longest
            case Jitter.DECORRELATED:
                return min(self.max_backoff, self.backoff * (1.0 + 1.5 ** min(number, 60)) / 2.0)
        return longest


class Rulebook:
    """The rules of all calls of a plan.

    Parameters
    ----------
    served
        As every request has to be served: nothing is lost, fails or is tried again.
    """

    def __init__(self, plan: Plan, *, served: bool) -> None:
        self._plan, self._served = plan, served

    def rules(self, call: int) -> Rules:
        """Of a call over the network."""
        calls, p = self._plan.calls, self._plan.policies
        drawn = self._drawn.get(call, -1)
        timeout = math.inf if drawn >= 0 else float(calls.timeout[call])
        row = self._policies.get(call, -1)
        if self._served:
            per_try, hedge = (float(p.per_try_s[row]), float(p.hedge_s[row])) if row >= 0 else (math.inf, math.inf)
            return Rules(timeout, per_try, hedge, drawn, guarded=self._guarded(call, row))
        rules = Rules(
            timeout=timeout,
            drawn=drawn,
            loss=float(calls.loss[call]),
            error=float(calls.error_rate[call]),
        )
        if row < 0:
            return rules
        return Rules(
            timeout, float(p.per_try_s[row]), float(p.hedge_s[row]), drawn, int(p.attempts[row]), int(p.retry_on[row]),
            float(p.backoff_s[row]), float(p.max_backoff_s[row]), int(p.jitter[row]),
            rules.loss, rules.error,
        )  # fmt: skip

    def _guarded(self, call: int, row: int) -> bool:
        """Whether a fallback may serve in the place of a callee that has not done its work."""
        if call not in self._made_good:
            return False
        if call in self._propagating:
            return True
        service = self._plan.endpoints.service[self._plan.calls.target[call]]
        return row >= 0 and bool(self._refusing[row] or service in self._plan.limiters.service)

    @cached_property
    def _made_good(self) -> set[int]:
        """Calls that have a fallback."""
        op = self._plan.programs.op
        rows = np.flatnonzero((op[:-1] == Op.CALL) & (op[1:] == Op.FALLBACK))
        return set(self._plan.programs.a[rows].tolist())

    @cached_property
    def _refusing(self) -> list[bool]:
        """Policies that may turn a try away."""
        return refusing(self._plan).tolist()

    @cached_property
    def _propagating(self) -> set[int]:
        """Calls whose callees stop when nobody waits any more."""
        patience = self._plan.patience
        return set(patience.call[patience.propagates == 1].tolist())

    @cached_property
    def _policies(self) -> dict[int, int]:
        return {call: row for row, call in enumerate(self._plan.policies.call.tolist())}

    @cached_property
    def _drawn(self) -> dict[int, int]:
        patience = self._plan.patience
        rows = zip(patience.call.tolist(), patience.law.tolist(), strict=True)
        return {call: law for call, law in rows if law >= 0}


def horizon(rules: Rules, mean: float, drawn: float) -> float:
    """As far as the law of a try has to be followed, in seconds; `drawn` is the mean of a timeout that is drawn."""
    if math.isfinite(rules.end):
        return rules.end
    return _FAR * drawn if rules.drawn >= 0 else _FAR * max(rules.hedge, mean)


@dataclass(frozen=True, slots=True)
class Try:
    """One try that was neither lost nor refused: its mean seconds, and how often nobody waits for its end.

    `hedged` is how often a second one is sent.
    """

    time: float
    late: float = 0.0
    hedged: float = 0.0


def one_try(grid: Grid, content: Law, rules: Rules, hedged: float) -> Try:
    """A try whose answer comes after `content`, if something may end it before."""
    law = content
    end = min(rules.end, grid.horizon)
    if rules.hedge < end:
        law = grid.sooner(law, grid.sum(content, grid.constant(rules.hedge)))
    if rules.drawn >= 0:
        patience = grid.row(rules.drawn)
        late = grid.outlives(law, patience)
        law = grid.sooner(law, patience)
    else:
        late = grid.late(law, rules.end) if math.isfinite(rules.end) else 0.0
    return Try(grid.mean(law, end), late, hedged)


def expected_call(rules: Rules, one: Try, chance: float, *, hedging: bool = True) -> ExpectedCall:
    """All tries of a call to a callee that succeeds with some chance.

    A loss is a timeout; without a timeout it is never heard of, and so its time is left out.
    """
    if rules.guarded:
        return ExpectedCall(0.0, 0.0, arriving=0.0)
    ends = math.isfinite(rules.end) or rules.drawn >= 0
    end = one.time if math.isinf(rules.end) else rules.end
    late = rules.lost + (1.0 - rules.lost) * one.late if ends else 0.0
    time = one.time + (rules.lost * (end - one.time) if ends else 0.0)
    failed = (1.0 - late) * (1.0 - (1.0 - rules.error) * chance)
    good = 1.0 - late - failed
    if not ends:
        good *= 1.0 - rules.lost
    again = failed if rules.retry_on >> Outcome.ERROR & 1 else 0.0
    if rules.retry_on >> Outcome.TIMEOUT & 1 and rules.per_try < rules.timeout:
        again += late
    tries, total, share, begins = 1.0, time, 1.0, 0.0
    for number in range(1, min(rules.attempts, _MOST) + 1):
        wait = rules.wait(number)
        share *= again
        begins += time + wait
        if begins >= rules.timeout or share < _NONE:
            break
        tries += share
        total += share * (wait + time)
    return ExpectedCall(
        time=min(total, rules.timeout),
        first=time,
        chance=1.0 if good * tries > 1.0 - _NONE else max(0.0, good * tries),
        tries=tries * (1.0 + one.hedged if hedging else 1.0),
        arriving=(1.0 - rules.loss) * (1.0 - rules.error),
        late=late,
    )
