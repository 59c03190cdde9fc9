"""How throughput grows with size: the Universal Scalability Law, with Amdahl's law as its case without coherency.

A size counts whole multiples of what one of them has: replicas, cores. `contention` (sigma) is the share of the work
that only one can do at a time, `coherency` (kappa) what every pair spends on agreeing with each other; both are 0 when
nothing is shared. Every function raises ValueError for a parameter out of its range.

Source of all: N. J. Gunther, "A Simple Capacity Model of Massively Parallel Transaction Systems", 1993, and "Guerrilla
Capacity Planning", 2007, section 4.4. G. M. Amdahl, "Validity of the single processor approach to achieving large scale
computing capabilities", 1967.
"""

import math

from ._checks import not_negative, positive


def usl_capacity(size: float, contention: float, coherency: float = 0.0) -> float:
    """Throughput of this size (above 0) by that of size one: N / (1 + sigma (N - 1) + kappa N (N - 1)).

    Fitted parameters may be slightly negative, as long as what they make of the work is above 0.
    """
    positive("size", size)
    work = 1.0 + contention * (size - 1.0) + coherency * size * (size - 1.0)
    if not (math.isfinite(work) and work > 0.0):
        raise ValueError(f"contention {contention!r} and coherency {coherency!r} leave no work at size {size!r}")
    return size / work


def usl_peak_size(contention: float, coherency: float) -> float:
    """The size of the greatest throughput, not a whole number: sqrt((1 - sigma) / kappa).

    Infinite without coherency; 1 if contention takes all the work. `contention` lies in [0, 1].
    """
    if not_negative("contention", contention) > 1.0:
        raise ValueError(f"contention must lie in [0, 1], got {contention!r}")
    if not_negative("coherency", coherency) == 0.0:
        return math.inf if contention < 1.0 else 1.0
    return max(1.0, math.sqrt((1.0 - contention) / coherency))


def amdahl_speedup(size: float, serial_share: float) -> float:
    """Throughput of this size (above 0) by that of size one, if this share of the work (in [0, 1]) is serial."""
    if not_negative("serial_share", serial_share) > 1.0:
        raise ValueError(f"serial_share must lie in [0, 1], got {serial_share!r}")
    return usl_capacity(size, serial_share)
