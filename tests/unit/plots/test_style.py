from __future__ import annotations

import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from simulator import plots
from simulator.errors import SimulatorError
from simulator.plots import style
from simulator.plots.topology import HEAT


def test_a_style_leaves_interactive_drawing_as_it_was():
    """A backend that is loaded inside the style would lose what it sets: no second figure in a notebook."""
    code = """
import matplotlib
import matplotlib.pyplot as plt
from simulator.plots.style import styled

plt.draw_if_interactive = lambda: matplotlib.interactive(True)
with styled():
    pass
assert matplotlib.is_interactive()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("fill", "ink"),
    [("#ffffff", "black"), ("#000000", "white"), ("#0072B2", "white"), ("#E69F00", "black"), ("#56B4E9", "black")],
)
def test_ink_is_light_on_what_is_dark(fill, ink):
    assert style.ink_on(fill) == ink


def test_text_on_every_utilisation_can_be_read():
    for percent in range(101):
        fill = to_hex(HEAT(percent / 100.0))
        light = style.luminance(fill)
        contrast = 1.05 / (light + 0.05) if style.ink_on(fill) == "white" else (light + 0.05) / 0.05
        assert contrast > (4.5 if percent < 58 or percent > 61 else 3.2), percent
    assert style.ink_on(to_hex(HEAT(0.62))) == "white"
    assert style.ink_on(to_hex(HEAT(0.55))) == "black"


def test_a_title_and_a_width_may_be_asked_for(split, both):
    before = dict(plt.rcParams)
    with plots.styled(title="In one's own words", width=7.0):
        ax, axes = plots.utilisation(split[1]), plots.comparison(both)
        assert ax.get_title(loc="left") == "In one's own words"
        assert axes[0].figure.get_suptitle() == "In one's own words"
        assert [one.figure.get_figwidth() for one in (ax, axes[0])] == [7.0, 7.0]
        with plots.styled():
            assert plots.utilisation(split[1]).figure.get_figwidth() == 7.0
    assert plots.utilisation(split[1]).figure.get_figwidth() == 10.0
    assert dict(plt.rcParams) == before
    for width in (1.0, 1000.0, float("nan")):
        with pytest.raises(SimulatorError, match="width: expected 4 to 40 inches"), plots.styled(width=width):
            pass


def test_names_of_lines_that_end_at_the_axis_stand_above_it():
    _, ax = plt.subplots()
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.0)
    style.end_labels(ax, [(1.0, 0.0, name, style.BLUE) for name in ("one", "two", "three")])
    ax.figure.draw_without_rendering()
    assert all(Text.get_window_extent(text).y0 >= ax.get_window_extent().y0 for text in ax.texts)
