"""Where machine code is kept: who may write there, what becomes of old code, and what is left behind."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from simulator.machine_code import keeping

NAME = "0123456789abcdef"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's cache; temporary folders are beside it."""
    monkeypatch.setenv(keeping.PLACE, "")  # so that it is put back: a temporary folder is told to workers by it
    monkeypatch.delenv(keeping.PLACE)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_: str(tmp_path / "home"))
    monkeypatch.setattr(keeping.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(keeping.atexit, "register", lambda *_: None)
    return tmp_path / "home"


def temporary(folder):
    return folder.parent.name.startswith(keeping.TEMPORARY)


def test_it_is_private_and_in_the_users_cache(home, capsys):
    os_umask = os.umask(0)
    try:
        folder = keeping.find_folder(NAME)
    finally:
        os.umask(os_umask)
    assert folder == home / NAME
    assert folder.stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700
    assert capsys.readouterr().err == ""


def test_a_variable_says_another_place(home, tmp_path, monkeypatch):
    monkeypatch.setenv(keeping.PLACE, str(tmp_path / "image" / "cache"))
    assert keeping.find_folder(NAME) == tmp_path / "image" / "cache" / NAME
    assert not home.exists()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o775, 0o1777])
@pytest.mark.parametrize("which", ["", NAME])
def test_one_that_others_may_write_to_is_refused_and_that_is_said(home, which, mode, capsys, monkeypatch):
    keeping.find_folder(NAME)
    (home / which).chmod(mode)
    monkeypatch.setenv(keeping.PLACE, "")
    folder = keeping.find_folder(NAME)
    assert temporary(folder)
    said = capsys.readouterr().err
    assert f"others may write to {home / which}" in said
    assert keeping.PLACE in said


def test_one_of_another_user_is_refused(home, capsys, monkeypatch):
    keeping.find_folder(NAME)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    monkeypatch.setattr(keeping.Path, "stat", lambda self, own=Path.stat: Owned(own(self)))
    assert temporary(keeping.find_folder(NAME))
    assert "belongs to another user" in capsys.readouterr().err


class Owned:
    """A folder of a user who is neither this one nor root."""

    def __init__(self, found):
        self.st_mode, self.st_mtime, self.st_uid = found.st_mode, found.st_mtime, 54321


def test_where_none_can_be_made_it_is_a_temporary_one_that_workers_find(home):
    home.write_text("not a folder")
    folder = keeping.find_folder(NAME)
    assert temporary(folder)
    assert os.environ[keeping.PLACE] == str(folder.parent)
    assert keeping.find_folder(NAME) == folder


def test_one_that_can_only_be_read_is_used_for_what_it_has(home, monkeypatch):
    folder = keeping.find_folder(NAME)
    monkeypatch.setattr(keeping, "_can_write", lambda _: False)
    assert temporary(keeping.find_folder(NAME))  # nothing: compiled once for all workers rather than by each
    monkeypatch.delenv(keeping.PLACE)
    (folder / f"x{keeping.ENDING}").touch()
    assert keeping.find_folder(NAME) == folder


def test_a_temporary_one_is_gone_when_its_process_is(tmp_path):
    (tmp_path / "home").write_text("not a folder")
    program = "from simulator.machine_code import keeping; print(keeping.find_folder('0' * 16))"
    places = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if name != keeping.PLACE} | places
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.startswith(str(tmp_path / keeping.TEMPORARY))
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


def test_what_a_killed_process_has_left_is_removed_and_what_a_living_one_has_is_not(home, tmp_path):
    home.write_text("not a folder")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead, living = (tmp_path / f"{keeping.TEMPORARY}{process}-x" for process in (gone.pid, os.getpid()))
    dead.mkdir(mode=0o700)
    living.mkdir(mode=0o700)
    keeping.find_folder(NAME)
    assert not dead.exists()
    assert living.exists()


def test_old_code_is_swept_and_other_things_are_not(home):
    home.mkdir(mode=0o700)
    now = time.time()
    ages = {f"{number:016x}": number * 24 * 3600.0 for number in range(1, 41)}
    for name, age in ages.items():
        (home / name).mkdir()
        os.utime(home / name, (now - age, now - age))
    (home / "of somebody").mkdir()
    os.utime(home / "of somebody", (0, 0))
    keeping.find_folder(NAME)
    kept = {one.name for one in home.iterdir()}
    assert kept == {NAME, "of somebody", *list(ages)[: keeping.KEPT_FOLDERS - 1]}


def test_a_month_without_use_is_enough(home):
    (home / f"{1:016x}").mkdir(mode=0o700, parents=True)
    home.chmod(0o700)
    os.utime(home / f"{1:016x}", (0, 0))
    keeping.find_folder(NAME)
    assert [one.name for one in home.iterdir()] == [NAME]


def test_a_file_is_whole_or_none(tmp_path):
    file = tmp_path / "code"
    assert keeping.read(file) is None
    keeping.write(file, b"abc")
    assert keeping.read(file) == b"abc"
    assert file.read_bytes() == hashlib.sha256(b"abc").digest() + b"abc"
    file.write_bytes(file.read_bytes() + b"d")
    assert keeping.read(file) is None
    keeping.write(file, b"")
    assert keeping.read(file) == b""
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping.Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        keeping.write(tmp_path / "code", b"abc")
    assert list(tmp_path.iterdir()) == []


def test_no_test_has_left_another_place_behind():
    """What this process starts would compile everything anew, or find what is not there any more."""
    assert keeping.TEMPORARY not in os.environ.get(keeping.PLACE, "")
