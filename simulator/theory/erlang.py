"""The two formulas of Erlang: calls lost (B) and calls that wait (C)."""

from collections.abc import Iterator

from ._checks import not_negative, whole


def erlang_b(offered_load: float, servers: int) -> float:
    """Probability that a request is lost in M/G/c/c: all servers busy and nowhere to wait.

    Insensitive to the distribution of the service time. The recursion in the number of servers adds only
    positive numbers, so it loses no digits; its cost grows with `servers`.

    Parameters
    ----------
    offered_load
        Arrival rate times mean service time (erlangs), at least 0; it may exceed `servers`.
    servers
        Number of servers, at least 0.

    Returns
    -------
    float
        A probability in [0, 1].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
    telephone exchanges", 1917. Recursion: R. B. Cooper, "Introduction to Queueing Theory", 1981.
    """
    not_negative("offered_load", offered_load)
    whole("servers", servers, 0)
    lost = 1.0
    for count in range(1, servers + 1):
        lost = offered_load * lost / (count + offered_load * lost)
    return lost


def erlang_c(offered_load: float, servers: int) -> float:
    """Probability that a request has to wait in M/M/c, all servers being busy when it arrives.

    Parameters
    ----------
    offered_load
        Arrival rate times mean service time (erlangs), in [0, servers).
    servers
        Number of servers, at least 1.

    Returns
    -------
    float
        A probability in [0, 1).

    Raises
    ------
    ValueError
        If a parameter is out of its range or the queue would grow without end.

    References
    ----------
    A. K. Erlang, 1917 (as for `erlang_b`); R. B. Cooper, "Introduction to Queueing Theory", 1981.
    """
    not_negative("offered_load", offered_load)
    whole("servers", servers, 1)
    if offered_load >= servers:
        raise ValueError(f"unstable: offered_load {offered_load!r} must be below servers {servers}")
    return waiting_from_lost(erlang_b(offered_load, servers), offered_load, servers)


def waiting_from_lost(lost: float, offered_load: float, servers: int) -> float:
    """Erlang C from Erlang B of the same stable system."""
    return servers * lost / (servers - offered_load + offered_load * lost)


def lost_by_servers(offered_load: float) -> Iterator[tuple[int, float]]:
    """The pairs (servers, Erlang B), for 1, 2, 3, ... servers, each from the one before."""
    servers, lost = 0, 1.0
    while True:
        servers += 1
        lost = offered_load * lost / (servers + offered_load * lost)
        yield servers, lost
