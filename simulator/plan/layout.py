"""The vocabulary of a Plan: the small integers that stand for words, the same in every engine."""

from __future__ import annotations

from enum import IntEnum

UNLIMITED = -1
"""A concurrency or a queue capacity without a limit."""


class Op(IntEnum):
    """The instructions of a request's program; `Programs` says what their operands are."""

    END = 0
    CPU = 1
    SLEEP = 2
    CALL = 3
    SEND = 4
    PARALLEL = 5
    CHOOSE = 6
    MAYBE = 7
    REPEAT = 8
    AGAIN = 9
    JUMP = 10
    FALLBACK = 11
    FAIL = 12


class Dist(IntEnum):
    """How a row of `Distributions` is sampled, and what its parameters p0, p1, p2 are."""

    CONSTANT = 0  # p0 value
    EXPONENTIAL = 1  # p0 mean
    UNIFORM = 2  # p0 low, p1 width
    NORMAL = 3  # p0 mu, p1 sigma, p2 P(below zero): conditioned on >= 0
    LOGNORMAL = 4  # p0 mu, p1 sigma
    GAMMA = 5  # p0 shape, p1 scale
    WEIBULL = 6  # p0 1/shape, p1 scale
    PARETO = 7  # p0 1/alpha, p1 minimum (type I)
    HYPEREXPONENTIAL = 8  # p0 probability of the first phase, p1 and p2 the phases' means
    QUANTILES = 9  # points of (probability, value), linear between
    VALUES = 10  # points of (0, value), each as likely


class Outcome(IntEnum):
    """How a request or an attempt ended: exactly one of these (rule 2.1)."""

    OK = 0
    DEGRADED = 1
    ERROR = 2
    TIMEOUT = 3
    REJECTED = 4
    CIRCUIT_OPEN = 5
    UNREACHABLE = 6
    UNFINISHED = 7

    @property
    def word(self) -> str:
        """The outcome as tables spell it."""
        return self.name.lower()


FIRST_REASON = len(Outcome)
"""Causes from here on are rows of `Reasons`: what a `fail` step says."""
GOOD = Outcome.DEGRADED
"""Outcomes up to and including this one served the user."""


class Kind(IntEnum):
    """What a service is: only SERVICE is merged into a monolith; EXTERNAL has no price."""

    SERVICE = 0
    DATABASE = 1
    CACHE = 2
    EXTERNAL = 3


class Discipline(IntEnum):
    """The order in which requests that wait for a slot get one."""

    FIFO = 0
    LIFO = 1


class Scheduling(IntEnum):
    """How the cores of a replica are shared."""

    FIFO = 0
    PS = 1


class Balancer(IntEnum):
    """How a replica is chosen; `rules/balancers.py` is how."""

    LEAST_REQUEST = 0
    ROUND_ROBIN = 1
    RANDOM = 2
    CONSISTENT_HASH = 3
    LEAST_OF_DISTINCT = 4
    """LEAST_REQUEST with `choice: distinct`."""


class Shape(IntEnum):
    """How a workload's requests arrive."""

    POISSON = 0
    EVEN = 1
    USERS = 2
    REPLAY = 3


class Jitter(IntEnum):
    """How the wait before a re-try is drawn; `rules/retries.py` is how."""

    NONE = 0
    FULL = 1
    EQUAL = 2
    DECORRELATED = 3


class Window(IntEnum):
    """What a circuit breaker looks back on: so many results, or so many seconds."""

    COUNT_BASED = 0
    TIME_BASED = 1


class FaultKind(IntEnum):
    """What goes wrong; abort, delay and partition are of the network."""

    KILL = 0
    SLOW = 1
    PAUSE = 2
    ABORT = 3
    DELAY = 4
    PARTITION = 5


class Component(IntEnum):
    """What a request's time on the critical path is spent on, at some service."""

    NETWORK = 0
    WAITING = 1
    SERVICE = 2
    TIMEOUT = 3
