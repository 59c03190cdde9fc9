"""The JSON Schema of the topology file, for editors and for checks without this package."""

from __future__ import annotations


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of a topology file.

    It follows from the models. What relates one part of a file to another (names that must exist, keys that need or
    exclude each other) is for `load` to say.
    """
    raise NotImplementedError
