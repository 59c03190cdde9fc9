"""What this process may take of its machine: cores, memory and time, within the limits of its container."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

from .errors import EngineError
from .units import parse_duration, parse_memory

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
WORKERS, MEMORY_LIMIT, TIME_LIMIT = "SIMULATOR_WORKERS", "SIMULATOR_MEMORY_LIMIT", "SIMULATOR_TIME_LIMIT"
"""Environment variables by which a user says what may be taken."""
LONGEST_S = 24 * 3600.0
"""What may be begun without being asked for: most of what takes longer is a slip of the pen."""
UNKNOWN_MEMORY = 8 * 2**30
"""Bytes of a machine that does not say how many it has."""
UNLIMITED = 2**60
"""Bytes from which on a limit is none: version 1 of control groups writes a number where version 2 says `max`."""


def available_cores() -> int:
    """Cores that this process may use: those it is bound to, no more than its container's quota, rounded up.

    What SIMULATOR_WORKERS says goes before all that.

    Raises
    ------
    EngineError
        If it says no number.
    """
    if written := os.environ.get(WORKERS):
        if not written.isdecimal() or int(written) < 1:
            raise EngineError(f"{WORKERS}: expected a number of at least 1, found `{written}`")
        return int(written)
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(bound, _quota())))


def available_memory() -> int:
    """Bytes that this process and its workers may take in all: the machine's, or what a limit leaves of them."""
    try:
        there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        there = UNKNOWN_MEMORY
    return min(there, _memory_of_container(), _memory_of_process())


def memory_limit() -> int:
    """Bytes that one run may take: what SIMULATOR_MEMORY_LIMIT says ("4Gi"), else a core's share of half the memory.

    As many runs as there are cores go on at once.

    Raises
    ------
    EngineError
        If the variable cannot be read.
    """
    if written := os.environ.get(MEMORY_LIMIT):
        try:
            return int(parse_memory(written))
        except ValueError as error:
            raise EngineError(f"{MEMORY_LIMIT}: {error}") from error
    return available_memory() // 2 // available_cores()


def time_limit() -> float:
    """Seconds that work may be expected to take before it is refused: what SIMULATOR_TIME_LIMIT says, else a day.

    Raises
    ------
    EngineError
        If the variable cannot be read.
    """
    if written := os.environ.get(TIME_LIMIT):
        try:
            return parse_duration(written)
        except ValueError as error:
            raise EngineError(f"{TIME_LIMIT}: {error}") from error
    return LONGEST_S


def resident_memory() -> int:
    """Bytes that this process has now; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0


def _quota() -> float:
    """Cores' worth of time that the container may use."""
    quotas = [math.inf]
    for folder in _groups("cpu"):
        quota, period = "max", "1"
        with contextlib.suppress(OSError, ValueError):
            quota, period = (folder / "cpu.max").read_text().split()
        with contextlib.suppress(OSError):
            quota = (folder / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu.cfs_period_us").read_text().strip()
        with contextlib.suppress(ValueError, ZeroDivisionError):
            quotas += [int(quota) / int(period)] if int(quota) > 0 else []
    return min(quotas)


def _memory_of_container() -> int:
    limits = [UNLIMITED]
    for folder in _groups("memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):
                limits.append(int((folder / name).read_text()))
    return min(limits)


def addresses_are_limited() -> bool:
    """Whether this process may have only so many addresses, used or not."""
    return _memory_of_process() < UNLIMITED


def _memory_of_process() -> int:
    """What `ulimit -v` leaves."""
    try:
        import resource
    except ImportError:  # not on Windows
        return UNLIMITED
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


def _groups(controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process is in, each with those around it, in either version.

    A container sees its own group as the root, whatever its name is outside.
    """
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        for root in (CGROUPS / controllers, CGROUPS / controller) if controllers else (CGROUPS, CGROUPS / "unified"):
            group = root / path.strip("/")
            while root in group.parents:
                yield group
                group = group.parent
            yield root
