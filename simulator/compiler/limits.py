"""What a target does to all its callers: rate limits of services, outlier detection of units."""

from __future__ import annotations

import numpy as np

from ..plan.plan import Detectors, Limiters
from .directory import Directory


def limiter_columns(directory: Directory) -> Limiters:
    """The services whose tries are limited, with the product's defaults where nothing is written."""
    limits = [(row, directory.topology.services[name].rate_limit) for name, row in directory.services.items()]
    written = [(row, limit.settled()) for row, limit in limits if limit is not None]
    return Limiters(
        service=np.array([row for row, _ in written], np.int64),
        limit=np.array([limit["limit_for_period"] for _, limit in written], np.int64),
        period_s=np.array([limit["limit_refresh_period"] for _, limit in written], np.float64),
        timeout_s=np.array([limit["timeout_duration"] for _, limit in written], np.float64),
    )


def detector_columns(directory: Directory) -> Detectors:
    """The units whose balancer ejects replicas, with the product's defaults where nothing is written."""
    detections = [(row, unit.detection) for row, unit in enumerate(directory.units)]
    written = [(row, detection.settled()) for row, detection in detections if detection is not None]
    return Detectors(
        unit=np.array([row for row, _ in written], np.int64),
        errors=np.array([one["consecutive5xx_errors"] for _, one in written], np.int64),
        interval_s=np.array([one["interval"] for _, one in written], np.float64),
        base_s=np.array([one["base_ejection_time"] for _, one in written], np.float64),
        percent=np.array([one["max_ejection_percent"] for _, one in written], np.float64),
    )
