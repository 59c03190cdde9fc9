"""Limits and ends of tries that do not act as they are meant to."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...plan.plan import Plan
from ...units import format_duration
from ...words import number
from ..expectations import Expectations, exceeded_limits
from .subject import Subject


def idle_limits(subject: Subject) -> Iterator[str]:
    """Limits that limit nothing or all the time, tries that end or begin too late, detections that can eject nobody."""
    plan, topology = subject.plan, subject.topology
    yield from _late_hedges(plan)
    yield from _late_ends(plan)
    yield from _exceeded_limits(plan, subject.expected)
    targets = set(plan.endpoints.service[plan.calls.target[plan.calls.remote == 1]].tolist())
    for service in plan.limiters.service.tolist():
        name = plan.services.name[service]
        limit = topology.services[name].rate_limit
        if service not in targets:
            yield f"{name}: its rateLimit does not act: all its calls stay inside the process"
        elif limit is not None and limit.limit_refresh_period is None:
            permits, period = (limit.settled()[key] for key in ("limit_for_period", "limit_refresh_period"))
            short = format_duration(period)
            yield (
                f"{name}: its rateLimit has no limitRefreshPeriod, and so resilience4j's {short}: {permits} calls in"
                f" each {short}, which hardly limits anything"
            )
    for unit, percent in zip(plan.detectors.unit.tolist(), plan.detectors.percent.tolist(), strict=True):
        replicas = int(plan.units.replicas[unit])
        if percent * replicas < 100.0:
            yield (
                f"{plan.units.name[unit]}: its outlierDetection ejects nobody: one of {replicas} replicas is more than"
                f" maxEjectionPercent {percent:g}"
            )


def _exceeded_limits(plan: Plan, expected: Expectations) -> Iterator[str]:
    """Rate limits below what is asked for, with the re-tries that the file's own errors set off."""
    for row, (most, rate) in exceeded_limits(plan, expected).items():
        yield (
            f"{plan.services.name[row]}: its rateLimit lets {number(most)}/s through, of {number(rate)}/s that are"
            f" asked for: the others wait in vain"
        )


def _late_ends(plan: Plan) -> Iterator[str]:
    """Ends of tries that come after that of their call."""
    p, drawn = plan.policies, set(plan.patience.call[plan.patience.law >= 0].tolist())
    for call, per_try in zip(p.call.tolist(), p.per_try_s.tolist(), strict=True):
        if call not in drawn and math.isfinite(per_try) and per_try >= float(plan.calls.timeout[call]):
            yield f"{plan.calls.name[call]}: its perTryTimeout never acts: the timeout of the whole call ends before it"


def _late_hedges(plan: Plan) -> Iterator[str]:
    """Second tries that would be sent when nobody waits for the first any more."""
    p, drawn = plan.policies, set(plan.patience.call[plan.patience.law >= 0].tolist())
    for call, per_try, hedge in zip(p.call.tolist(), p.per_try_s.tolist(), p.hedge_s.tolist(), strict=True):
        end = per_try if call in drawn else min(per_try, float(plan.calls.timeout[call]))
        if math.isfinite(hedge) and hedge >= end:
            yield f"{plan.calls.name[call]}: its hedge never acts: each try ends before that"
