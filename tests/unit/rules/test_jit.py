"""The compiled rules and where their machine code is kept."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numba
import platformdirs
import pytest

from simulator.rules import jit


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the sources that decide the machine code, in a package and a user's cache of their own."""
    root = tmp_path / "package"
    shutil.copytree(Path(jit.__file__).parent, root / "rules", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "engines" / "compiled").mkdir(parents=True)
    (root / "engines" / "compiled" / "kernel.py").write_text("x = 1\n")
    monkeypatch.setattr(jit, "__file__", str(root / "rules" / "jit.py"))
    home = tmp_path / "home"
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *args, **kwargs: str(home))
    return root


def folder() -> Path:
    return jit.cache_folder.__wrapped__()


def test_the_folder_is_in_the_users_cache_and_stays(package, tmp_path):
    assert folder() == folder()
    assert folder().is_dir()
    assert folder().parent == tmp_path / "home"
    assert list(folder().iterdir()) == []


@pytest.mark.parametrize("source", ["rules/randomness.py", "rules/jit.py", "engines/compiled/kernel.py"])
def test_an_edited_source_has_another_folder(package, source):
    before = folder()
    with (package / source).open("a") as file:
        file.write("# edited\n")
    assert folder() != before


def test_an_added_source_has_another_folder(package):
    before = folder()
    (package / "rules" / "extra.py").write_text("y = 1\n")
    assert folder() != before


def test_another_numba_has_another_folder(package, monkeypatch):
    before = folder()
    monkeypatch.setattr(numba, "__version__", "0.0.0")
    assert folder() != before


def test_what_is_no_source_does_not_matter(package):
    before = folder()
    (package / "rules" / "notes.txt").write_text("nothing")
    (package / "engines" / "reference.py").write_text("z = 1\n")
    assert folder() == before


def test_a_folder_that_cannot_be_made_is_replaced(package, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *args, **kwargs: str(blocked))
    path = folder()
    try:
        assert path.is_dir()
        assert path.name.startswith("simulator-cache-")
        assert os.access(path, os.W_OK)
    finally:
        path.rmdir()


def test_a_folder_that_cannot_be_written_is_replaced(package, monkeypatch):
    wanted = folder()

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(jit.tempfile, "TemporaryFile", refuse)
    path = folder()
    try:
        assert path != wanted
        assert path.is_dir()
    finally:
        path.rmdir()


def test_a_rule_has_one_signature_and_is_compiled_at_once():
    before = numba.config.CACHE_DIR

    @jit.rule("float64(int64, float64)")
    def scale(count: int, seconds: float) -> float:
        return count * seconds

    assert before == numba.config.CACHE_DIR
    assert [str(signature) for signature in scale.signatures] == ["(int64, float64)"]
    assert scale(3, 0.5) == 1.5
    assert scale(True, 2) == 2.0  # other types are turned into these, never compiled anew
    assert len(scale.signatures) == 1


def test_the_setting_of_others_is_put_back_after_a_failure():
    before = numba.config.CACHE_DIR
    with pytest.raises(numba.core.errors.NumbaError):

        @jit.rule("float64(float64)")
        def wrong(x: float) -> float:
            return x.no_such_thing  # type: ignore[attr-defined]

    assert before == numba.config.CACHE_DIR
