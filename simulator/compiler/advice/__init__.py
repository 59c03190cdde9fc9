"""What the reader of a plan should be told before it is run, by topic."""

from .topics import find_warnings
from .traffic import refuse_endless_users

__all__ = ["find_warnings", "refuse_endless_users"]
