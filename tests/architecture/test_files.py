"""What holds for files: every test is collected, no module is too long, nothing is left to do, links lead somewhere."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import simulator as sim

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "simulator").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LONGEST = 450
"""Lines of a module."""


def of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in TESTS if path.name.startswith("test_")], ids=of)
def test_every_test_file_has_a_test(path):
    assert re.search(r"^(\s*(async )?def test_|class Test)", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_no_test_hides_in_another_file():
    others = [path for path in TESTS if not path.name.startswith("test_")]
    assert [
        of(path) for path in others if re.search(r"^\s*def test_", path.read_text(encoding="utf-8"), re.MULTILINE)
    ] == []
    assert {path.name for path in others} <= {"conftest.py", *(path.name for path in others if imported(path))}


def imported(path):
    """Whether a test uses this file."""
    return any(path != other and path.stem in other.read_text(encoding="utf-8") for other in TESTS)


def test_tests_have_names_of_their_own_and_no_packages():
    assert [of(path) for path in TESTS if path.name == "__init__.py"] == []


@pytest.mark.parametrize("path", SOURCES, ids=of)
def test_no_module_is_too_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_nothing_is_left_to_do():
    left = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")
    texts = [*SOURCES, *TESTS, *PAGES, *(ROOT / "topologies").glob("*.yaml"), ROOT / "start.py"]
    assert [of(path) for path in texts if left.search(path.read_text(encoding="utf-8"))] == []


def anchors(page):
    """What the headings of a page can be linked as."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_links_lead_somewhere(page):
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_folders_of_the_first_pages_exist():
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "README.md", ROOT / "docs" / "index.md"))
    named = re.findall(r"`((?:simulator|docs|topologies|notebooks|tests|benchmarks)/[\w./-]*)`", text)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_changelog_speaks_of_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+)", text, re.MULTILINE)
    assert versions[0] == sim.__version__
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^version = "(.*)"$', project, re.MULTILINE)[1] == sim.__version__


def test_no_file_of_a_machine_is_tracked():
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no checkout, or nobody to ask about it")
    # The checkout of a build machine may belong to somebody else.
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "pyproject.toml" in listed.stdout.split()
    assert [name for name in listed.stdout.split() if re.search(r"__pycache__|\.pyc$|\.egg-info|\.venv", name)] == []
