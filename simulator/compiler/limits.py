"""What a target does to all its callers: rate limits of services, outlier detection of units."""

from __future__ import annotations

from ..plan.policies import Detectors, Limiters
from .directory import Directory


def limiter_columns(directory: Directory) -> Limiters:
    """The services whose tries are limited, with the product's defaults where nothing is written."""
    limits = [(row, directory.topology.services[name].rate_limit) for name, row in directory.services.items()]
    written = [(row, limit.settled()) for row, limit in limits if limit is not None]
    return Limiters.of(
        service=(row for row, _ in written),
        limit=(limit["limit_for_period"] for _, limit in written),
        period_s=(limit["limit_refresh_period"] for _, limit in written),
        timeout_s=(limit["timeout_duration"] for _, limit in written),
    )


def detector_columns(directory: Directory) -> Detectors:
    """The units whose balancer ejects replicas, with the product's defaults where nothing is written."""
    detections = [(row, unit.detection) for row, unit in enumerate(directory.units)]
    written = [(row, detection.settled()) for row, detection in detections if detection is not None]
    return Detectors.of(
        unit=(row for row, _ in written),
        errors=(one["consecutive5xx_errors"] for _, one in written),
        interval_s=(one["interval"] for _, one in written),
        base_s=(one["base_ejection_time"] for _, one in written),
        percent=(one["max_ejection_percent"] for _, one in written),
    )
