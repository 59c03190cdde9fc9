"""How long to simulate a queue, before the first run."""

from statistics import NormalDist

from ._checks import below_one, positive


def mm1_run_length(utilisation: float, relative_half_width: float, confidence: float = 0.95) -> float:
    """Length of a run that measures the mean number present in M/M/1 so well, in mean service times.

    In requests it is `utilisation` times as much. The run starts in the steady state (or discards a warmup) and is
    long beside 1 / (1 - utilisation)**2. The interval is that of a normal mean; split into a few replications it needs
    somewhat more, by the square of Student's factor over the normal one. As a rough guide for other queues: more for
    a larger cv, less for several servers.

    Parameters
    ----------
    utilisation
        Above 0, below 1.
    relative_half_width
        Of the interval, as a share of the mean: 0.05 is plus or minus 5 %. Above 0.
    confidence
        Of the interval, above 0 and below 1.

    References
    ----------
    W. Whitt, "Planning queueing simulations", Management Science 35, 1989: the asymptotic variance of the number
    present is 2 u (1 + u) / (1 - u)**4 for a mean service time of 1.
    """
    below_one("utilisation", positive("utilisation", utilisation))
    positive("relative_half_width", relative_half_width)
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence!r}")
    factor = NormalDist().inv_cdf((1.0 + confidence) / 2.0)
    # variance / mean**2, the mean being u / (1 - u)
    spread = 2.0 * (1.0 + utilisation) / (utilisation * (1.0 - utilisation) ** 2)
    return factor**2 * spread / relative_half_width**2
