"""The verdict: one plain sentence that claims no more than the numbers show."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from simulator.experiments import verdict
from simulator.experiments.judged import Judged, Judgement
from simulator.experiments.verdict import make_verdict

NAN = math.nan
LABELS = {
    "p99": "latency_p99_s",
    "availability": "availability_ratio",
    "goodput": "goodput_per_s",
    "cost": "cost_per_hour",
}


def result(deployment, met=True, objectives=1, cores=4, replications=5, currency="USD", straddles=False, warnings=()):
    """As much of a result as a verdict looks at."""
    return SimpleNamespace(
        provenance={"deployment": deployment, "currency": currency, "replications": replications},
        objectives=pd.DataFrame({"met": [met] * objectives, "straddles": [straddles] * objectives}),
        warnings=warnings,
        met=met,
        services=pd.DataFrame({"kind": ["service", "database"], "unit": ["shop", "db"]}),
        units=pd.DataFrame({"replicas": [2.0, 1.0], "cores": [cores / 2, 99.0]}, index=["shop", "db"]),
    )


def table(**rows):
    """Differences of one deployment: (baseline, other, shown) by quantity, the others unknown."""
    found = {}
    for short, quantity in LABELS.items():
        baseline, other, shown = rows.get(short, (NAN, NAN, False))
        found[quantity] = {"baseline": baseline, "other": other, "difference": other - baseline, "shown": shown}
    return pd.DataFrame.from_dict(found, orient="index").astype({"shown": bool})


def sentence(rows, mine=None, theirs=None, *, equal_cores=False):
    results = {"split": mine or result("split"), "whole": theirs or result("whole", cores=6)}
    return make_verdict(results, pd.concat({"whole": rows}), equal_cores=equal_cores)


ALL_BETTER = {
    "p99": (0.5, 0.4, True), "availability": (0.99, 0.999, True), "goodput": (90.0, 99.0, True),
    "cost": (2.0, 1.0, True),
}  # fmt: skip


def test_all_better():
    assert sentence(table(**ALL_BETTER)) == (
        "At the file's own sizes (6 against 4 cores), whole has lower p99 latency of what is served (400 against "
        "500 ms), "
        "higher availability (99.9 against 99 %), higher goodput (99 against 90/s) and "
        "lower cost per hour (1 against 2 USD) than split; both meet every objective."
    )


def test_all_worse():
    worse = {short: (other, baseline, shown) for short, (baseline, other, shown) in ALL_BETTER.items()}
    text = sentence(table(**worse))
    assert "whole has higher p99 latency of what is served (500 against 400 ms), lower availability" in text
    assert " but " not in text


def test_mixed():
    text = sentence(table(p99=(0.5, 0.4, True), availability=(1.0, 1.0, False), cost=(1.0, 2.0, True)))
    assert "has lower p99 latency (400 against 500 ms) but higher cost per hour (2 against 1 USD)" in text
    assert "; no difference is shown in availability; both meet" in text


def test_no_difference():
    text = sentence(table(p99=(0.5, 0.4, False), cost=(1.0, 1.0, False)))
    assert text == (
        "At the file's own sizes (6 against 4 cores), no difference between whole and split is shown in "
        "p99 latency; cost per hour is the same; both meet every objective."
    )


def test_a_cost_that_is_known_and_equal_is_the_same_and_an_estimate_is_not():
    """Prices times replicas are no estimate; a p99 or an availability that happens to be equal is one."""
    text = sentence(table(p99=(0.5, 0.4, True), availability=(1.0, 1.0, False), cost=(0.7225, 0.7225, False)))
    assert (
        "lower p99 latency (400 against 500 ms) than split; no difference is shown in availability; "
        "cost per hour is the same; both"
    ) in text
    assert "no difference between whole and split is shown; cost per hour is the same" in sentence(
        table(cost=(1.0, 1.0, False))
    )
    assert "the same" not in sentence(table(p99=(0.5, 0.5, False), goodput=(9.0, 9.0, False)))
    alone = {"mine": result("split", replications=1), "theirs": result("whole", replications=1)}
    assert "ask for more; cost per hour is the same;" in sentence(table(cost=(1.0, 1.0, False)), **alone)


def test_nothing_is_known():
    assert "no difference between whole and split is shown; both" in sentence(table())


def test_one_replication_claims_nothing():
    alone = {"mine": result("split", replications=1), "theirs": result("whole", replications=1)}
    text = sentence(table(p99=(0.5, 0.1, False), cost=(1.0, 2.0, False)), **alone)
    assert "one replication cannot show whether whole differs from split: ask for more" in text
    assert "lower" not in text
    assert "higher" not in text


@pytest.mark.parametrize("unknown", [(NAN, 1.0), (1.0, NAN), (NAN, NAN)])
def test_costs_that_are_not_known_are_passed_over(unknown):
    text = sentence(table(p99=(0.5, 0.4, True), cost=(*unknown, True)))
    assert "cost" not in text
    assert "p99" in text


def test_rounding_is_no_difference():
    rows = table(p99=(0.5, 0.4, True), cost=(0.1 + 0.2, 0.3, True))
    assert "; cost per hour is the same;" in sentence(rows)
    assert "no difference is shown in" not in sentence(rows)
    assert "lower cost" in sentence(table(cost=(0.3, 0.3 - 1e-9, True)))


@pytest.mark.parametrize(
    ("mine", "theirs", "words"),
    [
        (True, True, "; both meet every objective."),
        (False, False, "; both miss an objective."),
        (True, False, "; split meets every objective, whole misses one."),
        (False, True, "; whole meets every objective, split misses one."),
    ],
)
def test_objectives(mine, theirs, words):
    assert sentence(table(), result("split", mine), result("whole", theirs)).endswith(words)


def test_without_objectives_none_are_mentioned():
    text = sentence(table(), result("split", objectives=0), result("whole", objectives=0))
    assert "objective" not in text
    assert text.endswith("shown.")


def test_equal_cores():
    assert sentence(table(), equal_cores=True).startswith("At equal cores (6 against 4 cores), ")
    alike = result("whole", cores=4), result("split", cores=1), result("whole", cores=1)
    assert "(4 cores each)" in sentence(table(), theirs=alike[0])
    assert "(1 core each)" in sentence(table(), mine=alike[1], theirs=alike[2])
    assert "(1 against 4 cores)" in sentence(table(), theirs=alike[2])
    fraction = result("whole", cores=0.5)
    assert "(0.5 against 4 cores)" in sentence(table(), theirs=fraction)


def test_the_currency_is_that_of_the_file():
    euros = [result(name, currency="EUR") for name in ("split", "whole")]
    assert "(1 against 2 EUR)" in sentence(table(cost=(2.0, 1.0, True)), *euros)


def test_costs_in_unlike_currencies_are_not_judged():
    """Their difference is not known (rule 11.25), and it is said."""
    rows = table(p99=(0.5, 0.4, True), cost=(2.0, 1.0, False))
    rows.loc["cost_per_hour", "difference"] = NAN
    text = sentence(rows, theirs=result("whole", currency="EUR"))
    assert text.endswith("; both meet every objective. Costs are not judged: they are in USD and in EUR.")
    assert "cost per hour" not in text


def test_one_sentence_for_each_other_deployment():
    results = {"split": result("split"), "whole": result("whole"), "half": result("half", False)}
    rows = pd.concat({"whole": table(p99=(0.5, 0.4, True)), "half": table(p99=(0.5, 0.6, True))})
    text = make_verdict(results, rows, equal_cores=False)
    assert text.count("At the file's own sizes") == 2
    assert "whole has lower p99 latency (400 against 500 ms) than split; both meet every objective. " in text
    assert text.endswith("half has higher p99 latency (600 against 500 ms) than split; "
                         "split meets every objective, half misses one.")  # fmt: skip


def test_databases_are_not_counted_as_cores():
    assert verdict.service_cores(result("split", cores=3)) == 3.0


def test_four_quantities_are_judged_together():
    """t(4, 1 - 0.05/8) = 4.3147 and t(4, 0.975) = 2.7764: one of four has to lie 1.554 half widths from 0."""
    rows = table(
        p99=(0.5, 0.4, True), availability=(0.9, 0.9, False), goodput=(9.0, 9.0, False), cost=(1.0, 1.0, False)
    )
    rows["half_width"] = [0.1 / 1.56, 0.1, 0.1, 0.1]

    def together():
        judgement = Judgement(tuple(map(Judged, rows.index)), rows.reset_index(drop=True))
        found = verdict._shown_together(judgement, {"replications": 5, "confidence": 0.95})
        return {rows.index[place] for place in found}

    assert together() == {"latency_p99_s"}
    rows.loc["latency_p99_s", "half_width"] = 0.1 / 1.55
    assert together() == set()
    rows.loc["cost_per_hour", ["other", "difference", "shown"]] = [2.0, 1.0, True]  # now it is one of three
    assert together() == {"latency_p99_s", "cost_per_hour"}
    rows.loc["cost_per_hour", "half_width"] = 0.0  # what is known exactly is no matter of chance
    assert "cost_per_hour" in together()


def test_an_objective_that_is_met_by_chance():
    text = sentence(table(), result("split", straddles=True), result("whole"))
    assert text.endswith("; both meet every objective (not sure: an interval holds the limit).")


def test_who_cannot_keep_up_is_named():
    warnings = ("pay is unstable: 120 visits arrive and 100 end per second, and its queue grows to the end",)
    text = sentence(table(p99=(3.9, 0.1, True)), result("split", warnings=warnings), result("whole"))
    assert text.endswith(
        "; both meet every objective. split cannot keep up: latency there depends on how long the run is."
    )
    assert "cannot keep up" not in sentence(table(p99=(3.9, 0.1, True)))
