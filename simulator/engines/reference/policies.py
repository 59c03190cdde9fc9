"""What a caller replica knows about its targets: breakers, bulkheads and budgets (rules 12.9 to 12.13).

A guard does something about the tries at a target: a try asks each in the order of `GUARDS` (rule 12.5), and tells each
of its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np

from ...plan.columns import Quantity, Table
from ...plan.layout import Outcome
from ...plan.order import END_OF_PERMIT, END_OF_WAIT, PLACE, EventKind, kind_key
from ...plan.plan import Plan
from ...plan.policies import Policies
from ...rules.breakers import OPEN_TIME, lets_pass, make_breaker, open_time, release, shut_for_good, tell
from ...rules.limits import acquire, make_limiter
from ...rules.nanoseconds import nanoseconds
from ...rules.retries import has_budget
from .clock import Clock, Moment

G = TypeVar("G", bound="Guard")
TIMER, GRANT = kind_key(EventKind.TIMER), kind_key(EventKind.GRANT)


class Attempt(Protocol):
    """What a guard has to know of an attempt."""

    key: int
    start: int
    outcome: Outcome
    retry: bool
    placed: bool


class Guard:
    """One that has nothing against anything."""

    def begin(self) -> None:
        """A try begins."""

    def admits_at_once(self, attempt: Attempt, now: int) -> bool:
        """Whether a try may be made now."""
        return True

    def admits(self, attempt: Attempt, clock: Clock, deadline: int) -> Generator[Moment, Any, bool]:
        """Whether a try may be made, after a wait if need be, which ends with the call's time."""
        yield from ()
        return self.admits_at_once(attempt, clock.now)

    def refusal(self, *, is_over: bool) -> Outcome:
        """How a try ends that may not be made, if the call's time is over or not."""
        return Outcome.TIMEOUT if is_over else Outcome.REJECTED

    def end(self, attempt: Attempt, now: int, *, judged: bool) -> None:
        """A try has ended; it is judged unless another one was answered."""

    def allows_retry(self) -> bool:
        """Whether one more re-try is allowed; it counts from now on."""
        return True

    def forgo_retry(self) -> None:
        """A re-try that was allowed is not made."""

    def succeed(self, other: Any, now: int) -> None:
        """It is in the place of another one, whose replica has died."""


class Breaker(Guard):
    """A circuit breaker; `rules/breakers.py` says what it does."""

    def __init__(self, _clock: Clock, target: int, **settings: Any) -> None:
        self.target = target
        self._board = make_breaker(**settings)
        self._floats = self._board.view(np.float64)

    def admits_at_once(self, attempt: Attempt, now: int) -> bool:
        """Whether a try may be made now."""
        return lets_pass(self._board, self._floats, 0, now)  # type: ignore[no-any-return]

    def refusal(self, *, is_over: bool) -> Outcome:
        """How a try ends that may not be made."""
        return Outcome.CIRCUIT_OPEN

    def end(self, attempt: Attempt, now: int, *, judged: bool) -> None:
        """A try has ended now, with a result if it is judged."""
        if judged:
            tell(self._board, self._floats, 0, now, int(attempt.outcome), attempt.start)
        else:
            release(self._board, self._floats, 0, now)

    def open_time(self, now: int) -> int:
        """Nanoseconds in which it has let nobody pass until now."""
        return open_time(self._board, self._floats, 0, now)  # type: ignore[no-any-return]

    def shut_for_good(self) -> tuple[float, int]:
        """Since which second it waits in HALF_OPEN, and for how many results; nan, 0 if it does not."""
        return shut_for_good(self._board, 0)

    def succeed(self, other: Breaker, now: int) -> None:
        """What another one before it let nobody pass counts on (rule 11.12)."""
        self._board[OPEN_TIME] = other.open_time(now)


class Limiter(Guard):
    """The permits of one target; `rules/limits.py` says what it does."""

    def __init__(self, limit: int, period_s: float, timeout_s: float) -> None:
        self.timeout = nanoseconds(timeout_s)
        self._board = make_limiter(limit, period_s, timeout_s)

    def acquire(self, now: int, longest: int) -> int:
        """When a try that asks now has its permit; below 0 if that is later than after `longest` nanoseconds."""
        return acquire(self._board, 0, now, longest)  # type: ignore[no-any-return]

    def admits_at_once(self, attempt: Attempt, now: int) -> bool:
        """Whether there is a permit now."""
        return self.acquire(now, 0) == now

    def admits(self, attempt: Attempt, clock: Clock, deadline: int) -> Generator[Moment, Any, bool]:
        """Take a permit, or wait for one (rule 12.27)."""
        now = clock.now
        when = self.acquire(now, self.timeout)
        if when == now:
            return True
        if when > now or self.timeout > 0:
            end = when if when > now else now + self.timeout
            yield clock.at(min(end, deadline), attempt.key + TIMER + END_OF_PERMIT)
        return when > now and clock.now < deadline


def make_limiters(plan: Plan) -> dict[int, Limiter]:
    """The limiters of a plan, by the row of their service."""
    limits = plan.limiters
    return {service: Limiter(**limits.settings(row)) for row, service in enumerate(limits.service.tolist())}


class Place(Moment):
    """A place in a bulkhead that somebody waits for; the moment is when it is handed over."""

    def __init__(self, key: int) -> None:
        super().__init__()
        self.key = key
        self.granted = False
        self.timer = Moment()


class Bulkhead(Guard):
    """The places for tries of one caller replica at one target."""

    def __init__(self, clock: Clock, limit: int, wait_s: float) -> None:
        self.clock = clock
        self.limit = limit
        self.max_wait = nanoseconds(wait_s)
        self.taken = 0
        self.queue: deque[Place] = deque()

    def admits_at_once(self, attempt: Attempt, now: int) -> bool:
        """Take a place, if there is one."""
        if self.taken >= self.limit:
            return False
        self.taken += 1
        attempt.placed = True
        return True

    def admits(self, attempt: Attempt, clock: Clock, deadline: int) -> Generator[Moment, Any, bool]:
        """Take a place; whoever finds none waits, or is rejected (rule 12.12)."""
        now = clock.now
        if self.admits_at_once(attempt, now):
            return True
        if self.max_wait > 0:
            place = Place(attempt.key)
            self.queue.append(place)
            place.timer.callbacks.append(lambda _event: self.give_up(place))
            end = min(now + self.max_wait, deadline)
            clock.schedule_at(end, attempt.key + TIMER + END_OF_WAIT, place.timer)
            yield place
            attempt.placed = place.granted
        return attempt.placed and clock.now < deadline

    def end(self, attempt: Attempt, now: int, *, judged: bool) -> None:
        """Hand a place on to who waited longest, if somebody waits."""
        if not attempt.placed:
            return
        if not self.queue:
            self.taken -= 1
            return
        place = self.queue.popleft()
        place.granted = True
        place.timer.callbacks = []
        self.clock.schedule_at(now, place.key + GRANT + PLACE, place)

    def succeed(self, other: Bulkhead, now: int) -> None:
        """Nobody waits any more: who did is dead."""
        for place in other.queue:
            place.timer.callbacks = []
        other.queue.clear()

    def give_up(self, place: Place) -> None:
        """A wait has lasted long enough."""
        self.queue.remove(place)
        for callback in place.callbacks:
            callback(place)


class Budget(Guard):
    """How many tries and re-tries of one caller replica are active at one target."""

    def __init__(self, _clock: Clock, percent: float, least: int) -> None:
        self.percent = percent
        self.least = least
        self.active = 0
        self.retries = 0

    def begin(self) -> None:
        """A try begins."""
        self.active += 1

    def end(self, attempt: Attempt, now: int, *, judged: bool) -> None:
        """A try has ended."""
        self.active -= 1
        if attempt.retry:
            self.retries -= 1

    def allows_retry(self) -> bool:
        """Whether one more re-try is allowed; it counts from now on."""
        if not has_budget(self.active, self.retries, self.percent, self.least):
            return False
        self.retries += 1
        return True

    def forgo_retry(self) -> None:
        """A re-try that was allowed is not made."""
        self.retries -= 1


GUARDS: Mapping[str, Callable[..., Guard]] = {
    "breakers": Breaker,
    "limiters": Limiter,
    "bulkheads": Bulkhead,
    "budgets": Budget,
}
"""What is made of the rows of a table, in the order in which a try asks them (rule 12.5)."""


class States(list[G]):
    """The guards of one row, of which each caller replica has its own."""

    def __init__(self, make: Callable[[], G], callers: int) -> None:
        super().__init__(make() for _ in range(callers))
        self._make = make

    def renew(self, number: int, now: int) -> None:
        """A replica has died: its state is fresh when it starts again (rule 14.4)."""
        lost, self[number] = self[number], self._make()
        self[number].succeed(lost, now)


class Common(Sequence[G]):
    """A guard that all callers share."""

    def __init__(self, guard: G) -> None:
        self.guard = guard

    def __len__(self) -> int:
        return 1

    def __getitem__(self, caller: Any) -> Any:
        return self.guard


@dataclass(slots=True)
class Policy:
    """What is done about one call; its guards by caller replica, in the order of `GUARDS`."""

    attempts: int
    per_try: int
    retry_on: int
    backoff: int
    max_backoff: int
    jitter: int
    backoff_stream: int
    hedge: int
    guards: Sequence[Sequence[Guard]]


def make_policies(
    plan: Plan, clock: Clock, limiters: Mapping[int, Limiter]
) -> tuple[list[States[Breaker]], dict[int, Policy]]:
    """All breakers of a plan, and its policies by the row of their call."""
    p, tables, own = plan.policies, plan.tables(), Policies.guards()
    states = {name: _states(clock, GUARDS[name], tables[name]) for name in own.values()}
    services = plan.endpoints.service[plan.calls.target[p.call]].tolist()
    policies = {}
    for row, (call, service) in enumerate(zip(p.call.tolist(), services, strict=True)):
        rows = {name: int(getattr(p, column)[row]) for column, name in own.items()}
        guards: dict[str, Sequence[Guard]] = {name: states[name][guard] for name, guard in rows.items() if guard >= 0}
        if service in limiters:
            guards["limiters"] = Common(limiters[service])
        policies[call] = Policy(**counted(p, row), guards=[guards[name] for name in GUARDS if name in guards])
    return states["breakers"], policies


def _states(clock: Clock, kind: Callable[..., Guard], table: Any) -> list[Any]:
    callers = enumerate(table.callers.tolist())
    return [States(partial(kind, clock, **table.row(row)), count) for row, count in callers]


def counted(table: Table, row: int) -> dict[str, Any]:
    """What a row of a table says, times in whole nanoseconds."""
    kinds, said = table.kinds(), table.settings(row)
    return {
        kinds[name].plain_name: nanoseconds(value) if kinds[name].kind is Quantity.SECONDS else value
        for name, value in said.items()
    }
