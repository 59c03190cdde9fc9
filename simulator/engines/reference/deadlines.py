"""Whether somebody waits for what is done, and until when (rules 12.16 to 12.20)."""

from __future__ import annotations

from .flight import Cause, Visit


class Dropped(Exception):  # noqa: N818 (it is no error: nobody waits any more)
    """The deadline of a visit has passed: its work ends here (rule 12.19)."""


def is_late(visit: Visit, now: int) -> bool:
    """Whether the deadline of a visit has passed: nothing more begins (rule 12.19)."""
    return now >= visit.deadline


def check_deadline(visit: Visit, now: int) -> None:
    """End the work of a visit whose deadline has passed."""
    if now >= visit.deadline:
        raise Dropped


def is_dropped(visit: Visit, failure: Cause | None, now: int) -> bool:
    """Whether a handler that has ended gives no answer: it failed, and nobody would hear of it."""
    return failure is not None and is_late(visit, now)
