"""The sample topologies that come with the package: which there are, and what each answers."""

from __future__ import annotations

from pathlib import Path

from ..errors import TopologyError
from .mistakes import hint

PACKAGE = Path(__file__).parents[1]


def examples() -> dict[str, str]:
    """Return the names of the sample topologies, each with the question that it answers.

    `simulator init NAME` writes one as a file of one's own.
    """
    files = sorted(_folder().glob("*.yaml"))
    return {file.stem: file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ") for file in files}


def example(name: str) -> str:
    """Return the text of a sample topology.

    Raises
    ------
    TopologyError
        If there is none of this name.
    """
    names = list(examples())
    if name.removesuffix(".yaml") not in names:
        raise TopologyError(f"there is no example `{name}`{hint(name, names)}")
    return (_folder() / f"{name.removesuffix('.yaml')}.yaml").read_text(encoding="utf-8")


def _folder() -> Path:
    """Where they are: in the package, if it was installed, else beside it in the checkout."""
    inside = PACKAGE / "samples"
    return inside if inside.is_dir() else PACKAGE.parent / "topologies"
