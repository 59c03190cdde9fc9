"""A drill in words: its table, its blast radius, and what they say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from ...answers import Section, Table
from ...words import MILLISECONDS, PERCENT, PLAIN, Unit, count, duration, ends, join, number, write
from ..curves.words import short
from .aftermath import harms_sends
from .faulting import LONGER
from .measuring import SHORTEST_S
from .nets import harms

if TYPE_CHECKING:
    from .drilled import Drill

MOST: Final = 4
"""Services that a line of the blast radius names."""
HEAD: Final = (
    "policies", "lost", "degraded", "late", "tries x", "seen in", "detect s", "recover s", "verdict",
)  # fmt: skip
WORDS: Final = {"lost": "lost", "degraded": "degraded", "late": "late", "not_asked": "not asked"}
LOSSES: Final = ("lost", "late")
"""What is added up by policies."""
QUANTITIES: Final = {"error_ratio": ("errors", PERCENT), "latency_mean_s": ("latency", MILLISECONDS)}


def sections(drill: Drill) -> Iterator[Section]:
    """The table, whom it hits, what becomes of what nobody waits for, and the blast radius."""
    yield (_table(drill),)
    yield aftermath_lines(drill)
    if len(_entries(drill)) > 1:
        yield entry_lines(drill)
    yield blast_lines(drill)


def conditions(drill: Drill) -> str:
    """What is counted, over how long, and from when on an answer is late."""
    limits = []
    for row in drill.entries.drop_duplicates(["workload", "entry"]).to_dict(orient="records"):
        what = "its slo" if row["limit_is_slo"] else "twice the p99 without the fault"
        if math.isfinite(row["limit_s"]):
            limits.append(f"{row['entry']} after {duration(row['limit_s'])} ({what})")
    late = f"; late: {join(limits)}" if limits else ""
    return (
        f"Requests of one run of {duration(drill.horizon_s)}, against the same run without the fault; "
        f"{count(drill.replications, 'replication')}{late}. What is better with the fault is subtracted."
    )


def distinct_rows(drill: Drill) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows that were run, each with the policy sets that it stands for."""
    for _, rows in drill.table.groupby("deployment", sort=False):
        for row in rows[rows["same_as"] == ""].to_dict(orient="records"):
            same = rows.loc[rows["same_as"] == row["policies"], "policies"].tolist()
            names = [row["policies"], *same]
            every = len(names) > 1 and len(names) == drill.table["policies"].nunique()
            yield {str(key): value for key, value in row.items()}, "any" if every else ", ".join(names)


def _table(drill: Drill) -> Table:
    """By deployment one row a policy set, also where it is the same as another."""
    rows: list[list[str]] = []
    for name, those in drill.table.groupby("deployment", sort=False):
        rows.append([str(name)])
        for row in those.to_dict(orient="records"):
            same = [f"as {row['same_as']}", *[""] * (len(HEAD) - 2)]
            rows.append([f"  {row['policies']}", *(same if row["same_as"] else _cells(row))])
    return Table(HEAD, rows)


def _cells(row: Mapping[Any, Any]) -> list[str]:
    seen, back = row["detected"] > 0, row["time_to_recover_s"]
    recover = "never" if math.isinf(back) else number(back, 3)
    return [
        *(_known(row, f"{name}_net") for name in ("lost", "degraded", "late")),
        number(row["retry_amplification"], 3), f"{row['detected']} of {row['replications']}",
        number(row["time_to_detect_s"], 3) if seen else "-",
        recover if seen and row["verdict"] != "overloaded" else "-", row["verdict"],
    ]  # fmt: skip


def _known(row: Mapping[Any, Any], name: str, unit: Unit = PLAIN) -> str:
    return write(row[name], unit, row[f"{name}_half_width"])


def _worse(row: Mapping[Any, Any]) -> str:
    """What is worse beyond chance, in words; empty if nothing is."""
    worse = [f"{_known(row, f'{name}_net')} {WORDS[name]}" for name in harms(row)]
    if "unawaited_failed_net" in row and harms_sends(row):
        worse.append(f"{_known(row, 'unawaited_failed_net')} more sends failed")
    return join(worse) if worse else ""


def _nobody(row: Mapping[Any, Any]) -> str:
    return _none(row, tuple(WORDS), "none harmed")


def _none(row: Mapping[Any, Any], names: Sequence[str], nothing: str = "0") -> str:
    """That nothing is worse: not beyond chance, or not at all."""
    return "none beyond chance" if any(row[name] > 0.0 for name in names) else nothing


def _name(deployment: str, labels: Sequence[str]) -> str:
    return deployment if "any" in labels else f"{deployment} ({', '.join(labels)})"


def _told(drill: Drill, tell: Callable[[dict[str, Any]], str]) -> list[str]:
    """A line a deployment and policy set; sets of which the same is told share one."""
    lines: dict[tuple[str, str], list[str]] = {}
    for row, label in distinct_rows(drill):
        lines.setdefault((row["deployment"], tell(row)), []).append(label)
    return [f"  {_name(name, labels)}: {text}" for (name, text), labels in lines.items()]


def _entries(drill: Drill) -> pd.DataFrame:
    return drill.entries.drop_duplicates(["workload", "entry"])


def entry_lines(drill: Drill) -> list[str]:
    """Whom it hits: what each entry loses."""

    def tell(row: dict[str, Any]) -> str:
        entries = _part(drill.entries, row).to_dict(orient="records")
        return "; ".join(f"{one['entry']} {_worse(one) or 'unharmed'}" for one in entries)

    entries = _entries(drill)[["requests", "entry"]].itertuples(index=False)
    requests = [f"{number(round(many))} of {entry}" for many, entry in entries]
    return [f"by entry, of {join(requests)}:", *_told(drill, tell)]


def aftermath_lines(drill: Drill) -> list[str]:
    """Sends that fail, and requests that settle late; nothing where there are none in any row."""
    if not drill.table[["unawaited_failed", "settled_late"]].to_numpy().any():
        return []

    def tell(row: dict[str, Any]) -> str:
        parts = []
        if harms_sends(row):
            parts.append(f"{_known(row, 'unawaited_failed_net')} more sends fail")
        elif row["unawaited_failed"] > 0.0:
            parts.append(f"{_known(row, 'unawaited_failed')} sends fail, no more than without the fault beyond chance")
        if row["settled_late"] > 0.0:
            parts.append(f"{_known(row, 'settled_late')} requests settle late")
        return "; ".join(parts) or "all is done, and in time"

    return ["what nobody waits for:", *_told(drill, tell)]


def _part(table: pd.DataFrame, row: dict[str, Any]) -> pd.DataFrame:
    here = (table["deployment"] == row["deployment"]) & (table["policies"] == row["policies"])
    return pd.DataFrame(table[here])


def blast_lines(drill: Drill) -> list[str]:
    """Which other services suffer, and by how much."""

    nobody = "none that is shown" if drill.replications > 1 else "not to be told from one replication: run more"

    def tell(row: dict[str, Any]) -> str:
        rows, parts = _part(drill.blast, row), []
        for quantity, (word, unit) in QUANTITIES.items():
            seen = rows[(rows["quantity"] == quantity) & rows["shown"]].sort_values(
                "rise", ascending=False, kind="stable"
            )
            names = [f"{one['service']} +{_rise(one, unit)}" for one in seen.head(MOST).to_dict(orient="records")]
            if names:
                more = f" and {len(seen) - MOST} more" if len(seen) > MOST else ""
                parts.append(f"{word} of {', '.join(names)}{more}")
        return "; ".join(parts) or nobody

    seconds = drill.until_s - drill.at_s
    when = "while the fault lasts"
    if seconds < SHORTEST_S:
        when = f"in {duration(SHORTEST_S)} from the fault's beginning on"
    head = f"blast radius (other services {when}, as their callers see them):"
    return [head, *_told(drill, tell)]


def _rise(row: Mapping[Any, Any], unit: Unit) -> str:
    """How much more, give or take how much; or both ends, where all of them would not be the most."""
    rise, half_width = row["rise"], row["half_width"]
    if row["quantity"] == "error_ratio" and half_width > 0.0 and rise + half_width > 1.0:
        return f"{unit.after(write(rise, unit))} ({ends(rise - half_width, 1.0, unit)})"
    return unit.after(write(rise, unit, half_width))


def findings(drill: Drill) -> list[str]:
    """What the table says, in sentences."""
    rows = [(row, _name(row["deployment"], [label])) for row, label in distinct_rows(drill)]
    return [
        *_containment(drill), *_policies(drill), *_endings(drill, rows),
        *(_brink(row, name) for row, name in rows if not math.isnan(row["load_high"])),
    ]  # fmt: skip


def _containment(drill: Drill) -> Iterator[str]:
    """The deployments side by side, with the last policy set that both have."""
    sets = list(dict.fromkeys(drill.table["policies"]))
    last = "full" if "full" in sets else sets[-1]
    said = {"full": "the policies of the file", "none": "no policies"}.get(last, f"the policies {last!r}")
    rows = drill.table[drill.table["policies"] == last].to_dict(orient="records")
    parts = [f"{_worse(row) or _nobody(row)} in {row['deployment']}" for row in rows]
    if parts:
        yield f"With {said}, of {count(round(rows[0]['requests']), 'request')} of a run: {'; '.join(parts)}."
    for name, services in drill.shared.items():
        if services and name in set(drill.table["deployment"]):
            share = "shares" if len(drill.targets) == 1 else "share"
            yield f"In {name}, {join(list(drill.targets))} {share} a process with {join(list(services))}."


def _policies(drill: Drill) -> Iterator[str]:
    """What policies change in one deployment, from the first set to the last."""
    if len(set(drill.table["policies"])) < 2:
        return
    groups = [(name, rows[rows["same_as"] == ""]) for name, rows in drill.table.groupby("deployment", sort=False)]
    if all(len(rows) == 1 for _, rows in groups):
        yield "No policy acts here: all policy sets are the same."
        return
    for deployment, rows in groups:
        harm = {row["policies"]: _lost_or_late(row) for row in rows.to_dict(orient="records")}
        if len(harm) > 1 and any(harm.values()):
            parts = [
                f"{number(harm[row['policies']]) if harm[row['policies']] else _none(row, LOSSES)} ({row['policies']})"
                for row in rows.to_dict(orient="records")
            ]
            yield f"What {deployment} loses or serves late, by policies: {', '.join(parts)}."


def _lost_or_late(row: Mapping[Any, Any]) -> float:
    """Requests lost or late, of what is harm: chance is none, and may be below 0 (rule 15.6)."""
    return math.fsum(row[f"{name}_net"] for name in harms(row) if name in LOSSES)


def _endings(drill: Drill, rows: list[tuple[dict[str, Any], str]]) -> Iterator[str]:
    watched = duration(LONGER * (drill.horizon_s - drill.until_s))
    lasting = [name for row, name in rows if row["verdict"] == "metastable"]
    if lasting:
        yield (
            f"{join(lasting)} {'does' if len(lasting) == 1 else 'do'} not come back within {watched} after the fault, "
            "though the same load is carried without it: metastable."
        )
    full = [name for row, name in rows if row["verdict"] == "overloaded"]
    if full:
        yield f"{join(full)} {'is' if len(full) == 1 else 'are'} overloaded without the fault too."
    if not lasting and not full and rows:
        yield "All come back."
    for row, name in rows:
        if 0 < row["detected"] < row["replications"]:
            times = f"seen after {_known(row, 'time_to_detect_s')} s"
            if math.isfinite(row["time_to_recover_s"]):
                times += f", over {_known(row, 'time_to_recover_s')} s after the fault"
            yield f"{name}, in {row['detected']} of {row['replications']} replications: {times}."
        if drill.horizon_s - drill.until_s < row["time_to_recover_s"] < math.inf:
            took = duration(row["time_to_recover_s"])
            yield f"{name} takes {took} for it, longer than the run: what it loses after that is not counted."


def _brink(row: dict[str, Any], name: str) -> str:
    low, high = row["load_low"], row["load_high"]
    if math.isinf(high):
        return f"{name} comes back at all loads that were tried, up to {short(low)} times this one."
    why = {
        "metastable": "not",
        "overloaded": "is overloaded without the fault",
        "theory": "is overloaded without the fault, by theory,",
    }[row["load_limit"]]
    if low == 0.0:
        return f"{name} does not come back at any load that was tried, down to {short(high)} times this one."
    return f"{name} comes back at {short(low)} times this load, and {why} at {short(high)} times."
