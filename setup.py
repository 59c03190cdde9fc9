"""What pyproject.toml cannot say: sample topologies in the wheel, and a description without links that lead nowhere."""

import re
from pathlib import Path

from setuptools import find_packages, setup

README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
RELATIVE = r"\]\((?!https?:|mailto:|#)[^)]*\)"


def describe(text: str) -> str:
    """The README for readers who have no checkout: what it links to by a path is named, pictures are left out."""
    text = re.sub(rf"^ *!\[[^]]*{RELATIVE} *\n", "", text, flags=re.MULTILINE)
    return re.sub(rf"!?\[([^]]*){RELATIVE}", r"\1", text) + "\nThe pages named here are in the source distribution.\n"


setup(
    packages=[*find_packages(include=["simulator*"]), "simulator.samples"],
    package_dir={"simulator.samples": "topologies"},
    package_data={"simulator": ["py.typed"], "simulator.samples": ["*.yaml", "*.csv"]},
    long_description=describe(README),
    long_description_content_type="text/markdown",
)
