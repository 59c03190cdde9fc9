"""What a caller replica knows about its targets: breakers, bulkheads and budgets (rules 12.9 to 12.13)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from ...plan.order import EventKind, kind_key
from ...plan.plan import Plan
from ...rules.breaker import OPEN_TIME, lets_pass, make_breaker, open_time, release, shut_for_good, tell
from ...rules.limits import acquire, make_limiter
from ...rules.nanoseconds import all_nanoseconds, nanoseconds
from ...rules.retry import has_budget
from .clock import Clock, Moment

S = TypeVar("S")
GRANT = kind_key(EventKind.GRANT)
PLACE = 1
"""The local index of a place in a bulkhead; that of a slot is 0."""


class Breaker:
    """A circuit breaker; `rules/breaker.py` says what it does."""

    def __init__(self, plan: Plan, row: int) -> None:
        b = plan.breakers
        self.target = int(b.target[row])
        self._board = make_breaker(
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
        self._floats = self._board.view(np.float64)

    def lets_pass(self, now: int) -> bool:
        """Whether a try may be made now."""
        return lets_pass(self._board, self._floats, 0, now)  # type: ignore[no-any-return]

    def tell(self, now: int, outcome: int, began: int) -> None:
        """A try that was sent at `began` has ended now."""
        tell(self._board, self._floats, 0, now, outcome, began)

    def release(self, now: int) -> None:
        """A try has ended now, without a result."""
        release(self._board, self._floats, 0, now)

    def open_time(self, now: int) -> int:
        """Nanoseconds in which it has let nobody pass until now."""
        return open_time(self._board, self._floats, 0, now)  # type: ignore[no-any-return]

    def shut_for_good(self) -> tuple[float, int]:
        """Since which second it waits in HALF_OPEN, and for how many results; nan, 0 if it does not."""
        return shut_for_good(self._board, 0)

    def keep(self, time: int) -> None:
        """What another one before it let nobody pass counts on (rule 11.12)."""
        self._board[OPEN_TIME] = time


class Limiter:
    """The permits of one target; `rules/limits.py` says what it does."""

    def __init__(self, limit: int, period_s: float, timeout_s: float) -> None:
        self.timeout = nanoseconds(timeout_s)
        self._board = make_limiter(limit, period_s, timeout_s)

    def acquire(self, now: int, longest: int) -> int:
        """When a try that asks now has its permit; below 0 if that is later than after `longest` nanoseconds."""
        return acquire(self._board, 0, now, longest)  # type: ignore[no-any-return]


def make_limiters(plan: Plan) -> dict[int, Limiter]:
    """The limiters of a plan, by the row of their service."""
    columns = (plan.limiters.service, plan.limiters.limit, plan.limiters.period_s, plan.limiters.timeout_s)
    return {row: Limiter(*limits) for row, *limits in zip(*(column.tolist() for column in columns), strict=True)}


class Place(Moment):
    """A place in a bulkhead that somebody waits for; the moment is when it is handed over."""

    def __init__(self, key: int) -> None:
        super().__init__()
        self.key = key
        self.granted = False
        self.timer = Moment()


class Bulkhead:
    """The places for tries of one caller replica at one target."""

    def __init__(self, clock: Clock, limit: int, max_wait: int) -> None:
        self.clock = clock
        self.limit = limit
        self.max_wait = max_wait
        self.taken = 0
        self.queue: deque[Place] = deque()

    def enter(self) -> bool:
        """Take a place, if there is one."""
        if self.taken >= self.limit:
            return False
        self.taken += 1
        return True

    def wait(self, key: int) -> Place:
        """Queue for a place; what is returned is yielded."""
        place = Place(key)
        self.queue.append(place)
        return place

    def leave(self) -> None:
        """Hand a place on to who waited longest, if somebody waits."""
        if not self.queue:
            self.taken -= 1
            return
        place = self.queue.popleft()
        place.granted = True
        place.timer.callbacks = []
        self.clock.schedule_at(self.clock.now, place.key + GRANT + PLACE, place)

    def clear(self) -> None:
        """Nobody waits any more: who did is dead."""
        for place in self.queue:
            place.timer.callbacks = []
        self.queue.clear()

    def give_up(self, place: Place) -> None:
        """A wait has lasted long enough."""
        self.queue.remove(place)
        for callback in place.callbacks:
            callback(place)


class Budget:
    """How many tries and re-tries of one caller replica are active at one target."""

    def __init__(self, percent: float, least: int) -> None:
        self.percent = percent
        self.least = least
        self.active = 0
        self.retries = 0

    def begin(self) -> None:
        """A try begins."""
        self.active += 1

    def end(self, *, retry: bool) -> None:
        """A try has ended."""
        self.active -= 1
        if retry:
            self.retries -= 1

    def allow(self) -> bool:
        """Whether one more re-try is allowed; it counts from now on."""
        if not has_budget(self.active, self.retries, self.percent, self.least):
            return False
        self.retries += 1
        return True


class States(list[S]):
    """The states of one block, by caller replica."""

    def __init__(self, make: Callable[[], S], callers: int) -> None:
        super().__init__(make() for _ in range(callers))
        self._make = make

    def renew(self, number: int, now: int) -> None:
        """A replica has died: its state is fresh when it starts again (rule 14.4)."""
        state = self[number]
        if isinstance(state, Bulkhead):
            state.clear()
        self[number] = self._make()
        if isinstance(state, Breaker):
            self[number].keep(state.open_time(now))  # type: ignore[attr-defined]


@dataclass(slots=True)
class Policy:
    """What is done about one call; its states by caller replica, none of a block that is not there."""

    attempts: int
    per_try: int
    retry_on: int
    backoff: int
    max_backoff: int
    jitter: int
    backoff_stream: int
    breakers: list[Breaker]
    bulkheads: list[Bulkhead]
    budgets: list[Budget]
    hedge: int


def make_policies(plan: Plan, clock: Clock) -> tuple[list[States[Breaker]], dict[int, Policy]]:
    """All breakers of a plan, and its policies by the row of their call."""
    p = plan.policies
    breakers = [
        States(partial(Breaker, plan, row), int(callers)) for row, callers in enumerate(plan.breakers.callers.tolist())
    ]
    b = plan.bulkheads
    max_wait = all_nanoseconds(b.wait_s)
    bulkheads = [
        States(partial(Bulkhead, clock, limit, wait), callers)
        for callers, limit, wait in zip(b.callers.tolist(), b.limit.tolist(), max_wait.tolist(), strict=True)
    ]
    r = plan.budgets
    budgets = [
        States(partial(Budget, percent, least), callers)
        for callers, percent, least in zip(r.callers.tolist(), r.percent.tolist(), r.least.tolist(), strict=True)
    ]
    # The row -1 of a block that is not there is the last one of each list.
    per_try, backoff, longest, hedge = map(all_nanoseconds, (p.per_try_s, p.backoff_s, p.max_backoff_s, p.hedge_s))
    columns = (p.call, p.attempts, per_try, p.retry_on, backoff, longest, p.jitter, p.backoff_stream,
               p.breaker, p.bulkhead, p.budget, hedge)  # fmt: skip
    return breakers, {
        call: Policy(attempts, per_try, retry_on, backoff, longest, jitter, stream, [*breakers, []][breaker],
                     [*bulkheads, []][bulkhead], [*budgets, []][budget], hedge)
        for call, attempts, per_try, retry_on, backoff, longest, jitter, stream, breaker, bulkhead, budget, hedge
        in zip(*(column.tolist() for column in columns), strict=True)
    }  # fmt: skip
