from __future__ import annotations

import subprocess
import sys


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
