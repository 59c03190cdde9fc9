"""Files are whole or not there."""

import os
import stat
import threading

import pytest

from simulator.files import replaced


def write(file, text):
    with replaced(file) as new:
        new.write_text(text)


def names(folder):
    return sorted(one.name for one in folder.iterdir())


def test_a_new_file_has_the_permissions_that_the_user_gives_files(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a.csv", "new")
    finally:
        os.umask(before)
    assert (tmp_path / "a.csv").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o640
    assert names(tmp_path) == ["a.csv"]


def test_what_is_written_has_the_ending_of_the_file_and_is_beside_it(tmp_path):
    with replaced(tmp_path / "a.csv") as new:
        assert (new.parent, new.suffix) == (tmp_path, ".csv")
        assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_until_all_is_written_the_old_content_is_there(tmp_path, error):
    file = tmp_path / "a.csv"
    file.write_text("old")
    file.chmod(0o604)

    def fail():
        with replaced(file) as new:
            new.write_text("half")
            assert file.read_text() == "old"
            raise error

    with pytest.raises(type(error)):
        fail()
    assert file.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]
    write(file, "new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o604


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "a.csv")
    write(tmp_path / "link.csv", "new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "there" / "a.csv").read_text() == "new"


def test_a_device_and_a_pipe_are_written_as_they_are(tmp_path):
    write("/dev/null", "gone")
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    write(tmp_path / "pipe", "through")
    reader.join()
    assert read == ["through"]


def test_a_file_in_a_folder_that_cannot_be_written_is_written_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with replaced(tmp_path / "a.csv") as new:
        assert new == tmp_path / "a.csv"
