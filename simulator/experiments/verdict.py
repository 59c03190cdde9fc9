"""A comparison in words and as text: what differs, what does not, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pandas as pd

from ..answers import Section, Table, shorten
from ..results import Results
from ..results.display import OBJECTIVE_HEAD, give_or_take, objective_rows
from ..results.journeys import journeys, mixture
from ..results.pairs import is_same
from ..results.statistics import shown_together
from ..words import NOTHING, count, headed, join, label, number, unit_of, write
from .ranking import ranking_section

JUDGED = (
    # quantity, its name in the sentence, whether more is better
    ("latency_p99_s", "p99 latency", False),
    ("availability_ratio", "availability", True),
    ("goodput_per_s", "goodput", True),
    ("cost_per_hour", "cost per hour", False),
)
SHOWN = (
    "throughput_per_s", "goodput_per_s", "availability_ratio", "latency_mean_s", "latency_p50_s", "latency_p90_s",
    "latency_p99_s", "latency_p999_s", "cost_per_hour", "cost_per_million_successful",
)  # fmt: skip
UNITS = {
    "replicas": "replicas", "cores": "cores each", "utilisation_ratio": "utilisation", "waiting_time_s": "waiting",
    "queue_length": "queue", "errors": "failed visits",
}  # fmt: skip
"""What is shown of units, and its words."""
WITH_INTERVALS = ("utilisation_ratio", "waiting_time_s")
LONGEST = 20
"""Characters of a deployment's name at the head of a column."""


def service_cores(result: Results) -> float:
    """Cores of the units that run services: databases, caches and externals left out."""
    services = result.services
    names = services.loc[services["kind"] == "service", "unit"].unique()
    units = result.units.loc[names]
    return float((units["replicas"] * units["cores"]).sum())


def make_verdict(results: Mapping[str, Results], differences: Any, *, equal_cores: bool) -> str:
    """One plain sentence for each deployment other than the baseline."""
    baseline, *others = results
    return " ".join(
        _sentence((baseline, other), results, differences.loc[other], equal_cores=equal_cores) for other in others
    )


def _sentence(names: tuple[str, str], results: Mapping[str, Results], table: Any, *, equal_cores: bool) -> str:
    baseline, other = (results[name] for name in names)
    cores = _cores(service_cores(other), service_cores(baseline))
    sizes = "At equal cores" if equal_cores else "At the file's own sizes"
    better, worse, untold = _sort(table, other.provenance)
    shown = " but ".join(join(words) for words in (better, worse) if words)
    if shown:
        body = f"{names[1]} has {shown} than {names[0]}"
        body += f"; no difference is shown in {join(untold)}" if untold else ""
    elif other.provenance["replications"] < 2:
        body = f"one replication cannot show whether {names[1]} differs from {names[0]}: ask for more"
    else:
        body = f"no difference between {names[1]} and {names[0]} is shown" + (f" in {join(untold)}" if untold else "")
    if same := [words for name, words, _ in JUDGED if is_same(name, table.loc[name])]:
        body += f"; {join(same)} {'is' if len(same) == 1 else 'are'} the same"
    unsteady = [name for name, one in zip(names, (baseline, other), strict=True) if _is_unstable(one)]
    caution = f" {join(unsteady)} cannot keep up: latency there depends on how long the run is." if unsteady else ""
    return f"{sizes} ({cores}), {body}{_objectives(names, baseline, other)}.{caution}"


def _cores(mine: float, theirs: float) -> str:
    """6 against 4 cores; 1 core each."""
    if number(mine) == number(theirs):
        return f"{count(mine, 'core')} each"
    return f"{number(mine)} against {number(theirs)} cores"


def _is_unstable(result: Results) -> bool:
    return any(" is unstable: " in warning for warning in result.warnings)


def _sort(table: Any, made: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """What is better, what is worse, and what differs by less than can be told; not what is known to be the same."""
    better: list[str] = []
    worse: list[str] = []
    untold: list[str] = []
    surely = _shown_together(table, made)
    for name, words, more_is_better in JUDGED:
        row = table.loc[name]
        if name == "latency_p99_s" and "availability_ratio" in surely:
            words += " of what is served"
        if math.isnan(row["baseline"]) or math.isnan(row["other"]):
            continue
        if is_same(name, row):
            continue
        if name not in surely:
            untold.append(words)
            continue
        more = row["difference"] > 0.0
        unit = unit_of(name, (row["other"], row["baseline"]))
        values = f"{write(row['other'], unit)} against {unit.after(write(row['baseline'], unit))}"
        values += f" {made['currency']}" if made["currency"] and name.startswith("cost") else ""
        text = f"{'higher' if more else 'lower'} {words} ({values})"
        (better if more == more_is_better else worse).append(text)
    return better, worse, untold


def _shown_together(table: Any, made: Mapping[str, Any]) -> set[str]:
    """The judged quantities that differ, so that chance alone names none of them in 95 of 100 verdicts."""
    found = {name for name, *_ in JUDGED if _is_shown(name, table.loc[name])}
    if "half_width" not in table or made["replications"] < 2:
        return found
    names = [name for name, *_ in JUDGED]
    differences, half_widths = (table.loc[names, column].tolist() for column in ("difference", "half_width"))
    degrees = [made["replications"] - 1] * len(names)
    surely = shown_together(differences, half_widths, degrees, made["confidence"])
    return {name for name, sure in zip(names, surely, strict=True) if sure and name in found}


def _is_shown(name: str, row: Any) -> bool:
    """Sums of the same prices in another order differ in the last bit: that is no difference."""
    return bool(row["shown"]) and not is_same(name, row)


def _objectives(names: Sequence[str], baseline: Results, other: Results) -> str:
    if baseline.objectives.empty:
        return ""
    met = {name: one.met for name, one in zip(names, (baseline, other), strict=True)}
    doubt = baseline.objectives["straddles"].any() or other.objectives["straddles"].any()
    sure = " (not sure: an interval holds the limit)" if doubt else ""
    if len(set(met.values())) == 1:
        return f"; both {'meet every' if met[names[0]] else 'miss an'} objective{sure}"
    good, bad = sorted(names, key=lambda name: not met[name])
    return f"; {good} meets every objective, {bad} misses one{sure}"


def sections(results: Mapping[str, Results], differences: Any, ranking: pd.DataFrame) -> Iterator[Section]:
    """Quantities, units, objectives; of more than two deployments one table of all comes first, the best above."""
    first = next(iter(results.values()))
    if len(results) > 2:
        judged = not all(result.objectives.empty for result in results.values())
        yield ranking_section(ranking, first.provenance["currency"], judged=judged)
    if text := mixture(journeys(first)):
        yield (text,)
    for table in _quantity_tables(results, differences):
        yield (table,)
    yield (_unit_table(results),)
    rows = [[name, *row] for name, result in results.items() for row in objective_rows(result)]
    yield (Table(["deployment", *OBJECTIVE_HEAD], rows, 3),)


def title(results: Mapping[str, Results]) -> str:
    """Of what."""
    topologies = dict.fromkeys(result.provenance["topology"] for result in results.values())
    if len(topologies) == 1:
        return f"{next(iter(topologies))}: the same requests through {join(list(results))}"
    return f"{join(list(results))}, with the same randomness"


def warnings(results: Mapping[str, Results]) -> list[str]:
    """What each result warns of, after its name."""
    return [f"{name}: {text.removeprefix(f'{name}: ')}" for name, result in results.items() for text in result.warnings]


def _quantity_tables(results: Mapping[str, Results], differences: Any) -> Iterator[Table]:
    """One a deployment other than the baseline."""
    baseline, *others = results
    currency = results[baseline].provenance["currency"]
    intervals: dict[str, Any] = {name: result.intervals for name, result in results.items()}
    for other in others:
        rows = []
        for name in SHOWN:
            row = differences.loc[(other, name)]
            unit = unit_of(name, [float(one["mean"][name]) for one in intervals.values()])
            cells = [" ".join(give_or_take(name, intervals[one], unit)).rstrip() for one in (baseline, other)]
            if all(cell == NOTHING for cell in cells):
                continue
            if is_same(name, row):
                difference = "the same"
            elif math.isnan(row["half_width"]):
                difference = write(row["difference"], unit)
            elif _is_shown(name, row):
                difference = " to ".join(dict.fromkeys(write(row[end], unit) for end in ("low", "high")))
            else:
                difference = "no difference shown"
            rows.append([label(name, currency, unit), *cells, difference])
        yield Table(["", *(shorten(one, LONGEST) for one in (baseline, other)), "difference"], rows)


def _unit_table(results: Mapping[str, Results]) -> Table:
    """The units of every deployment, each column in one unit and to one digit."""
    units: Any = pd.concat({name: result.units for name, result in results.items()})
    known: Any = pd.concat({name: result.units_intervals for name, result in results.items()})
    columns = [["unit", *(f"  {name}" for _, name in units.index)]]
    for name, words in UNITS.items():
        if name in WITH_INTERVALS:
            table = known.xs(name, level=-1)
            columns.append(headed(words, name, table["mean"].tolist(), table["half_width"].tolist()))
        else:
            columns.append(headed(words, name, units[name].tolist()))
    head, *cells = zip(*columns, strict=True)
    each = iter(cells)
    rows = [row for name, result in results.items() for row in ((name,), *islice(each, len(result.units)))]
    return Table(head, rows)
