"""What a reader of the README runs: its commands are understood, and its Python runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import simulator as sim
from simulator import cli
from simulator.errors import TopologyError
from simulator.spec.text import Text

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(page):
    """Every line of a page that calls us: its words after `simulator` or `start.py`."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.partition(" > ")[0], comments=True)
            if words[:2] == ["python3", "start.py"]:
                yield words[2:]
            elif words[:1] == ["simulator"]:
                yield words[1:]


COMMANDS = [words for page in PAGES for words in commands(page)]


def test_there_are_commands():
    assert {words[0] for words in COMMANDS} >= {"check", "explain", "simulate", "compare", "plot", "schema", "test"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_understood(words):
    if words[0] in ("test", "docs", "notebook"):  # of start.py alone
        assert f'"{words[0]}": ' in (ROOT / "start.py").read_text()
        return
    arguments = cli.make_parser().parse_args(words)
    assert callable(arguments.run)
    if hasattr(arguments, "topology"):
        files = arguments.topology if isinstance(arguments.topology, list) else [arguments.topology]
        for file in files:
            topology = sim.load(ROOT / file)
            topology.replace(dict(change.split("=", 1) for change in arguments.changes))
            assert [name for name in arguments.deployment or () if name not in topology.deployment_names] == []


def test_the_readme_is_read_in_a_minute():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80
    assert len([line for line in lines if line.startswith("![")]) == 1


def test_the_first_page_has_every_notebook():
    """And the question that it answers, as for the topologies."""
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    numbers = [path.name[:2] for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert len(numbers) >= 5
    assert [one for one in numbers if not re.search(rf"^\| {one} \| .*\?.* \|$", text, re.MULTILINE)] == []


def test_the_first_page_has_every_command():
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    (choices,) = (action.choices for action in cli.make_parser()._actions if isinstance(action.choices, dict))
    assert "completion" in choices
    assert [name for name in choices if not re.search(rf"^\| .*`{name}`.* \| .+ \|$", text, re.MULTILINE)] == []


def test_the_readme_says_with_which_python():
    assert ".venv/bin/python" in (ROOT / "README.md").read_text(encoding="utf-8").split("## In Python")[1]


def test_the_python_of_the_readme_runs(tmp_path):
    (block,) = blocks(ROOT / "README.md", "python")
    shorter = (
        "import simulator as sim\n"
        "load = sim.load\n"
        "settings = {'simulation.duration': '12s', 'simulation.warmup': '2s', 'simulation.replications': 2}\n"
        "sim.load = lambda path: load(path).replace(settings)\n"
    )
    process = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:simulator", "-c", shorter + block],
        cwd=ROOT, capture_output=True, text=True, check=False, env=without_a_screen(tmp_path),
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("checkout as microservices: 2 replications\n")
    assert "monolith" in process.stdout.splitlines()[-1]


def without_a_screen(folder):
    return {**os.environ, "MPLBACKEND": "agg", "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(folder))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_whole_topology_of_a_page_is_right(page):
    for block in blocks(page, "yaml"):
        if re.search(r"^services:", block, re.MULTILINE) and re.search(r"^workload:", block, re.MULTILINE):
            topology = sim.loads(block)
            jsonschema.Draft202012Validator(sim.json_schema()).validate(Text(block, "").read())
            for name in topology.deployment_names:
                sim.compile(topology, name)


def test_the_shipped_topologies_fit_the_schema():
    validator = jsonschema.Draft202012Validator(sim.json_schema())
    files = sorted((ROOT / "topologies").glob("*.yaml"))
    assert len(files) >= 5
    for path in files:
        validator.validate(Text(path.read_text(encoding="utf-8"), path.name).read())


def test_a_duration_needs_its_unit():
    (block, *_) = blocks(ROOT / "README.md", "yaml")
    assert sim.loads(block).services["payment"].replicas == 2
    with pytest.raises(TopologyError, match="a duration needs a unit"):
        sim.loads(block.replace("3ms", "3"))
