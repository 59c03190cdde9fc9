"""`docs/recipes.md` is true: what it names is there, and a recipe has all files that know its example by name."""

import ast
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (.*)\n((?:.*\n)*?)(?=## |\Z)", PAGE, re.MULTILINE))
ONE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
SPAN = re.compile("`(.*?)`")


def rows(recipe):
    """Each file of the table, and what to touch in it."""
    found = re.findall(r"^\| `(.*?)` \| (.*?) \|.*\|$", recipe, re.MULTILINE)
    assert len(found) == len(re.findall(r"^\|", recipe, re.MULTILINE)) - 2, "a row is not read"
    return {file: SPAN.findall(touched) for file, touched in found}


def names(body, prefix=""):
    """What a module defines, with what its classes do: functions, classes, and names that are given a value."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield f"{prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from names(node.body, f"{prefix}{node.name}.")
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(target, ast.Name):
                yield f"{prefix}{target.id}"


@cache
def words_of(path):
    """The names that a module has, and its texts of a word: what is prose does not count."""
    with tokenize.open(path) as file:
        kinds = (tokenize.NAME, tokenize.STRING)
        return {one.string.strip("\"'") for one in tokenize.generate_tokens(file.readline) if one.type in kinds}


def test_the_page_is_read_whole():
    assert len(RECIPES) == 7
    assert all(len(rows(recipe)) > 4 for recipe in RECIPES.values())


@ONE
def test_what_is_to_be_touched_is_there(recipe):
    missing = []
    for file, touched in rows(recipe).items():
        text = (ROOT / file).read_text(encoding="utf-8")
        known = set(names(ast.parse(text).body)) if file.endswith(".py") else set()
        missing += [(file, one) for one in touched if one not in (known or text)]
        missing += [] if touched else [(file, "nothing")]
    assert missing == []


@ONE
def test_its_files_are_all_that_know_the_example_by_name(recipe):
    listed, number = re.search(r"By name \((.*?)\) it is in\s+(\d+)\s+files?", recipe).groups()
    words = set(SPAN.findall(listed))
    product = (ROOT / "simulator").rglob("*.py")
    found = {path.relative_to(ROOT).as_posix() for path in product if words & words_of(path)}
    assert found == {file for file in rows(recipe) if file.startswith("simulator/")}
    assert len(found) == int(number)


def test_every_other_path_is_there():
    paths = {one for one in SPAN.findall(PAGE) if re.match(r"(simulator|docs|tests)/", one)}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
