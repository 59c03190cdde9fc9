"""What is built is what runs: the wheel alone, outside the checkout, checks a topology."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_built_wheel_works_outside_the_checkout(tmp_path):
    # A copy, since a build leaves folders behind.
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    for file in (ROOT / "simulator").rglob("*"):
        if file.suffix in (".py", ".typed"):
            target = source / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "wheels", source]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
        shipped = {name for name in archive.namelist() if name.startswith("simulator/")}
    wanted = {file.relative_to(source).as_posix() for file in (source / "simulator").rglob("*") if file.is_file()}
    assert shipped == wanted

    topology = tmp_path / "minimal.yaml"
    topology.write_bytes((ROOT / "topologies" / "minimal.yaml").read_bytes())
    code = "import simulator, sys; print(simulator.__file__); from simulator.cli import main; sys.exit(main())"
    run = subprocess.run(
        [sys.executable, "-c", code, "simulate", topology, "--duration", "5s", "--replications", "2"],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(installed))
    assert "throughput" in run.stdout
