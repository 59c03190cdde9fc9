"""The reference of the topology file follows the models: made anew, it is the page that is there."""

import importlib.util
import re
from pathlib import Path

import pytest

import simulator as sim

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "topology.md"
SCHEMA = sim.json_schema()


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(maker):
    text = PAGE.read_text(encoding="utf-8")
    assert maker.renew(text) == text, "run: python docs/make_reference.py"


def test_a_change_of_the_models_is_seen(maker, monkeypatch):
    changed = sim.json_schema()
    changed["$defs"]["Queue"]["properties"]["colour"] = {"type": "string", "description": "Red or green."}
    monkeypatch.setattr(maker, "json_schema", lambda: changed)
    assert "| `colour` | text |  | Red or green. |" in maker.make_reference()
    changed["$defs"]["Colour"] = {"properties": {}}
    with pytest.raises(SystemExit, match="no section for Colour"):
        maker.make_reference()


def mappings(schema):
    """Every mapping of the schema with keys of its own, by definition."""
    for name, definition in {**schema["$defs"], "Topology": schema}.items():
        for form in [definition, *definition.get("anyOf", ())]:
            if "properties" in form:
                yield name, form["properties"]


def test_every_key_is_explained():
    silent = [
        f"{name}.{key}" for name, keys in mappings(SCHEMA) for key, content in keys.items()
        if not content.get("description") and "const" not in content and "$ref" not in content
    ]  # fmt: skip
    assert silent == []


def test_every_key_has_a_row_with_a_meaning():
    rows = re.findall(r"^\| `(.*?)` \| (.*?) \|(.*?)\| (.*?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [key for key, kind, _, meaning in rows if not (kind and meaning)] == []
    assert len(rows) > 90
    named = [key for key, *_ in rows]
    for _, keys in mappings(SCHEMA):
        for key in keys:
            assert key in named


def test_the_tour_shows_most_of_the_language():
    (tour,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    topology = sim.loads(tour)
    for name in topology.deployment_names:
        sim.compile(topology, name)
    words = set(re.findall(r"[A-Za-z]+(?=:)", tour))
    steps = {"cpu", "sleep", "call", "send", "parallel", "choose", "probability", "times", "timeout"}
    shapes = {"rate", "stages", "users", "thinkTime"}
    top = set(SCHEMA["properties"])
    assert words >= steps | shapes | top
