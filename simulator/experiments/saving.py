"""Several results saved as one: all of them, or nothing."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from ..errors import ResultError
from ..results import Results
from ..results.store import read_head, replace


def save_together(folder: str | PathLike[str], results: Mapping[str, Results]) -> None:
    """Write each result to a folder of its own beside the target, then put the whole in its place.

    Raises
    ------
    ResultError
        If the target holds something other than saved results, or cannot be written.
    """
    target = Path(folder).absolute()
    if target.exists() and not target.is_dir():
        raise ResultError(f"{folder} is a file: name a folder to save the results in")
    if target.exists() and any(read_head(one) is None for one in target.iterdir()):
        raise ResultError(f"{folder} holds something that is not a saved result: name another folder")
    new = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        new.mkdir(parents=True)
        for name, result in results.items():
            result.save(new / name)
        replace(target, new)
    except OSError as error:
        raise ResultError(f"the results cannot be saved in {folder}: {error.strerror or error}") from error
    except ResultError as error:
        raise ResultError(str(error).replace(str(new), str(folder))) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
