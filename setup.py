"""What pyproject.toml cannot say: samples and machine code in the wheel, a description whose links lead somewhere."""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

README = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
RELATIVE = r"\]\((?!https?:|mailto:|#)[^)]*\)"


def describe(text: str) -> str:
    """The README for readers who have no checkout: what it links to by a path is named, pictures are left out."""
    text = re.sub(rf"^ *!\[[^]]*{RELATIVE} *\n", "", text, flags=re.MULTILINE)
    return re.sub(rf"!?\[([^]]*){RELATIVE}", r"\1", text) + "\nThe pages named here are in the source distribution.\n"


OBJECTS = os.environ.get("SIMULATOR_OBJECTS")
"""A folder with machine code to be in the wheel: `start.py wheel` makes it."""

setup(
    packages=[
        *find_packages(include=["simulator*"]),
        "simulator.samples",
        *(["simulator.machine_code.objects"] if OBJECTS else []),
    ],
    package_dir={"simulator.samples": "topologies", **({"simulator.machine_code.objects": OBJECTS} if OBJECTS else {})},
    package_data={
        "simulator": ["py.typed"],
        "simulator.samples": ["*.yaml", "*.csv"],
        "simulator.machine_code.objects": ["*.o"],
    },
    long_description=describe(README),
    long_description_content_type="text/markdown",
)
