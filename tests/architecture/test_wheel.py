"""What is built is what runs: the source distribution is whole, and the wheel made of it works alone, elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOOK = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
ALONE = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def pip(*words):
    return run(sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *words)


@pytest.fixture(scope="module")
def tracked():
    """The files of the repository."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no checkout, or nobody to ask about it")
    # The checkout of a build machine may belong to somebody else.
    listed = run("git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", cwd=ROOT).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Builds in a folder what a hook of the build system makes of a folder of sources."""
    tools = tmp_path_factory.mktemp("tools")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pip("install", "--no-compile", "--target", tools, *project["build-system"]["requires"])

    def build(hook, source, **more):
        made = tmp_path_factory.mktemp(hook)
        run(sys.executable, "-c", HOOK, hook, made, cwd=source, env={**ALONE, "PYTHONPATH": str(tools), **more})
        return next(iter(made.iterdir()))

    return build


@pytest.fixture(scope="module")
def source(tracked, build, tmp_path_factory):
    """The source distribution of a copy, since a build leaves folders behind; unpacked."""
    copy = tmp_path_factory.mktemp("copy")
    for name in tracked:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / name).read_bytes())
    unpacked = tmp_path_factory.mktemp("source")
    with tarfile.open(build("build_sdist", copy)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in every 3.11
        archive.extractall(unpacked)
    (folder,) = unpacked.iterdir()
    return folder


@pytest.fixture(scope="module")
def wheel(source, build):
    """The wheel that is made of the source distribution."""
    return build("build_wheel", source)


@pytest.fixture(scope="module")
def install(tmp_path_factory):
    """Installs a wheel alone; gives what calls its command, from a folder; other packages are those of the tests."""

    def install(wheel):
        home = tmp_path_factory.mktemp("home")
        venv.create(home)
        paths = sysconfig.get_paths("venv", {"base": str(home), "platbase": str(home)})
        (python,) = Path(paths["scripts"]).glob("python" + (".exe" if os.name == "nt" else ""))
        pip("--python", python, "install", "--no-compile", "--no-deps", "--no-index", wheel)
        (Path(paths["purelib"]) / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
        where = run(python, "-c", "import simulator; print(simulator.__file__)", cwd=home, env=ALONE).stdout
        assert Path(where.strip()).is_relative_to(paths["purelib"])

        def simulator(folder, *words, **more):
            return run(Path(paths["scripts"]) / "simulator", *words, cwd=folder, env={**ALONE, **more})

        return simulator

    return install


@pytest.fixture(scope="module")
def simulator(wheel, install):
    """Calls the installed command; gives what it prints."""
    call = install(wheel)
    return lambda folder, *words: call(folder, *words).stdout


def test_the_source_distribution_is_the_repository(tracked, source):
    made = {"PKG-INFO", "setup.cfg"}
    shipped = {file.relative_to(source).as_posix() for file in source.rglob("*") if file.is_file()}
    assert {name for name in shipped if ".egg-info/" not in name and not name.startswith("build/")} - made == tracked


def test_the_wheel_has_the_sources_and_the_samples_and_no_more(tracked, wheel):
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = {name for name in tracked if name.startswith("simulator/")}
    samples = {
        name.replace("topologies/", "simulator/samples/", 1) for name in tracked if name.startswith("topologies/")
    }
    assert shipped == sources | samples
    assert "simulator/py.typed" in shipped
    assert "simulator/samples/checkout.yaml" in shipped


def test_its_metadata_say_what_others_need(wheel):
    with zipfile.ZipFile(wheel) as archive:
        texts = {Path(name).name: archive.read(name) for name in archive.namelist() if ".dist-info/" in name}
    assert texts["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    head, _, description = texts["METADATA"].decode().partition("\n\n")
    for line in ("License-Expression: Apache-2.0", "Provides-Extra: parquet", "Programming Language :: Python :: 3.13",
                 "Requires-Python: >=3.11", "Description-Content-Type: text/markdown"):  # fmt: skip
        assert line in head
    assert re.search(r"^Requires-Dist: pyarrow.*; extra == \"parquet\"$", head, re.MULTILINE)
    assert description.startswith("# Microservice topology simulator")
    assert re.findall(r"\]\((?!https?:|mailto:|#)", description) == []  # nothing leads to a file that is not there


def test_the_installed_wheel_works_outside_the_checkout(simulator, tmp_path):
    simulator(tmp_path, "init", "minimal")
    assert (tmp_path / "minimal.yaml").read_bytes() == (ROOT / "topologies" / "minimal.yaml").read_bytes()
    assert "well formed" in simulator(tmp_path, "check", "minimal.yaml")


@pytest.mark.one_in(3)
def test_it_simulates(simulator, tmp_path):
    simulator(tmp_path, "init", "minimal")
    said = simulator(tmp_path, "simulate", "minimal.yaml", "--duration", "5s", "--warmup", "1s", "--replications", "2")
    assert "throughput" in said


RUN = ("simulate", "minimal.yaml", "--duration", "30s", "--warmup", "1s", "--replications", "2", "--json",
       "--engine", "compiled")  # fmt: skip


@pytest.mark.one_in(5)
@pytest.mark.parametrize("_", [""])
def test_a_wheel_with_machine_code_compiles_nothing(_, source, build, install, tmp_path):
    """Made for any processor of the platform, it gives what machine code for this one gives."""
    from simulator.engines.compiled.shipping import GENERIC

    module = (sys.executable, "-m", "simulator.engines.compiled.shipping", source / "objects")
    run(*module, cwd=source, env={**ALONE, **GENERIC, "PYTHONPATH": str(source)})
    call = install(build("build_wheel", source, SIMULATOR_OBJECTS="objects"))
    call(tmp_path, "init", "minimal")
    done = call(tmp_path, *RUN, SIMULATOR_CACHE_DIR=str(tmp_path / "cache"))
    assert "compiling" not in done.stderr
    assert not list((tmp_path / "cache").rglob("*.*"))
    here = run(sys.executable, "-m", "simulator.cli", *RUN, cwd=tmp_path, env={**ALONE, "PYTHONPATH": str(ROOT)})
    shipped, made = (json.loads(said)["summary"] for said in (done.stdout, here.stdout))
    assert shipped == made
