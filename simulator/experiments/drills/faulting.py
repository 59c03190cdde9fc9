"""The topology of a drill: with its faults and without, and when they begin and end (rules 15.1 and 15.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from ...errors import PlanError, TopologyError
from ...spec import Topology
from ...units import format_duration, parse_duration
from ...words import join
from ..simulation import with_settings

KINDS: Final = ("kill", "slow", "pause", "abort", "delay", "partition")
OF_KINDS: Final = {
    "replicas": ("kill", "slow", "pause", "abort"),
    "factor": ("slow",),
    "percentage": ("abort", "delay"),
    "fixedDelay": ("delay",),
    "from": ("abort", "delay", "partition"),
}
"""What only some kinds of faults have."""
LASTS_S: Final = 30.0
"""How long a fault lasts that nobody gave a time."""
BEFORE_S: Final = 20.0
"""Seconds after the warmup at which it begins, so that the run without it is seen first."""
WATCHED_S: Final = 120.0
"""Seconds after its end that are watched, or four times its length if that is more."""
LONGER: Final = 8.0
"""Times as long is watched what has not recovered by then (rule 15.12)."""

Time = str | float


@dataclass(frozen=True)
class Scene:
    """What is drilled. Times are in seconds."""

    calm: Topology
    faulty: Topology
    at_s: float
    until_s: float
    horizon_s: float
    targets: tuple[str, ...]
    what: str

    @property
    def watched_s(self) -> float:
        """How long the run goes on after the last fault has ended."""
        return self.horizon_s - self.until_s

    def longer(self) -> Scene:
        """The same, watched for longer: up to the end of this one nothing is different."""
        horizon_s = self.until_s + LONGER * self.watched_s
        calm, faulty = (with_settings(one, duration=horizon_s) for one in (self.calm, self.faulty))
        return replace(self, calm=calm, faulty=faulty, horizon_s=horizon_s)


def make_scene(
    topology: Topology,
    target: str | None,
    fault: str | None,
    options: dict[str, Any],
    settings: dict[str, Any],
) -> Scene:
    """One fault of this target, or those of the file.

    Parameters
    ----------
    options
        `at`, `for` and the words of the fault's block, None where nothing was given.
    settings
        Of the file's `simulation`, as `simulate` takes them.

    Raises
    ------
    TopologyError
        If the fault does not go with what was given for it.
    PlanError
        If there is no fault, or the run would end before it does.
    """
    given = {key: value for key, value in options.items() if value is not None}
    settings = dict(settings)
    duration = settings.pop("duration")
    topology = _lasting(topology, settings)
    warmup_s = topology.simulation.warmup
    if warmup_s == "auto":
        raise PlanError("a drill needs a warmup that is a time: `auto` would look for it in runs that a fault disturbs")
    example = f'give target="{next(iter(topology.services))}"'
    if target is not None:
        topology = _with_fault(topology, _block(target, fault or "kill", given, warmup_s))
    elif given or fault is not None:
        words = ", ".join(["fault", *given] if fault is not None else given)
        raise PlanError(
            f"{words}: given without a target: name one ({example}), or leave them out to drill the faults of the file"
        )
    elif not topology.faults:
        raise PlanError(f"no fault to drill: name a target ({example}), or write `faults` into the file")
    at_s, until_s = min(one.at for one in topology.faults), max(one.until for one in topology.faults)
    horizon_s = until_s + max(WATCHED_S, 4.0 * (until_s - at_s)) if duration is None else _seconds("duration", duration)
    if horizon_s <= until_s:
        raise PlanError(
            f"duration: the fault ends at {format_duration(until_s)}, when a run of {format_duration(horizon_s)} is "
            f'over: nobody would see what comes after it; give duration="{format_duration(2.0 * until_s)}"'
        )
    faulty = with_settings(topology, duration=horizon_s)
    names = tuple(dict.fromkeys(one.target for one in faulty.faults))
    calm = faulty.replace({"faults": None})
    return Scene(calm, faulty, at_s, until_s, horizon_s, names, _words(faulty))


def _lasting(topology: Topology, settings: dict[str, Any]) -> Topology:
    """With these settings, and a run that is longer than any warmup until its length is known."""
    warmup = settings.get("warmup")
    if warmup is not None and warmup != "auto":
        longest = max(topology.simulation.duration, 2.0 * _seconds("warmup", warmup))
        return with_settings(topology, **settings, duration=longest)
    return with_settings(topology, **{**settings, "warmup": warmup or topology.simulation.warmup})


def _block(target: str, kind: str, given: dict[str, Any], warmup_s: float) -> dict[str, Any]:
    if kind not in KINDS:
        raise PlanError(f"fault: there is no {kind!r}: use {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    rest = {key: value for key, value in given.items() if key not in ("at", "for", "from")}
    for key in given:
        kinds = OF_KINDS.get(key, KINDS)
        if kind not in kinds:
            raise PlanError(f"{key}: {kind} has none, only {join(kinds)}")
    if kind in ("slow", "delay"):
        needed, example = ("factor", "factor=5") if kind == "slow" else ("fixedDelay", 'fixed_delay="2s"')
        if needed not in rest:
            raise PlanError(f"fault: {kind} needs a {needed}: give {example}, for example")
    block = {"at": given.get("at", warmup_s + BEFORE_S), "for": given.get("for", LASTS_S), "target": target, kind: rest}
    return block | ({"from": given["from"]} if "from" in given else {})


def _with_fault(topology: Topology, block: dict[str, Any]) -> Topology:
    """The topology with this fault alone; its mistakes are told by the words of the drill."""
    try:
        return topology.replace({"faults": [block]})
    except TopologyError as error:
        problems = []
        for one in error.problems:
            place, _, key = one.path.rpartition(".")
            ours = one.path.startswith("faults[0]") and key not in KINDS and place != ""
            problems.append(replace(one, path=key, file="", line=0) if ours else one)
        raise TopologyError(problems) from None


def _seconds(name: str, value: Time) -> float:
    try:
        seconds = parse_duration(value) if isinstance(value, str) else float(value)
    except ValueError as error:
        raise PlanError(f"{name}: {error}") from error
    return seconds


def _words(topology: Topology) -> str:
    """The faults in a line."""
    found = []
    for one in topology.faults:
        some = "" if one.replicas == "all" else f" of {one.replicas} replica{'s' if one.replicas != 1 else ''}"
        lasts = f" for {format_duration(one.for_)}" if one.for_ else ""
        caller = f", from {one.from_}" if one.from_ else ""
        detail = _detail(one)
        found.append(f"{one.kind}{some} of {one.target}{caller}{detail} at {format_duration(one.at)}{lasts}")
    return "; ".join(found)


def _detail(one: Any) -> str:
    block = getattr(one, one.kind)
    if one.kind == "slow":
        return f" ({block.factor:g} times)"
    if one.kind == "delay":
        return f" ({block.percentage:g} % by {format_duration(block.fixed_delay)})"
    return f" ({block.percentage:g} %)" if one.kind == "abort" else ""
