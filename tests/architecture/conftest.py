"""The numbered rules of the model, and who cites which."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULE = r"\d+\.\d+"
LIST = re.compile(rf"\brules?\s+({RULE}(?:(?:\s*,)?\s+(?:(?:and|or|to)\s+)?{RULE})*)", re.IGNORECASE)
NAMED = re.compile(r"\bdef test_(\d+)_(\d+)_")


def find_citations(text: str) -> set[str]:
    """The rules that a text cites: `rule 5.6`, `rules 5.1 to 5.7 and 12.4`, or the name of a test, `test_5_6_...`."""
    found = {f"{section}.{number}" for section, number in NAMED.findall(text)}
    for listed in LIST.findall(text):
        words = re.findall(rf"{RULE}|\bto\b", listed)
        for place, word in enumerate(words):
            if word != "to":
                found.add(word)
                continue
            (section, first), (_, last) = (words[place + side].split(".") for side in (-1, 1))
            found |= {f"{section}.{number}" for number in range(int(first), int(last) + 1)}
    return found


@pytest.fixture(scope="session")
def rules() -> list[str]:
    """The numbers of all rules, in the order of the page."""
    page = (ROOT / "docs" / "semantics.md").read_text(encoding="utf-8")
    return re.findall(rf"^({RULE}) ", page, re.MULTILINE)


@pytest.fixture(scope="session")
def citations() -> Callable[[str], set[str]]:
    """What a text cites."""
    return find_citations
