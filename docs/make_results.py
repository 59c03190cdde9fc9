"""Write the tables of every column into `results.md`, from where the columns are declared.

python docs/make_results.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.experiments import columns as of_several
from simulator.results import columns as of_one
from simulator.results.columns import Table

PAGE = Path(__file__).with_name("results.md")
BEGIN = "<!-- what follows is made by docs/make_results.py -->"
PARTS = (("Of one run", of_one.TABLES), ("Of several runs", of_several.TABLES))


def make_results() -> str:
    """The tables, as Markdown."""
    lines = [line for heading, tables in PARTS for line in (f"## {heading}", "", *_tables(tables))]
    return "\n".join(lines).rstrip("\n") + "\n"


def _tables(tables: tuple[Table, ...]) -> Iterator[str]:
    for table in tables:
        yield from (f"### {table.name}", "", f"One row {table.row}.", "", "| column | unit | rule | meaning |")
        yield "|---|---|---|---|"
        yield from (f"| `{one.name}` | {one.unit} | {one.rule} | {one.meaning} |" for one in table.columns)
        yield ""


def renew(page: str) -> str:
    """The page with new tables."""
    head, mark, _ = page.partition(BEGIN)
    if not mark:
        raise SystemExit(f"{PAGE.name} has no line {BEGIN}")
    return f"{head}{BEGIN}\n\n{make_results()}"


if __name__ == "__main__":
    PAGE.write_text(renew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
