"""Words that curves share: loads, ranges of loads, shares, objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from ...plan.plan import Objective
from ...words import PERCENT, headed, join, number, unit_of, write
from ...words import percent as percent_of

DIGITS: Final = 3
"""That a load has in a sentence, if they tell it from its neighbours."""
MOST_DIGITS: Final = 12
ARRIVALS: Final = "arrival rate"
"""What a load is called that is all that arrives, at all times."""
LEAST_SHARE: Final = 0.001
"""Below, a share is said to be less than this."""


def load_column(table: pd.DataFrame) -> str:
    """The column of the load: arrival rates, or users where nothing is open."""
    return "arrival_rate_per_s" if (table["arrival_rate_per_s"] > 0.0).any() else "users"


def load_unit(axis: str) -> str:
    """What stands behind a load."""
    return " users" if axis == "users" else "/s"


def load_head(axis: str, name: str) -> str:
    """The axis as people read it, in a column."""
    if axis == "users":
        return "users"
    peak, some = name.startswith("peak"), name.endswith("workloads")
    if some:
        return "open peaks (/s)" if peak else "open arrivals (/s)"
    return "peak arrivals (/s)" if peak else "arrivals (/s)"


def what_loads_are(axis: str, name: str) -> str:
    """A sentence to follow others, where a load is not simply the rate of all that arrives."""
    return "" if axis == "users" or name == ARRIVALS else f" Loads are the {name}."


def known(words: str, name: str, table: pd.DataFrame, quantity: str = "") -> list[str]:
    """A column that has half widths, of a quantity that its name says, or else `quantity`."""
    return headed(words, quantity or name, table[name].tolist(), table[f"{name}_half_width"].tolist())


def short(value: float, digits: int = DIGITS) -> str:
    """The digits that matter."""
    return number(value, digits)


def spell(values: Sequence[float]) -> list[str]:
    """Each in as few digits, three or more, as tell all of them apart."""
    for digits in range(DIGITS, MOST_DIGITS):
        if len({short(value, digits) for value in values}) == len(set(values)):
            break
    return [short(value, digits) for value in values]


def percent(share: float) -> str:
    """A share; what is more than nothing does not look like it."""
    if 0.0 < share < LEAST_SHARE:
        return f"less than {percent_of(LEAST_SHARE)}"
    return percent_of(round(100.0 * share, 1 if share < 0.1 else 0) / 100.0)


def at_loads(loads: Sequence[float], chosen: Sequence[int], unit: str) -> str:
    """Some of the loads, by their places: `at 5 and 20/s`, `at the 3 loads tried from 5 to 20/s`.

    Between two loads nothing is known, so a range has its number of loads.
    """
    names = spell(loads)
    ranges = [(names[first], names[last]) for first, last in runs(chosen)]
    texts = [first if first == last else f"{first} to {last}" for first, last in ranges]
    if all(first == last for first, last in ranges):
        return f"at {join(texts)}{unit}"
    number = len({names[place] for place in chosen})
    return f"at the {number} loads tried {'from' if len(ranges) == 1 else 'of'} {join(texts)}{unit}"


def runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours, of ascending places."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place - 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found


def limits_in_words(given: Sequence[Sequence[Objective]]) -> tuple[str, ...]:
    """`checkout p99 900 ms`, of each objective; `600 to 900 ms` and `in some cells` where those given differ."""
    limits: dict[tuple[str, str], list[float]] = {}
    for objectives in given:
        for one in objectives:
            name = f"{one.quantity} until settled" if one.settled else one.quantity
            limits.setdefault((one.slo, name), []).append(one.limit)
    said = []
    for (slo, name), values in limits.items():
        unit = PERCENT if name.startswith("errorRate") else unit_of("latency_s", values)
        ends = dict.fromkeys(write(limit, unit) for limit in (min(values), max(values)))
        some = "" if len(values) == len(given) else " in some cells"
        said.append(f"{slo} {name} {unit.after(' to '.join(ends))}{some}")
    return tuple(said)
