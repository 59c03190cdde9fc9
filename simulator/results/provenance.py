"""Where a result comes from, so that it can be made again."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .observed import Observed

PACKAGES = {
    "simulator": "microservice-topology-simulator",
    "numpy": "numpy",
    "pandas": "pandas",
    "simpy": "simpy",
    "numba": "numba",
}


def find_versions() -> dict[str, str]:
    """Versions by name, of what is installed."""
    versions = {"python": platform.python_version()}
    for name, package in PACKAGES.items():
        try:
            versions[name] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def make_provenance(
    observed: Observed, confidence: float, engine_reason: str, requested: int | None, created: str | None
) -> dict[str, Any]:
    """Everything beside the topology that a rerun needs, and when this run was made (UTC)."""
    plan, trace = observed.plan, observed.traces[0]
    finished = len(observed.traces)
    return {
        "topology": plan.topology,
        "deployment": plan.deployment,
        "engine": trace.engine,
        "engine_reason": engine_reason,
        "seed": int(trace.seed),
        "replications": finished,
        "replications_requested": finished if requested is None else int(requested),
        "plan_digest": trace.digest,
        "duration_s": float(plan.settings.duration_s),
        "warmup_s": observed.warmup_s,
        "warmup_auto": plan.settings.warmup_s is None,
        "drain_s": float(plan.settings.drain_s),
        "confidence": confidence,
        "detail": observed.detail,
        "events": sum(int(one.events) for one in observed.traces),
        "faults": [
            {"name": name, "at_s": float(at), "until_s": float(until)}
            for name, at, until in zip(plan.faults.name, plan.faults.at_s, plan.faults.until_s, strict=True)
        ],
        "currency": None if plan.prices is None else plan.prices.currency,
        "platform": platform.platform(),
        "versions": find_versions(),
        "created": created or datetime.now(UTC).isoformat(timespec="seconds"),
    }
