"""Each rule of `docs/semantics.md` is cited by code and by a test, and nobody cites one that is not there."""

from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHERE = {"code": ("simulator", "*.py"), "tests": ("tests", "*.py"), "pages": ("docs", "*.md")}


def texts(where):
    folder, pattern = WHERE[where]
    files = [path for path in (ROOT / folder).rglob(pattern) if path.parent != Path(__file__).parent]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(files)}


def test_they_are_numbered_without_a_gap(rules):
    assert len(rules) > 150
    for section, (_, numbers) in enumerate(groupby(rules, lambda rule: rule.partition(".")[0]), 1):
        found = list(numbers)
        assert found == [f"{section}.{place}" for place in range(1, len(found) + 1)]


@pytest.mark.parametrize("where", ["code", "tests"])
def test_each_is_cited(rules, citations, where):
    cited = set().union(*map(citations, texts(where).values()))
    assert [rule for rule in rules if rule not in cited] == [], f"cited by no docstring or comment of {where}"


@pytest.mark.parametrize("where", WHERE)
def test_no_other_is_cited(rules, citations, where):
    cited = {name: citations(text) - set(rules) for name, text in texts(where).items()}
    assert {name: sorted(found) for name, found in cited.items() if found} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("what it gives (rule 5.6), and when", {"5.6"}),
        ("Rules 12.9 to 12.11.", {"12.9", "12.10", "12.11"}),
        ("(rules 5.1 to 5.3 and 12.4)", {"5.1", "5.2", "5.3", "12.4"}),
        ("(rules 12.5, 12.7 and 12.21\n    to 12.22)", {"12.5", "12.7", "12.21", "12.22"}),
        ("def test_14_8_what_lasts_for_no_time(run):", {"14.8"}),
        ("no rule at all, of 5.6 seconds; section 14; rulers 1.2", set()),
    ],
)
def test_what_is_a_citation(citations, text, found):
    assert citations(text) == found
