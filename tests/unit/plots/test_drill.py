"""The figure of a drill: a panel a policy set, a line a deployment, the fault and what came after it."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import simulator as sim
from simulator.errors import SimulatorError
from simulator.plots.drill import _harm
from simulator.plots.style import readable

FILE = """\
name: shop
simulation: {warmup: 1s, replications: 2, drain: 5s}
policies: {guarded: {timeout: 200ms, fallback: {steps: []}}}
services:
  web: {endpoints: {look: {steps: [{cpu: 2ms}]}, buy: {steps: [{call: pay, policy: guarded}]}}}
  pay: {steps: [{cpu: 5ms}]}
workload: {calls: [{call: web.look}, {call: web.buy}], rate: 40/s}
slos: {buying: {call: web.buy, p99: 300ms}}
"""


@pytest.fixture(scope="module")
def found():
    return sim.drill(sim.loads(FILE), "pay", at="3s", for_="3s", duration="40s", engine="compiled")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.one_in(3)
def test_a_panel_a_policy_set(found):
    axes = sim.plots.drill(found)
    titles = [ax.get_title(loc="left") for ax in axes]
    assert titles == ["no policies", "timeouts alone", "timeouts and retries", "all policies of the file"]
    assert axes[0].get_figure().get_suptitle() == "shop: kill of pay at 3s for 3s"
    assert axes[0].get_ylabel() == "served in time (/s)"
    assert axes[3].get_xlabel() == "time (s)"


def test_lines_are_the_timeline_also_of_a_set_like_another(found):
    axes = sim.plots.drill(found)
    for ax, policies in zip(axes, ("none", "timeouts", "retries", "full"), strict=True):
        offered, *served = ax.get_lines()[:1] + [line for line in ax.get_lines() if line.get_linewidth() == 1.8]
        assert len(served) == 2
        for line, deployment in zip(served, ("microservices", "monolith"), strict=True):
            row = found.row(deployment, policies)
            rows = found.timeline[
                (found.timeline["deployment"] == deployment)
                & (found.timeline["policies"] == (row["same_as"] or policies))
            ].set_index("time_s")["in_time_per_s"]
            assert np.allclose(rows.loc[np.round(line.get_xdata() - 0.5)], line.get_ydata())
        assert offered.get_ydata().max() >= max(line.get_ydata().max() for line in served)


def test_the_fault_is_shaded_and_the_way_back_is_marked(found):
    ax = sim.plots.drill(found)[0]
    (span,) = ax.patches
    assert (span.get_x(), span.get_x() + span.get_width()) == (3.0, 6.0)
    back = found.row("monolith", "none")["time_to_recover_s"]
    assert texts(ax).count("back at once") == 2
    assert any(np.allclose(line.get_xdata(), 6.0 + back) for line in ax.get_lines())
    lost = found.row("monolith", "none")["lost"]
    assert any(text.startswith("microservices: ") for text in texts(ax))
    assert f"monolith: {readable(lost)} lost, 0 late" in texts(ax)


def test_a_loss_by_chance_is_not_told_as_a_number(found):
    """-0.1 with 0.44 to either side, of some that are late and some that are sooner."""
    table = found.table.assign(late=0.3, late_net=-0.1, late_net_half_width=0.44)
    lost = readable(found.row("monolith", "none")["lost_net"])
    said = texts(sim.plots.drill(replace(found, table=table))[0])
    assert f"monolith: {lost} lost, none late beyond chance" in said
    assert not any("-0.1" in text for text in said)


def test_who_is_unharmed_has_no_way_back(found):
    ax = sim.plots.drill(found)[3]
    assert texts(ax).count("back at once") == 1


def test_who_never_comes_back_is_named(found):
    from dataclasses import replace

    table = found.table.assign(verdict="metastable", time_to_recover_s=np.inf)
    axes = sim.plots.drill(replace(found, table=table))
    assert texts(axes[0]).count("metastable") == 2
    assert axes[0].get_xticks().max() > 20


def test_who_comes_back_later_says_when(found):
    from dataclasses import replace

    ax = sim.plots.drill(replace(found, table=found.table.assign(time_to_recover_s=7.25)))[0]
    assert texts(ax).count("back after 7.2 s") == 2
    assert any(np.allclose(line.get_xdata(), 13.25) for line in ax.get_lines())


def test_a_run_that_is_shorter_than_a_second_has_lines_without_points():
    times = {"at": "0.2s", "for_": "0.1s", "duration": "0.5s", "warmup": "0.1s"}
    found = sim.drill(sim.loads(FILE), "pay", engine="compiled", **times)
    assert all(len(line.get_xdata()) in (0, 2) for ax in sim.plots.drill(found) for line in ax.get_lines())


def test_given_axes_are_drawn_on(found):
    _, grid = plt.subplots(1, 4)
    assert sim.plots.drill(found, ax=grid) == tuple(grid)
    with pytest.raises(SimulatorError, match="drill needs 4 axes, found 3"):
        sim.plots.drill(found, ax=grid[:3])


def test_the_same_bytes_twice(found, tmp_path):
    for name in ("one.svg", "two.svg"):
        sim.plots.save(sim.plots.drill(found), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_line_that_another_one_hides_is_wide_and_the_note_says_so(found):
    """Before the fault and long after it nothing differs; all the time, where a table says so."""
    table = found.timeline[found.timeline["deployment"] == "microservices"]
    both = pd.concat([table, table.assign(deployment="monolith")], ignore_index=True)
    axes = sim.plots.drill(replace(found, timeline=both))
    assert any(line.get_linewidth() > 1.8 for line in axes[0].get_lines())
    assert "wide: a line that another one lies on" in " ".join(axes[0].figure.get_supxlabel().split())
    apart = both.assign(in_time_per_s=both["in_time_per_s"] * (1.0 + (both["deployment"] == "monolith")))
    axes = sim.plots.drill(replace(found, timeline=apart))
    assert not any(line.get_linewidth() > 1.8 for ax in axes for line in ax.get_lines())
    assert "wide:" not in axes[0].figure.get_supxlabel()


def test_of_a_narrow_panel_names_give_way_and_no_number_does(found):
    row = found.row("microservices", "none").to_dict()
    whole, narrow = _harm(row, 1e4), _harm(row, 120.0)
    assert narrow.endswith(whole.partition(":")[2])
    assert "…" in narrow
