"""Call sites to the columns of `Calls`: what lies between a caller and its target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..plan.layout import Dist
from ..plan.plan import Calls, Integers, Patience
from ..spec.distributions import Distribution
from ..spec.settings import Link, Network
from .distributions import ZERO, DistributionTable, Row, distribution_row
from .programs import CallSite, EndpointKey


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
    """The network of a topology, between the units of a deployment."""

    def __init__(self, network: Network, unit_of: Mapping[str, int]) -> None:
        self._links = {(link.from_, link.to): link for link in network.links}
        self._latency = distribution_row(network.latency)
        serialization = distribution_row(network.serialization)
        self._serialization = None if is_zero(serialization) else serialization
        self._unit_of = unit_of

    def hop(self, site: CallSite) -> Hop:
        """What a call from this site crosses."""
        target = site.target[0]
        if not site.at_edge and self._unit_of[site.caller] == self._unit_of[target]:
            return Hop(remote=False)
        link = self._links.get((site.caller, target))
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


def site_names(site: CallSite) -> dict[str, str]:
    """Names of a site's streams, by column of `Calls`: of the two services, whoever hosts them."""
    pair = f"{site.caller}->{site.target[0]}"
    return {
        "site": site.site,
        "latency_stream": f"latency {pair}",
        "loss_stream": f"loss {pair}",
        "error_stream": f"error {pair}",
        "serialization_stream": f"serialization {pair}",
    }


def call_names(sites: Iterable[CallSite]) -> set[str]:
    """Names of all streams and sites of the calls."""
    return {name for site in sites for name in site_names(site).values()}


def call_columns(
    sites: Sequence[CallSite],
    wires: Wires,
    distributions: DistributionTable,
    service_rows: Mapping[str, int],
    endpoint_rows: Mapping[EndpointKey, int],
    numbers: Mapping[str, int],
) -> Calls:
    """The calls as columns."""
    hops = [wires.hop(site) for site in sites]
    named = [site_names(site) for site in sites]

    def numbered(column: str) -> Integers:
        return np.array([numbers[names[column]] for names in named], np.int64)

    return Calls(
        name=tuple(site.name for site in sites),
        caller=np.array([-1 if site.at_edge else service_rows[site.caller] for site in sites], np.int64),
        target=np.array([endpoint_rows[site.target] for site in sites], np.int64),
        site=numbered("site"),
        remote=np.array([hop.remote for hop in hops], np.int64),
        latency=np.array([distributions.add(hop.latency) for hop in hops], np.int64),
        latency_stream=numbered("latency_stream"),
        loss=np.array([hop.loss for hop in hops], np.float64),
        loss_stream=numbered("loss_stream"),
        error_rate=np.array([hop.error_rate for hop in hops], np.float64),
        error_stream=numbered("error_stream"),
        serialization=np.array(
            [-1 if hop.serialization is None else distributions.add(hop.serialization) for hop in hops], np.int64
        ),
        serialization_stream=numbered("serialization_stream"),
        timeout=np.array([hop.timeout for hop in hops], np.float64),
    )


def patience_names(sites: Iterable[CallSite]) -> set[str]:
    """Names of the streams from which timeouts are drawn."""
    return {_patience_stream(site) for site in sites if _is_drawn(site)}


def patience_columns(
    sites: Sequence[CallSite], calls: Calls, distributions: DistributionTable, numbers: Mapping[str, int]
) -> Patience:
    """The remote calls whose timeout is more than a number that only the caller knows."""
    rows = [
        row
        for row, site in enumerate(sites)
        if calls.remote[row] and (_is_drawn(site) or site.policy.deadline == "propagate")
    ]
    drawn = [_is_drawn(sites[row]) for row in rows]
    laws = [
        distributions.add_distribution(sites[row].policy.timeout) if one else -1  # type: ignore[arg-type]
        for row, one in zip(rows, drawn, strict=True)
    ]
    streams = [numbers[_patience_stream(sites[row])] if one else 0 for row, one in zip(rows, drawn, strict=True)]
    return Patience(
        call=np.array(rows, np.int64),
        law=np.array(laws, np.int64),
        stream=np.array(streams, np.int64),
        propagates=np.array([sites[row].policy.deadline == "propagate" for row in rows], np.int64),
    )


def _is_drawn(site: CallSite) -> bool:
    timeout = site.policy.timeout
    return timeout is not None and not isinstance(timeout, float | int)


def _patience_stream(site: CallSite) -> str:
    return f"timeout {site.caller}->{site.target[0]}"
