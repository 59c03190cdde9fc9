"""A comparison in words and as text: what differs, what does not, and by how much."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence, Sized
from dataclasses import replace
from itertools import islice
from typing import Any

import pandas as pd

from ..answers import Section, Table
from ..results import Results
from ..results.display import OBJECTIVE_HEAD, cause_line, give_or_take, objective_rows
from ..results.journeypairs import AVAILABILITY
from ..results.journeys import journeys as journeys_of
from ..results.journeys import mixture
from ..results.objectives import is_sure
from ..results.pairs import is_same, one_currency
from ..results.statistics import shown_together
from ..words import NOTHING, Unit, count, headed, join, label, number, unit_of, write
from . import judged
from .judged import P99, Judgement
from .ranking import is_priced, ranking_section

SHOWN = (
    "throughput_per_s", "goodput_per_s", "availability_ratio", "latency_mean_s", "latency_p50_s", "latency_p90_s",
    "latency_p99_s", "latency_p999_s", "cost_per_hour", "cost_per_million_successful",
)  # fmt: skip
UNITS = {
    "replicas": "replicas", "cores": "cores each", "utilisation_ratio": "utilisation", "waiting_time_s": "waiting",
    "queue_length": "queue", "failed_calls": "failed",
}  # fmt: skip
"""What is shown of units, and its words; calls as their callers see them, as `simulate` has them."""
OF_JOURNEYS = ("latency_mean_s", "latency_p99_s", "availability_ratio")
"""What is shown of each journey."""
WITH_INTERVALS = ("utilisation_ratio", "waiting_time_s")


def service_cores(result: Results) -> float:
    """Cores of the units that run services: databases, caches and externals left out."""
    services = result.services
    names = services.loc[services["kind"] == "service", "unit"].unique()
    units = result.units.loc[names]
    return float((units["replicas"] * units["cores"]).sum())


def make_verdict(
    results: Mapping[str, Results],
    differences: Any,
    *,
    equal_cores: bool,
    journeys: Any = None,
    other_traffic: Container[str] = (),
) -> str:
    """One plain sentence for each deployment other than the baseline, and what it leaves out.

    Parameters
    ----------
    differences, journeys
        By deployment; those of journeys may be left out where there is one only.
    other_traffic
        Those that were not asked for the same as the baseline.
    """
    baseline, *others = results
    return " ".join(
        _sentence(
            (baseline, other),
            results,
            judged.choose(
                (baseline, other),
                (results[baseline], results[other]),
                differences.loc[other],
                None if journeys is None else journeys.loc[other],
                same_traffic=other not in other_traffic,
            ),
            equal_cores=equal_cores,
        )
        for other in others
    )


def _sentence(
    names: tuple[str, str], results: Mapping[str, Results], judgement: Judgement, *, equal_cores: bool
) -> str:
    baseline, other = (results[name] for name in names)
    cores = _cores(service_cores(other), service_cores(baseline))
    sizes = "At equal cores" if equal_cores else "At the file's own sizes"
    better, worse, untold = _sort(judgement, other.provenance)
    shown = " but ".join(join(words) for words in (better, worse) if words)
    if shown:
        body = f"{names[1]} has {shown} than {names[0]}"
        body += f"; no difference is shown in {join(untold)}" if untold else ""
    elif other.provenance["replications"] < 2:
        body = f"one replication cannot show whether {names[1]} differs from {names[0]}: ask for more"
    elif judgement.left_out and not untold:
        body = f"{names[1]} and {names[0]} have nothing in common that could be judged"
    else:
        body = f"no difference between {names[1]} and {names[0]} is shown" + (f" in {join(untold)}" if untold else "")
    if same := judged.known_equal(judgement):
        body += f"; {join(same)} {'is' if len(same) == 1 else 'are'} the same"
    unsteady = [name for name, one in zip(names, (baseline, other), strict=True) if _is_unstable(one)]
    caution = f" {join(unsteady)} cannot keep up: latency there depends on how long the run is." if unsteady else ""
    left_out = "".join(f" {text}" for text in judgement.left_out)
    return f"{sizes} ({cores}), {body}{_objectives(names, baseline, other)}.{left_out}{caution}"


def _cores(mine: float, theirs: float) -> str:
    """6 against 4 cores; 1 core each."""
    if number(mine) == number(theirs):
        return f"{count(mine, 'core')} each"
    return f"{number(mine)} against {number(theirs)} cores"


def _is_unstable(result: Results) -> bool:
    return any(" is unstable: " in warning for warning in result.warnings)


def _sort(judgement: Judgement, made: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """What is better, what is worse, what differs by less than can be told; not what is known to be the same."""
    better: list[str] = []
    worse: list[str] = []
    untold: list[tuple[str, str]] = []
    surely = _shown_together(judgement, made)
    unlike = {judgement.judged[place].journey for place in surely if judgement.judged[place].quantity == AVAILABILITY}
    for place, one in enumerate(judgement.judged):
        row: Any = judgement.table.loc[place]
        if any(math.isnan(row[column]) for column in ("baseline", "other", "difference")):
            continue
        if is_same(one.quantity, row):
            continue
        served = one.quantity == P99 and one.journey in unlike
        if place not in surely:
            untold.append((replace(one, journey="").words(served=served), one.journey))
            continue
        more = row["difference"] > 0.0
        unit = unit_of(one.quantity, (row["other"], row["baseline"]))
        values = f"{write(row['other'], unit)} against {unit.after(write(row['baseline'], unit))}"
        values += f" {made['currency']}" if made["currency"] and one.quantity.startswith("cost") else ""
        text = f"{'higher' if more else 'lower'} {one.words(served=served)} ({values})"
        (better if more == one.more_is_better else worse).append(text)
    return better, worse, judged.together(untold)


def _shown_together(judgement: Judgement, made: Mapping[str, Any]) -> set[Any]:
    """Those rows of what is judged that differ, so that chance alone names none of them in 95 of 100 verdicts."""
    table = judgement.table
    found = {place for place in table.index if _is_shown(judgement.judged[place].quantity, table.loc[place])}
    if "half_width" not in table or made["replications"] < 2:
        return found
    degrees = [made["replications"] - 1] * len(table)
    differences, half_widths = table["difference"].tolist(), table["half_width"].tolist()
    surely = shown_together(differences, half_widths, degrees, made["confidence"])
    return {place for place, sure in zip(table.index, surely, strict=True) if sure and place in found}


def _is_shown(name: str, row: Any) -> bool:
    """Sums of the same prices in another order differ in the last bit: that is no difference."""
    return bool(row["shown"]) and not is_same(name, row)


def _objectives(names: Sequence[str], baseline: Results, other: Results) -> str:
    if baseline.objectives.empty:
        return ""
    met = {name: one.met for name, one in zip(names, (baseline, other), strict=True)}
    doubt = not all(is_sure(one.objectives) for one in (baseline, other))
    sure = " (not sure: an interval holds the limit)" if doubt else ""
    if len(set(met.values())) == 1:
        return f"; both {'meet every' if met[names[0]] else 'miss an'} objective{sure}"
    good, bad = sorted(names, key=lambda name: not met[name])
    return f"; {good} meets every objective, {bad} misses one{sure}"


def sections(
    results: Mapping[str, Results], differences: Any, ranking: pd.DataFrame, journeys: Any = None
) -> Iterator[Section]:
    """Quantities, units, causes, objectives; of more than two deployments one table of all comes first, the best above.

    `journeys` are the differences by deployment, journey and quantity, where there are several journeys.
    """
    if len(results) > 2:
        objectives = not all(result.objectives.empty for result in results.values())
        yield ranking_section(ranking, _currency(results), judged=objectives, priced=is_priced(results))
    yield _mixtures(results)
    for table in _quantity_tables(results, differences):
        yield (table,)
    if journeys is not None:
        for table in _journey_tables(results, journeys):
            yield (table,)
    yield (_unit_table(results),)
    yield _causes(results)
    rows = [[name, *row] for name, result in results.items() for row in objective_rows(result)]
    yield (Table(["deployment", *OBJECTIVE_HEAD], rows, 3),)


def title(results: Mapping[str, Results], other_traffic: Sized = ()) -> str:
    """Of what."""
    topologies = dict.fromkeys(result.provenance["topology"] for result in results.values())
    if other_traffic:
        return f"{join(list(results))}: not the same requests, with the same randomness"
    if len(topologies) == 1:
        return f"{next(iter(topologies))}: the same requests through {join(list(results))}"
    return f"{join(list(results))}, with the same randomness"


def about_costs(results: Mapping[str, Results]) -> tuple[str, ...]:
    """That they cannot be compared, if they cannot."""
    if one_currency(list(results.values())):
        return ()
    each = [f"{name} in {one.provenance['currency']}" for name, one in results.items() if one.provenance["currency"]]
    return (f"costs are not compared: {join(each)}",)


def _currency(results: Mapping[str, Results]) -> str | None:
    """That of all prices; none if they have none, or several."""
    known = {one.provenance["currency"] for one in results.values()} - {None}
    return known.pop() if len(known) == 1 else None


def _mixtures(results: Mapping[str, Results]) -> Section:
    """Of which journeys latencies are: once, where all have one mix of them."""
    told = {name: journeys_of(result) for name, result in results.items()}
    texts = {name: mixture(table) or _alone(table) for name, table in told.items()}
    if not any(mixture(table) for table in told.values()):
        return ()
    if len({*texts.values()}) == 1:
        return (next(iter(texts.values())),)
    return tuple(f"{name}: {text}" for name, text in texts.items())


def _alone(table: pd.DataFrame) -> str:
    """Of the only journey that there is, or of none."""
    entries = [str(entry) for _, entry in table.index]
    return f"latency is of {entries[0]}" if len(entries) == 1 else "no request has ended"


def _causes(results: Mapping[str, Results]) -> Section:
    """Why requests failed, by deployment; nothing where none failed, or where that was not recorded."""
    causes = {name: cause_line(result) for name, result in results.items()}
    if not any(causes.values()):
        return ()
    return tuple(f"failures by cause, {name}: {text or 'none'}" for name, text in causes.items())


def warnings(results: Mapping[str, Results]) -> list[str]:
    """What each result warns of, after its name."""
    return [f"{name}: {text.removeprefix(f'{name}: ')}" for name, result in results.items() for text in result.warnings]


def _quantity_tables(results: Mapping[str, Results], differences: Any) -> Iterator[Table]:
    """One a deployment other than the baseline."""
    baseline, *others = results
    intervals: dict[str, Any] = {name: result.intervals for name, result in results.items()}
    for other in others:
        pair = {name: results[name] for name in (baseline, other)}
        currency, rows = _currency(pair), []
        for name in SHOWN:
            unit = unit_of(name, [float(one["mean"][name]) for one in intervals.values()])
            cells = [" ".join(give_or_take(name, intervals[one], unit)).rstrip() for one in pair]
            if all(cell == NOTHING for cell in cells):
                continue
            if name.startswith("cost_") and not one_currency(list(pair.values())):
                cells = [f"{cell} {result.provenance['currency'] or ''}".rstrip()
                         for cell, result in zip(cells, pair.values(), strict=True)]  # fmt: skip
                rows.append([label(name, None, unit), *cells, "other currencies"])
                continue
            rows.append([label(name, currency, unit), *cells, _difference(name, differences.loc[(other, name)], unit)])
        yield Table(["", *pair, "difference"], rows)


def _journey_tables(results: Mapping[str, Results], journeys: Any) -> Iterator[Table]:
    """One a deployment other than the baseline: a few quantities of each journey."""
    baseline, *others = results
    for other in others:
        table, rows = journeys.loc[other], []
        for journey in dict.fromkeys(table.index.get_level_values("journey")):
            rows.append([str(journey)])
            for name in OF_JOURNEYS:
                row = table.loc[(journey, name)]
                unit = unit_of(name, (row["baseline"], row["other"]))
                cells = [write(row[column], unit) for column in ("baseline", "other")]
                rows.append([f"  {label(name, None, unit)}", *cells, _difference(name, row, unit)])
        yield Table(["journey", baseline, other, "difference"], rows)


def _difference(name: str, row: Any, unit: Unit) -> str:
    """Both ends of its interval, or that none is shown, or that there is none."""
    if is_same(name, row):
        return "the same"
    if math.isnan(row["half_width"]):
        return write(row["difference"], unit)
    if _is_shown(name, row):
        return " to ".join(dict.fromkeys(write(row[end], unit) for end in ("low", "high")))
    return "no difference shown"


def _unit_table(results: Mapping[str, Results]) -> Table:
    """The units of every deployment, each column in one unit and to one digit."""
    units: Any = pd.concat({name: _with_calls(result) for name, result in results.items()})
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


def _with_calls(result: Results) -> pd.DataFrame:
    """The units with the failed calls of all their services (rule 11.16)."""
    services: Any = result.services
    return result.units.assign(failed_calls=services.groupby("unit")["failed_calls"].sum())
