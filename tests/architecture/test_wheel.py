"""What is built is what runs: the wheel alone, outside the checkout, checks a topology."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what is built, since a build leaves folders behind."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for file in [*(ROOT / "simulator").rglob("*"), *(ROOT / "topologies").glob("*")]:
        if file.suffix in (".py", ".typed", ".yaml"):
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    """The built wheel, opened."""
    folder = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    installed = folder / "installed"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(installed)
    return installed


def test_the_wheel_has_the_sources_and_the_samples_and_no_more(source, wheel):
    shipped = {file.relative_to(wheel).as_posix() for file in (wheel / "simulator").rglob("*") if file.is_file()}
    wanted = {file.relative_to(source).as_posix() for file in (source / "simulator").rglob("*") if file.is_file()}
    samples = {f"simulator/samples/{file.name}" for file in (source / "topologies").iterdir()}
    assert {name for name in shipped if "__pycache__" not in name} == wanted | samples


def test_its_metadata_say_what_others_need(wheel):
    (folder,) = wheel.glob("*.dist-info")
    assert (folder / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    metadata = (folder / "METADATA").read_text(encoding="utf-8")
    head, _, description = metadata.partition("\n\n")
    for line in ("License-Expression: Apache-2.0", "Provides-Extra: parquet", "Programming Language :: Python :: 3.13",
                 "Requires-Python: >=3.11", "Description-Content-Type: text/markdown"):  # fmt: skip
        assert line in head
    assert re.search(r"^Requires-Dist: pyarrow.*; extra == \"parquet\"$", head, re.MULTILINE)
    assert description.startswith("# Microservice topology simulator")
    assert re.findall(r"\]\((?!https?:|mailto:|#)", description) == []  # nothing leads to a file that is not there


def test_the_built_wheel_works_outside_the_checkout(wheel, tmp_path):
    code = "import simulator, sys; print(simulator.__file__); from simulator.cli import main; sys.exit(main())"

    def run(*words):
        return subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(wheel)}, check=False,
        )  # fmt: skip

    begun = run("init", "minimal")
    assert begun.returncode == 0, begun.stderr
    assert (tmp_path / "minimal.yaml").read_bytes() == (ROOT / "topologies" / "minimal.yaml").read_bytes()
    made = run("simulate", "minimal.yaml", "--duration", "5s", "--warmup", "1s", "--replications", "2")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith(str(wheel))
    assert "throughput" in made.stdout


def test_the_source_distribution_is_complete():
    """Whatever is in the repository, but for what makes it one."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no checkout, or nobody to ask about it")
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rules = (ROOT / "MANIFEST.in").read_text()
    single = {name for line in re.findall(r"^include (.*)$", rules, re.MULTILINE) for name in line.split()}
    whole = [
        (folder, patterns.split())
        for folder, patterns in re.findall(r"^recursive-include (\S+) (.*)$", rules, re.MULTILINE)
    ]
    always = {"pyproject.toml", "setup.py", "MANIFEST.in", "README.md"}

    def is_in(name):
        if name in single | always or name.startswith("simulator/"):
            return True
        return any(
            name.startswith(f"{folder}/") and any(fnmatch.fnmatch(Path(name).name, pattern) for pattern in patterns)
            for folder, patterns in whole
        )

    assert [name for name in listed.stdout.split("\n") if name and not is_in(name)] == []
