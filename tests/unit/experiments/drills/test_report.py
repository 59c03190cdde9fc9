"""A drill in words: within 100 columns, and what it says follows from its tables."""

import math
from dataclasses import replace

import pytest

import simulator as sim
from simulator.experiments.drills.report import blast_lines, conditions, distinct_rows, entry_lines, findings

LONG = "a-name-that-is-longer-than-any-table-would-like-it-to-be-and-then-some-and-more"
FILE = """\
name: shop
simulation: {warmup: 1s, replications: 5, drain: 5s}
policies: {guarded: {timeout: 200ms, fallback: {steps: []}}}
services:
  web: {endpoints: {look: {steps: [{cpu: 2ms}]}, buy: {steps: [{call: pay, policy: guarded}]}}}
  pay: {steps: [{cpu: 5ms}]}
workload: {calls: [{call: web.look}, {call: web.buy}], rate: 40/s}
slos: {buying: {call: web.buy, p99: 300ms}}
"""


def drilled(text):
    target = "pay" if "  pay" in text else f"{LONG}-pay"
    return sim.drill(sim.loads(text), target, at="3s", for_="3s", duration="12s", engine="compiled")


@pytest.fixture(scope="module")
def found():
    return drilled(FILE)


def test_the_text_has_all_parts(found):
    text = str(found)
    assert text.startswith("shop: kill of pay at 3s for 3s\nRequests of one run of 12 s, against the same run without")
    assert "web.buy after 300 ms (its slo)" in text
    assert "(twice the p99 without the fault)" in text
    assert "\nby entry, of " in text
    assert "\nblast radius " in text
    assert "In monolith, pay shares a process with web." in text
    assert max(map(len, text.splitlines())) <= 100


def test_long_names_keep_to_100_columns():
    text = FILE.replace("web", f"{LONG}-web").replace("pay", f"{LONG}-pay").replace("guarded", f"{LONG}-guarded")
    assert max(map(len, str(drilled(text)).splitlines())) <= 100


def test_sets_of_which_the_same_is_told_share_a_line(found):
    names = [line.strip().partition(":")[0] for line in entry_lines(found)[1:]]
    assert names == ["microservices (none, timeouts, retries)", "microservices (full)", "monolith"]


def test_a_row_that_was_run_stands_for_those_like_it(found):
    assert [(row["deployment"], label) for row, label in distinct_rows(found)] == [
        ("microservices", "none"), ("microservices", "timeouts, retries"), ("microservices", "full"),
        ("monolith", "any"),
    ]  # fmt: skip


def test_only_what_is_shown_is_in_the_blast_radius(found):
    full = [line for line in blast_lines(found) if "microservices (full)" in line]
    assert full == ["  microservices (full): none that is shown"]
    assert any("microservices (none, timeouts, retries): errors of web +" in line for line in blast_lines(found))


@pytest.mark.parametrize(
    ("quantity", "rise", "half_width", "text"),
    [
        ("error_ratio", 0.9955, 0.0103, "+99.55 % (98.5 to 100.0)"),  # and not to 100.58 %
        ("error_ratio", 0.9, 0.05, "+90.00 ± 5.00 %"),
        ("error_ratio", 1.0, 0.0, "+100 %"),
        ("latency_mean_s", 1.5, 0.2, "+1,500 ± 200 ms"),
    ],
)
def test_no_more_than_all_fail(found, quantity, rise, half_width, text):
    first = found.blast.iloc[[0]]
    blast = first.assign(quantity=quantity, rise=rise, half_width=half_width, shown=True)
    name = f"{first['deployment'].iloc[0]} ({first['policies'].iloc[0]})"
    (line,) = [line for line in blast_lines(replace(found, blast=blast)) if line.startswith(f"  {name}:")]
    assert line.endswith(f" of {first['service'].iloc[0]} {text}")


def with_rows(found, **columns):
    return replace(found, table=found.table.assign(**columns))


def of_policies(found, lost, late):
    """One deployment with three policy sets: net counts and their half widths, and some of each before netting."""
    rows = found.table[found.table["deployment"] == "microservices"].head(3).assign(same_as="")
    for name, values in (("lost", lost), ("late", late)):
        rows[f"{name}_net"], rows[f"{name}_net_half_width"] = zip(*values, strict=True)
        rows[name] = [max(net, 0.0) + half for net, half in values]
    rows["policies"] = ["none", "timeouts", "full"]
    return " ".join(findings(replace(found, table=rows)))


def test_a_loss_by_policies_is_what_is_shown_and_never_below_none(found):
    """1,800 lost and 11 late are 1,811; -0.1 with 0.44 to either side is chance, and so is 5 with 6."""
    text = of_policies(found, [(1800.0, 20.0), (7.0, 2.0), (-0.1, 0.44)], [(11.0, 3.0), (5.0, 6.0), (0.0, 0.0)])
    assert "loses or serves late, by policies: 1,811 (none), 7 (timeouts), none beyond chance (full)." in text
    text = of_policies(found, [(9.0, 2.0), (9.0, 2.0), (0.0, 0.0)], [(-8.9, 3.0), (-20.0, 3.0), (0.0, 0.0)])
    assert "by policies: 9 (none), 9 (timeouts), 0 (full)." in text


def test_where_no_policies_lose_beyond_chance_nothing_is_said_of_them(found):
    text = of_policies(found, [(3.0, 4.0), (0.1, 0.44), (-0.1, 0.44)], [(0.0, 0.0)] * 3)
    assert "by policies" not in text


def test_endings(found):
    assert findings(found)[-1] == "All come back."
    lasting = with_rows(found, verdict="metastable")
    assert "do not come back within 48 s after the fault, though the same load is carried" in " ".join(
        findings(lasting)
    )
    full = with_rows(found, verdict="overloaded")
    assert findings(full)[-1].endswith("are overloaded without the fault too.")
    assert (lasting.met, full.met, found.met) == (False, False, True)


@pytest.mark.parametrize(
    ("low", "high", "why", "text"),
    [
        (1.9, 2.0, "metastable", "comes back at 1.9 times this load, and not at 2 times."),
        (1.9, 2.0, "overloaded", "comes back at 1.9 times this load, and is overloaded without the fault at 2 times."),
        (1.9, 2.0, "theory", "and is overloaded without the fault, by theory, at 2 times."),
        (8.0, math.inf, "", "comes back at all loads that were tried, up to 8 times this one."),
        (0.0, 0.0156, "metastable", "does not come back at any load that was tried, down to 0.0156 times this one."),
    ],
)
def test_loads(found, low, high, why, text):
    assert findings(with_rows(found, load_low=low, load_high=high, load_limit=why))[-1].endswith(text)


def test_an_interrupted_one_says_so(found):
    assert str(replace(found, interrupted=True)).endswith("only what was finished by then is here")
    assert "interrupted" not in str(found)


def test_conditions_name_what_is_late(found):
    assert conditions(found).count("after") == 2
