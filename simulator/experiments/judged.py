"""What a verdict judges of two results, so that a mix of journeys is not taken for a slowdown (rule 11.25)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from ..results import Results
from ..results.journeypairs import AVAILABILITY, entry_shares, have_one_mix
from ..results.pairs import is_same
from ..words import count, join

P99: Final = "latency_p99_s"
GOODPUT: Final = "goodput_per_s"
WORDS: Final = {
    # quantity: its name in the sentence, whether more is better
    P99: ("p99 latency", False),
    AVAILABILITY: ("availability", True),
    GOODPUT: ("goodput", True),
    "cost_per_hour": ("cost per hour", False),
}
BY_JOURNEY: Final = (P99, AVAILABILITY)
MOST: Final = 4
"""Journeys that a sentence names."""


@dataclass(frozen=True)
class Judged:
    """A quantity of all requests, or of one journey."""

    quantity: str
    journey: str = ""
    several: bool = False
    """Whether it is of all requests, which are of several journeys."""

    @property
    def more_is_better(self) -> bool:
        """Whether a higher value is the better one."""
        return WORDS[self.quantity][1]

    def words(self, *, served: bool = False) -> str:
        """Its name; of a latency also of which requests it is."""
        told = WORDS[self.quantity][0] + (" of what is served" if served else "")
        if self.journey:
            return f"{told} of {self.journey}"
        return told + (" of all journeys together" if self.several and self.quantity == P99 else "")


@dataclass(frozen=True)
class Judgement:
    """What is judged, one row each in `table`, and what is left out, in sentences."""

    judged: tuple[Judged, ...]
    table: pd.DataFrame
    left_out: tuple[str, ...] = ()


def choose(
    names: tuple[str, str], pair: tuple[Results, Results], table: Any, journeys: Any, *, same_traffic: bool
) -> Judgement:
    """What may be judged of two results.

    Parameters
    ----------
    table, journeys
        Their differences, by quantity, and by journey and quantity; None if no journeys are to be looked at.
    same_traffic
        Whether both were asked for the same.
    """
    shares = [] if journeys is None else [entry_shares(one) for one in pair]
    left_out: list[str] = []
    judged: list[Judged] = []
    if have_one_mix(shares):
        several = any(len(one) > 1 for one in shares)
        judged += [Judged(quantity, several=several) for quantity in BY_JOURNEY]
    else:
        common = [name for name in shares[0] if name in shares[1]]
        judged += [Judged(quantity, name) for quantity in BY_JOURNEY for name in common]
        left_out.append(_of_mixes(names, shares, common))
        if any(_is_unknown(journeys.loc[(name, P99)]) for name in common):
            left_out.append('What is not recorded at detail "summary" is not judged: use detail="requests".')
    if same_traffic or _same_requests(table):
        judged.append(Judged(GOODPUT))
    else:
        left_out.append("Goodput is not judged: the traffic differs.")
    judged.append(Judged("cost_per_hour"))
    currencies = [one.provenance["currency"] for one in pair]
    if len({*currencies} - {None}) > 1:
        left_out.append(f"Costs are not judged: they are in {currencies[0]} and in {currencies[1]}.")
    rows = [table.loc[one.quantity] if not one.journey else journeys.loc[(one.journey, one.quantity)] for one in judged]
    return Judgement(tuple(judged), pd.DataFrame(rows, index=range(len(rows))), tuple(left_out))


def known_equal(judgement: Judgement) -> list[str]:
    """What is known, not estimated, and equal."""
    rows = zip(judgement.judged, judgement.table.to_dict(orient="records"), strict=True)
    return [one.words() for one, row in rows if is_same(one.quantity, row)]


def _of_mixes(names: tuple[str, str], shares: list[dict[str, float]], common: list[str]) -> str:
    if not common:
        return f"Latency and availability are not judged: {join(list(names))} have no journey in common."
    alone = [f"only {name} has {_journeys([one for one in mine if one not in common])}"
             for name, mine in zip(names, shares, strict=True) if {*mine} - {*common}]  # fmt: skip
    why = "; ".join(alone) if alone else "their shares differ"
    return f"Latency of all journeys together is not judged, it is of another mix: {why}."


def _is_unknown(row: Any) -> bool:
    return bool(row[["baseline", "other"]].isna().all())


def _journeys(names: list[str]) -> str:
    return join(names) if len(names) <= MOST else count(len(names), "journey")


def _same_requests(table: Any) -> bool:
    """Whether as many arrive in each replication, whatever they are called."""
    if "requests" not in table.index:
        return False
    row = table.loc["requests"]
    return bool(row["difference"] == 0.0 and row["half_width"] == 0.0)


def together(those: list[tuple[str, str]]) -> list[str]:
    """Words and journeys, with the journeys of the same words in one."""
    found: dict[str, list[str]] = {}
    for words, journey in those:
        found.setdefault(words, []).append(journey)
    return [f"{words} of {_journeys(names)}" if all(names) else words for words, names in found.items()]


def journeys_told(results: Mapping[str, Results]) -> bool:
    """Whether journeys have rows of their own: where one of the results has several."""
    return any(len(entry_shares(one)) > 1 for one in results.values())
