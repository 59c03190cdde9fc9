"""Which points of a sweep are this process's own, when several share it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import PlanError


@dataclass(frozen=True)
class Shard:
    """The points whose number by `count` leaves `index`."""

    index: int
    count: int

    def owns(self, point: int) -> bool:
        """Whether a point is of this shard."""
        return point % self.count == self.index

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def read_shard(text: str | None, environment: Mapping[str, str] | None = None) -> Shard | None:
    """The shard of a text such as `0/4`; `auto` asks the array job that this process is one of.

    Raises
    ------
    PlanError
        If there is no such shard, or no array job.
    """
    if text is None:
        return None
    if text == "auto":
        return _find(os.environ if environment is None else environment)
    match = re.fullmatch(r"\s*([0-9]{1,9})\s*/\s*([0-9]{1,9})\s*", str(text))
    if not match or not int(match[1]) < int(match[2]):
        raise PlanError(f"a shard is auto, or i/n with i from 0 to n - 1, such as 0/4, not {text!r}")
    return Shard(int(match[1]), int(match[2]))


def _find(environment: Mapping[str, str]) -> Shard:
    if "JOB_COMPLETION_INDEX" in environment:
        if "JOB_COMPLETIONS" not in environment:
            raise PlanError(
                "JOB_COMPLETION_INDEX is set, but not how many there are: give the container JOB_COMPLETIONS, the "
                "`completions` of its Job, or say --shard i/n"
            )
        return _shard(_number(environment, "JOB_COMPLETION_INDEX"), _number(environment, "JOB_COMPLETIONS"))
    if "SLURM_ARRAY_TASK_ID" in environment:
        first, count = (_number(environment, f"SLURM_ARRAY_TASK_{name}") for name in ("MIN", "COUNT"))
        index = _number(environment, "SLURM_ARRAY_TASK_ID") - first
        step = _number(environment, "SLURM_ARRAY_TASK_STEP") if "SLURM_ARRAY_TASK_STEP" in environment else 1
        if index % step:
            raise PlanError("the tasks of this array are not evenly spaced: ask for --array=0-31, or say --shard i/n")
        return _shard(index // step, count)
    raise PlanError(
        "--shard auto is for array jobs, and neither JOB_COMPLETION_INDEX (Kubernetes) nor SLURM_ARRAY_TASK_ID (Slurm) "
        "is set: say --shard i/n"
    )


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise PlanError(f"{name} is to be a whole number, not {text!r}: say --shard i/n")
    return int(text)


def _shard(index: int, count: int) -> Shard:
    if not 0 <= index < count:
        raise PlanError(f"this is task {index} of {count}, counted from 0: number them 0 to n - 1, or say --shard i/n")
    return Shard(index, count)
