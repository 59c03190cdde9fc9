"""`docs/features.md` has every key, rule, table of the Plan and file of the layers, and what it names is there."""

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest

import simulator as sim
from simulator.plan import plan as tables

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
LAYERS = ("spec", "plan", "compiler", "rules", "machine_code", "answers", "results", "experiments")
FOLDERS = {name: f"simulator/{name}" for name in LAYERS} | {
    "reference": "simulator/engines/reference", "compiled": "simulator/engines/compiled", "tests": "tests",
}  # fmt: skip
FEATURES = {
    heading: dict(re.findall(r"^- (\w+): (.*(?:\n  .*)*)$", text, re.MULTILINE))
    for heading, text in re.findall(r"^### (.*)\n\n((?:[- ].*\n)+)", PAGE, re.MULTILINE)
}
ONE = pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES)


def named(feature, label):
    """What a feature has in code spans under a label."""
    return re.findall("`(.*?)`", feature.get(label, ""))


def everything(label):
    return {one for feature in FEATURES.values() for one in named(feature, label)}


def test_the_page_is_read_whole():
    assert len(FEATURES) == len(re.findall("^### ", PAGE, re.MULTILINE)) > 35
    labels = {label for feature in FEATURES.values() for label in feature}
    assert labels == {*FOLDERS, "keys", "semantics", "words"}
    assert sum(len(feature) for feature in FEATURES.values()) == len(re.findall("^ *- ", PAGE, re.MULTILINE))


@ONE
def test_every_file_is_there(feature):
    for label, folder in FOLDERS.items():
        files = [one for one in named(feature, label) if "." in one]
        assert [one for one in files if not (ROOT / folder / one).is_file()] == []


@ONE
def test_every_file_is_of_it(feature):
    """It has one of the words to search for."""
    words = [word.lower() for word in named(feature, "words")]
    files = [(label, one) for label in FOLDERS if label != "tests" for one in named(feature, label) if "." in one]
    texts = {file: (ROOT / FOLDERS[file[0]] / file[1]).read_text(encoding="utf-8").lower() for file in files}
    assert [file for file, text in texts.items() if words and not any(word in text for word in words)] == []


@pytest.mark.parametrize("label", [label for label in FOLDERS if label != "tests"])
def test_no_file_of_a_layer_is_left_out(label):
    folder = ROOT / FOLDERS[label]
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if path.name != "__init__.py"}
    assert files - everything(label) == set()


def test_every_rule_belongs_to_a_feature(rules, citations):
    cited = set().union(
        *(citations(f"rules {feature['semantics']}") for feature in FEATURES.values() if "semantics" in feature)
    )
    assert cited == set(rules)


def test_every_table_of_the_plan_belongs_to_a_feature():
    kinds = {str(field.type) for field in dataclasses.fields(tables.Plan)} - {"str", "tuple[str, ...]"}
    wanted = {re.search(r"[A-Z]\w+", kind)[0] for kind in kinds}
    assert {one for one in everything("plan") if "." not in one} == wanted


def keys():
    """Every key of the file, by its path, as in the reference."""
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    schema = sim.json_schema()
    for _, path, name in maker.SECTIONS:
        (start,) = re.findall(r"^`(.*?)`", path) or ["" if name == "Topology" else "distribution"]
        for key in maker._keys({**schema["$defs"], "Topology": schema}[name])["properties"]:
            yield f"{start}.{key}".removeprefix(".")


def test_every_key_belongs_to_a_feature():
    found, known = list(keys()), everything("keys")
    assert len(found) > 150
    below = [one for one in found if not any(re.match(re.escape(key) + r"([.\[]|$)", one) for key in known)]
    above = {one for one in below if any(key.startswith((f"{one}.", f"{one}[")) for key in known)}
    assert [one for one in below if one not in above] == []
    assert [key for key in known if not any(one == key or one.startswith(f"{key}.") for one in found)] == []
