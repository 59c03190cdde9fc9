"""What commands share: files that are tried before a run, and messages in the words of the command line."""

import argparse
import os
from pathlib import Path

import pytest

import simulator as sim
from simulator.cli import common

# -- what can be written


def test_a_file_that_can_be_written_is_left_as_it_was(tmp_path):
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text("kept")
    before = old.stat().st_mtime_ns
    common.require_writable(new)
    common.require_writable(old)
    assert (os.listdir(tmp_path), old.read_text(), old.stat().st_mtime_ns) == (["old.csv"], "kept", before)


def test_a_device_and_a_pipe_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # opening it would wait for a reader
    common.require_writable(tmp_path / "pipe")
    common.require_writable(Path("/dev/null"))


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("folder", "folder is a folder: name a file"),
        ("nowhere/t.csv", "cannot write .*t.csv: there is no folder .*nowhere: make it, or name another file"),
        ("file/t.csv", "cannot write .*t.csv: there is no folder .*file: "),
        ("x" * 300, "cannot write .*x: File name too long: name another file"),
        ("/proc/t.csv", "cannot write /proc/t.csv: .*: name another file"),
    ],
)
def test_a_file_that_cannot_be_written(file, message, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(sim.ResultError, match=message):
        common.require_writable(tmp_path / file)


def test_a_folder_to_be(tmp_path):
    common.require_writable_folder(tmp_path / "a" / "b")
    assert os.listdir(tmp_path) == []
    with pytest.raises(sim.ResultError, match=r"cannot write /proc/a/b: .*: name another folder"):
        common.require_writable_folder(Path("/proc/a/b"))
    (tmp_path / "file").touch()
    with pytest.raises(sim.ResultError, match=r"cannot write .*: .*file is not a folder: name another one"):
        common.require_writable_folder(tmp_path / "file" / "b")


# -- words


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        ("sweep x --shard -1/4 --json", "sweep x --shard=-1/4 --json"),
        ("simulate x --duration -5m --warmup -1s", "simulate x --duration=-5m --warmup=-1s"),
        ("simulate x --seed=3 -1", "simulate x --seed=3 -1"),
        ("simulate x --set a=-1 -d -x", "simulate x --set a=-1 -d -x"),
        ("plot -- --shard -1", "plot -- --shard -1"),
        ("-1", "-1"),
    ],
)
def test_a_minus_and_a_digit_are_a_value(words, joined):
    assert common.join_values(words.split()) == joined.split()


ARGUMENTS = argparse.Namespace(
    samples=None, design=None, axes=[], deployment=None, dask=None, max_replicas=0, workers=0, store=None, detail="x"
)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("a latin design needs samples=, how many", "a latin design needs --samples, how many"),
        ('leave samples= out, or use design="latin"', "leave --samples out, or use --design latin"),
        ('use less (detail="summary")', "use less (--detail summary)"),
        ("a worker at least, not workers=0", "a worker at least, not --workers 0"),
        ("give one with store=", "give one with --store"),
        ("and of axes= too: leave deployments= out", "and of --axis too: leave -d out"),
        ("max_replicas is 0: give more", "--max-replicas is 0: give more"),
        ("no scheduler at address=", "no scheduler at --dask"),
        ("a seed= that this command has not", "a seed= that this command has not"),
        ("found `samples=`, or x.samples= or --samples=", "found `samples=`, or x.samples= or --samples="),
        ("a.yaml:2:1: use samples=\n    2 | samples=\n        ^",
         "a.yaml:2:1: use --samples\n    2 | samples=\n        ^"),
        ("samples are few, and store=[x] stays", "samples are few, and store=[x] stays"),
    ],
)  # fmt: skip
def test_a_parameter_is_told_as_an_option(message, told):
    assert common.in_options(message, ARGUMENTS) == told
