from __future__ import annotations

import subprocess
import sys

import pytest

from simulator import plots
from simulator.errors import SimulatorError


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_same_figure_gives_the_same_bytes(split, tmp_path, suffix):
    for name in ("a", "b"):
        plots.save(plots.topology(*split), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_several_axes_are_one_figure(split, tmp_path):
    axes = plots.timeline(split[1])
    for what in (axes, axes[1], axes[0].figure):
        plots.save(what, tmp_path / "a.svg")
        assert (tmp_path / "a.svg").read_text().startswith("<?xml")
        assert "<dc:date>" not in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("name", ["a.gif", "a"])
def test_another_suffix_is_refused(split, tmp_path, name):
    with pytest.raises(SimulatorError, match=r"has to end with \.png, \.svg or \.pdf"):
        plots.save(plots.utilisation(split[1]), tmp_path / name)


def test_a_folder_that_is_not_there(split, tmp_path):
    with pytest.raises(SimulatorError, match=r"cannot write .*No such file or directory"):
        plots.save(plots.utilisation(split[1]), tmp_path / "missing" / "a.svg")


def test_nothing_to_save(tmp_path):
    with pytest.raises(SimulatorError, match="expected a figure"):
        plots.save([], tmp_path / "a.svg")


def test_matplotlib_comes_with_plots_alone_and_nothing_is_chosen():
    code = (
        "import sys, simulator.results, simulator.compiler; assert 'matplotlib' not in sys.modules;"
        "import simulator.plots, matplotlib;"
        "assert matplotlib.get_backend(auto_select=False) is None;"
        "assert dict(matplotlib.rcParams) == dict(matplotlib.rcParamsOrig)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_a_full_disk_leaves_the_older_figure(split, tmp_path, suffix):
    resource = pytest.importorskip("resource")
    ax = plots.utilisation(split[1])
    plots.save(ax, tmp_path / f"a{suffix}")
    older = (tmp_path / f"a{suffix}").read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # no file may be longer
    try:
        with pytest.raises(SimulatorError, match=f"cannot write .*a{suffix}: "):
            plots.save(ax, tmp_path / f"a{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / f"a{suffix}").read_bytes() == older
    assert [one.name for one in tmp_path.iterdir()] == [f"a{suffix}"]
