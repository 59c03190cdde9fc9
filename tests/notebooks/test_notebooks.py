"""Every notebook runs as a reader runs it, draws what it says it draws, and keeps its word.

A claim is a phrase of a notebook's prose and an expression that has to be true, evaluated after its last cell. Whoever
rewrites the prose finds here what was promised. Stored outputs are refreshed with `jupyter execute --inplace`.
"""

from __future__ import annotations

import base64
import io
import json
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.font_manager  # builds matplotlib's font cache here, so that no kernel reports doing it
import matplotlib.image
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 1.5e6
"""Bytes of a notebook that people are willing to download, and git to keep."""
PATIENCE = 600
"""Seconds a cell: a laptop under load, not what is expected."""

Claim = tuple[str, str]
"""A phrase of the prose, and what has to hold for it."""

CLAIMS: dict[str, list[Claim]] = {
    "01-first-simulation": [
        # 1 and 2: the file, and theory
        ("There are two replicas of order, with one core each", "topology.services['order'].replicas == 2"),
        (
            "A hundred shoppers a second are well below that rate",
            "(napkin := sim.check(topology, ['microservices']).napkins['microservices']).bottleneck == 'payment'"
            " and 100 < 0.8 * napkin.saturation_rate",
        ),
        (
            "Every call says *over the network*",
            "programs.count('over the network') == programs.count(' call ') == 8",
        ),
        # 3: one simulation
        ("These are five *replications*", "result.provenance['replications'] == 5"),
        (
            "Look at how it grows from the mean to p99 and to p99.9",
            "result.intervals.loc[['latency_mean_s', 'latency_p99_s', 'latency_p999_s'],"
            " 'half_width'].is_monotonic_increasing",
        ),
        ("pull the mean above the median", "result.summary['latency_mean_s'] > 1.05 * result.summary['latency_p50_s']"),
        (
            "many times as long as the one on the left",
            "(seen := result.latencies['latency_s']).max() - seen.median() > 4 * (seen.median() - seen.min())",
        ),
        ("it is the payment provider outside", "result.breakdown.sum(axis=1).idxmax() == 'psp'"),
        ("All its cells together are the mean latency, to the last digit", "abs(total - mean) < 1e-12"),
        (
            "`inventory` has next to nothing in this table",
            "result.breakdown.loc[['inventory', 'inventory-db']].to_numpy().sum() < 0.01 * total",
        ),
        ("busy as it is", "result.services.loc['inventory', 'utilisation_ratio'] > 0.3"),
        # 4: the comparison
        ("Below each value stands what matters", "len(comparison.verdict) > 40 and len(equal.verdict) > 40"),
        ("all services in one unit", "list(together.units.name).count('monolith') == 1"),
        (
            "the same shoppers at the same instants",
            "(arrivals := [r.requests['arrival_s'] for r in comparison.results.values()])[0].equals(arrivals[1])",
        ),
        (
            "sharper than what two separate experiments could tell",
            "comparison.differences.loc[('monolith', 'latency_mean_s'), 'half_width'] < sum("
            "r.intervals.loc['latency_mean_s', 'half_width'] ** 2 for r in comparison.results.values()) ** 0.5",
        ),
        (
            "the monolith answers faster, and it costs more",
            "(row := comparison.differences.loc['monolith']).loc['latency_mean_s', 'high'] < 0"
            " and row.loc['latency_p99_s', 'high'] < 0 and row.loc['cost_per_hour', 'low'] > 0",
        ),
        (
            "**Service** is nearly the same in both",
            "abs((both := pd.DataFrame({name: one.breakdown.sum() for name, one in comparison.results.items()}))"
            ".loc['service_s', 'monolith'] / both.loc['service_s', 'microservices'] - 1) < 0.02",
        ),
        ("**Network** is shorter", "both.loc['network_s', 'monolith'] < both.loc['network_s', 'microservices']"),
        (
            "**waiting** nearly disappears",
            "both.loc['waiting_s', 'monolith'] < 0.1 * both.loc['waiting_s', 'microservices']",
        ),
        (
            "to the databases and, by far the most, to the provider",
            "(left := comparison.results['monolith'].breakdown['network_s'])[['cart', 'order', 'payment', 'inventory']]"
            ".eq(0).all() and left['psp'] > 0.6 * left.sum()",
        ),
        ("the monolith had more cores", "'(8 against 6 cores)' in comparison.verdict"),
        ("give both the same number", "'(6 against 6 cores)' in equal.verdict"),
        (
            "still faster, and now it is also the cheaper one",
            "(row := equal.differences.loc['monolith']).loc['latency_mean_s', 'high'] < 0"
            " and row.loc['latency_p99_s', 'high'] < 0 and row.loc['cost_per_hour', 'high'] < 0",
        ),
        (
            "it has fewer units to run",
            "len(equal.results['monolith'].units) < len(equal.results['microservices'].units)",
        ),
        # 5: one more replica
        (
            "the original stays as it is",
            "topology.services['payment'].replicas == 2 and wider.services['payment'].replicas == 3",
        ),
        (
            "Payment is much less busy, and it saturates later",
            "(later := sim.check(wider, ['microservices']).napkins['microservices']).saturation_rate"
            " > napkin.saturation_rate and {u.unit: u for u in later.units}['payment'].utilisation"
            " < 0.7 * {u.unit: u for u in napkin.units}['payment'].utilisation",
        ),
        ("What is that worth to a shopper?", "len(change.verdict) > 40"),
        (
            "mean, median and p90 go down, and the cost goes up. All of it is shown",
            "(row := change.differences.loc['three-payments']).loc[rows[:3], 'high'].lt(0).all()"
            " and row.loc['cost_per_hour', 'low'] > 0",
        ),
        ("Its difference is exactly zero", "row.loc['availability_ratio', ['difference', 'half_width']].eq(0).all()"),
        (
            "the same shoppers' payments fail before and after",
            "(ends := [r.requests['outcome'] for r in change.results.values()])[0].equals(ends[1])",
        ),
        ("It comes down too", "row.loc['latency_p99_s', 'other'] < row.loc['latency_p99_s', 'baseline']"),
        (
            "by a smaller share of itself than the mean does",
            "(share := row['difference'] / row['baseline'])['latency_p99_s'] > share['latency_mean_s']",
        ),
        (
            "its interval is the widest of the latencies here",
            "row.loc[[name for name in rows if name.startswith('latency')], 'half_width'].idxmax() == 'latency_p99_s'",
        ),
        (
            "its own p99 is 600 ms in the file",
            "topology.services['psp'].endpoints[''].steps[0].sleep.percentiles[1] == (0.99, 0.6)",
        ),
        (
            "The gain is where one expects it, in *waiting*",
            "abs((gain := pd.DataFrame({name: one.breakdown.sum() for name, one in change.results.items()})"
            ".diff(axis=1)['three-payments'])['waiting_s'] / gain.sum() - 1) < 0.02",
        ),
        # 6: how sure
        ("Ours are empty", "result.warnings == ()"),
        ("the warnings of a run that is far too short", "len(hasty.warnings) >= 2"),
        ("each unit has a price in the file", "topology.prices.unit_hour > 0"),
    ]
}


def _cells(notebook: Any, kind: str) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def _prose(notebook: Any) -> str:
    return " ".join(" ".join(cell.source for cell in notebook.cells).split())


def _kinds(cell: Any) -> set[str]:
    """What a cell has put out: stdout, or the types of what it shows."""
    kinds: set[str] = set()
    for output in cell.outputs:
        kinds |= {output.name} if output.output_type == "stream" else set(output.get("data", {}))
    return kinds


def _figures(cell: Any) -> Iterator[bytes]:
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            yield base64.b64decode(output.data["image/png"])


def _inspect(cell: Any) -> None:
    """Fail on an error, a word on stderr, or a figure that is missing or blank."""
    for output in cell.outputs:
        assert output.output_type != "error", f"{cell.id}: {output.get('ename')}: {output.get('evalue')}"
        assert output.get("name") != "stderr", f"{cell.id} wrote to stderr: {output.get('text')}"
    figures = list(_figures(cell))
    assert len(figures) == cell.source.count("sim.plots."), f"{cell.id} shows {len(figures)} figures"
    for figure in figures:
        pixels = matplotlib.image.imread(io.BytesIO(figure))[..., :3]
        height, width, _ = pixels.shape
        ink = float((pixels.min(axis=-1) < 0.9).mean())
        tones = np.unique(np.round(255 * pixels[::2, ::2] @ [65536, 256, 1]))
        assert min(height, width) > 250, f"{cell.id}: a figure of {width} x {height} pixels"
        assert ink > 0.005, f"{cell.id}: a figure that is {1 - ink:.2%} white"
        assert tones.size > 20, f"{cell.id}: a figure without content"


def _without_figures(notebook: Any) -> str:
    """All that is stored, as text."""
    plain = json.loads(nbformat.writes(notebook))
    for cell in plain["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
    return json.dumps(plain)


@pytest.fixture
def kernel_of_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `python3` be the interpreter of this test, whatever is installed, and leave the user's home alone."""
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))  # looked at before any other place
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")  # without it, older clients announce a change of folders
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)  # of the kernel's own machinery; ours come as stderr anyway


def test_there_are_notebooks_and_claims() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(CLAIMS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_keeps_its_word(path: Path, tmp_path: Path, kernel_of_this_python: None) -> None:
    for folder in ("notebooks", "topologies"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    notebook = nbformat.read(tmp_path / "notebooks" / path.name, as_version=4)
    stored = [_kinds(cell) for cell in _cells(notebook, "code")]
    number = len(notebook.cells)
    checks = [f"assert {expression}, 'not so'" for _, expression in CLAIMS[path.stem]]
    for source in ("import sys; print(sys.executable)", *checks):
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = ["raises-exception"]  # goes on, so that all broken claims are told at once
        notebook.cells.append(cell)

    NotebookClient(
        notebook,
        timeout=PATIENCE,
        kernel_name="python3",
        shutdown_kernel="graceful",
        resources={"metadata": {"path": str(tmp_path / "notebooks")}},
    ).execute()

    asked, (interpreter, *answers) = notebook.cells[:number], notebook.cells[number:]
    assert interpreter.outputs[0].text.strip() == sys.executable
    for cell in asked:
        if cell.cell_type == "code":
            _inspect(cell)
    assert [_kinds(cell) for cell in asked if cell.cell_type == "code"] == stored, "stored outputs are of another text"
    broken = [
        f"{phrase!r}: {answer.outputs[0].get('ename')}: {answer.source}"
        for (phrase, _), answer in zip(CLAIMS[path.stem], answers, strict=True)
        if answer.outputs
    ]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_prose_makes_the_claims(path: Path) -> None:
    prose = _prose(nbformat.read(path, as_version=4))
    assert [phrase for phrase, _ in CLAIMS[path.stem] if phrase not in prose] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_whole(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = _cells(notebook, "code")
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell.outputs) for cell in cells) > len(cells) / 2
    for cell in cells:
        _inspect(cell)
    assert notebook.metadata.kernelspec.name == "python3"
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_tell_nothing_of_a_machine(path: Path) -> None:
    text = _without_figures(nbformat.read(path, as_version=4))
    places = re.findall(r"(?:/(?:home|root|tmp|work|opt|usr|var|mnt|private|Users)/|[A-Z]:\\\\)[^\s\"']*", text)
    assert places == []
    assert str(Path.home()) not in text
    host = platform.node()
    assert len(host) < 4 or not re.search(rf"\b{re.escape(host)}\b", text)
    assert "created" not in text.split(), "a date of a run"
    assert "Linux-" not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_quotes_and_links_are_right(path: Path) -> None:
    """What is quoted of a topology stands there so; what is linked to exists."""
    notebook = nbformat.read(path, as_version=4)
    source = "\n".join(cell.source for cell in _cells(notebook, "markdown"))
    shipped = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "topologies").glob("*.yaml"))]
    for quote in re.findall(r"```yaml\n(.*?)```", source, flags=re.DOTALL):
        assert any(quote in text for text in shipped), f"no topology says\n{quote}"
    links = re.findall(r"\]\((\.\./[^)]+)\)", source)
    quoted = re.findall(r"sim\.load\(\"(\.\./[^\"]+)\"\)", source)
    assert [link for link in links + quoted if not (path.parent / link).is_file()] == []
