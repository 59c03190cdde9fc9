"""Call sites to the columns of `Calls`: what lies between a caller and its target."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..plan.layout import Dist
from ..plan.tables import Calls, Patience
from ..spec.distributions import Distribution
from ..spec.settings import Link, Network
from .directory import Directory
from .distributions import ZERO, DistributionTable, Row, distribution_row
from .programs import CallSite


@dataclass(frozen=True)
class Hop:
    """What a call crosses; a call inside a process crosses nothing."""

    remote: bool
    latency: Row = ZERO
    loss: float = 0.0
    error_rate: float = 0.0
    serialization: Row | None = None
    timeout: float = math.inf


class Wires:
    """The network of a topology."""

    def __init__(self, network: Network) -> None:
        self._links = {(link.from_, link.to): link for link in network.links}
        self._latency = distribution_row(network.latency)
        serialization = distribution_row(network.serialization)
        self._serialization = None if is_zero(serialization) else serialization

    def hop(self, site: CallSite, *, remote: bool) -> Hop:
        """What a call from this site crosses."""
        if not remote:
            return Hop(remote=False)
        link = self._links.get((site.caller, site.target[0]))
        return Hop(
            remote=True,
            latency=self._latency_of(link, at_edge=site.at_edge),
            loss=link.loss if link is not None else 0.0,
            error_rate=link.error_rate if link is not None else 0.0,
            serialization=None if site.at_edge else self._serialization,
            timeout=_mean_timeout(site.policy.timeout),
        )

    def _latency_of(self, link: Link | None, *, at_edge: bool) -> Row:
        if link is not None and link.latency is not None:
            return distribution_row(link.latency)
        return ZERO if at_edge else self._latency


def _mean_timeout(timeout: float | Distribution | None) -> float:
    """Seconds of a timeout; the mean of one that is drawn."""
    if timeout is None:
        return math.inf
    return timeout if isinstance(timeout, float | int) else distribution_row(timeout).mean


def is_zero(row: Row) -> bool:
    """Whether a row is no time at all."""
    return row.kind == Dist.CONSTANT and row.p0 == 0.0


STREAMS = ("site", "latency_stream", "loss_stream", "error_stream", "serialization_stream")
"""Columns of `Calls` that hold the number of a name."""


def site_names(site: CallSite) -> dict[str, str]:
    """Names of a site's streams, by column of `Calls`: of the two services, whoever hosts them."""
    pair = f"{site.caller}->{site.target[0]}"
    streams = {column: f"{column.removesuffix('_stream')} {pair}" for column in STREAMS if column != "site"}
    return {"site": site.site} | streams


def call_names(directory: Directory) -> set[str]:
    """Names of all streams and sites of the calls."""
    return {name for site in directory.calls for name in site_names(site).values()}


def call_columns(directory: Directory, distributions: DistributionTable) -> Calls:
    """The calls as columns."""
    sites, wires = directory.calls, Wires(directory.topology.network)
    hops = [wires.hop(site, remote=remote) for site, remote in zip(sites, directory.remote, strict=True)]
    named = [site_names(site) for site in sites]
    numbered = {column: directory.numbered(names[column] for names in named) for column in STREAMS}
    return Calls.of(
        name=(site.name for site in sites),
        caller=(-1 if site.at_edge else directory.services[site.caller] for site in sites),
        target=(directory.endpoints[site.target] for site in sites),
        remote=(hop.remote for hop in hops),
        latency=(distributions.add(hop.latency) for hop in hops),
        loss=(hop.loss for hop in hops),
        error_rate=(hop.error_rate for hop in hops),
        serialization=(-1 if hop.serialization is None else distributions.add(hop.serialization) for hop in hops),
        timeout=(hop.timeout for hop in hops),
        **numbered,
    )


def patience_names(directory: Directory) -> set[str]:
    """Names of the streams from which timeouts are drawn."""
    return {_patience_stream(site) for site in directory.calls if _is_drawn(site)}


def patience_columns(directory: Directory, distributions: DistributionTable) -> Patience:
    """The remote calls whose timeout is more than a number that only the caller knows."""
    sites, numbers = directory.calls, directory.streams
    rows = [
        row
        for row, site in enumerate(sites)
        if directory.remote[row] and (_is_drawn(site) or site.policy.deadline == "propagate")
    ]
    drawn = [_is_drawn(sites[row]) for row in rows]
    laws = [
        distributions.add_distribution(sites[row].policy.timeout) if one else -1  # type: ignore[arg-type]
        for row, one in zip(rows, drawn, strict=True)
    ]
    streams = [numbers[_patience_stream(sites[row])] if one else 0 for row, one in zip(rows, drawn, strict=True)]
    return Patience.of(
        call=rows,
        law=laws,
        stream=streams,
        propagates=(sites[row].policy.deadline == "propagate" for row in rows),
    )


def _is_drawn(site: CallSite) -> bool:
    timeout = site.policy.timeout
    return timeout is not None and not isinstance(timeout, float | int)


def _patience_stream(site: CallSite) -> str:
    return f"timeout {site.caller}->{site.target[0]}"
