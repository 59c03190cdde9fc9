"""The store: lines that read back to the bit, and nothing that is not a whole line of ours."""

import errno
import json
import math
import os
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulator as sim
from simulator.errors import ResultError
from simulator.experiments.sweeps import journal
from simulator.experiments.sweeps.journal import Entry, Journal, read_entries, read_line, run_key, to_line
from simulator.experiments.sweeps.runs import Run


def make(key="k", point=0, values=((1.0, 2.0),), **more):
    names = ("requests", "latency_mean_s")[: len(values[0])]
    run = Run(names, values, True, ("unsteady – very",), ((2.5, math.nan), (0.25, 0.125))[: len(names)])
    return Entry(key, "shop", "monolith", point, {"a.b": "5ms", "c": 2}, 0.95, ("small",), run, **more)


def bits(values):
    return [struct.pack("<d", value) for row in values for value in row]


@given(st.floats(allow_subnormal=True).filter(lambda value: not math.isnan(value)))
def test_every_float_reads_back_to_the_bit(value):
    entry = make(values=((value, -0.0),))
    assert bits(read_line(to_line(entry)).run.values) == bits(entry.run.values)


def test_a_line_is_strict_json_and_reads_back():
    entry = make(values=((1.5, math.nan), (math.inf, -math.inf)))
    line = to_line(entry)

    def refuse(word):
        raise AssertionError(word)

    assert json.loads(line, parse_constant=refuse)["values"] == [[1.5, None], ["Infinity", "-Infinity"]]
    assert line.count("\n") == 1
    assert line.endswith("\n")
    back = read_line(line)
    assert back.run.values[0][0] == 1.5
    assert np.isnan(back.run.values[0][1])
    assert back.run.values[1] == (math.inf, -math.inf)
    assert (back.key, back.point, back.axes, back.advice) == (entry.key, entry.point, entry.axes, entry.advice)
    assert back.run.warnings == entry.run.warnings


def test_ends_and_journeys_read_back_and_need_not_be_there():
    run = Run(
        ("requests",), ((1.0,),), True, (), ((1.0, math.nan),), (("slos.a.p99", 0.4, 0.15),), ((0.5, math.inf),),
        ((0.3, 0.6),), False, (("web.view", 0.75), ("web.buy", 0.25)),
    )  # fmt: skip
    line = to_line(replace(make(), run=run))
    back = read_line(line).run
    assert (back.ends, back.objective_ends, back.sure, back.journeys) == (
        run.ends, run.objective_ends, False, run.journeys,
    )  # fmt: skip
    older = {key: value for key, value in json.loads(line).items()
             if key not in ("ends", "objective_ends", "sure", "journeys", journal.SUM)}  # fmt: skip
    back = read_line(json.dumps(older | {journal.SUM: journal.checksum(older)})).run
    assert (back.ends, back.objective_ends, back.sure, back.journeys) == ((), (), True, ())


def test_every_torn_line_is_passed_over():
    line = to_line(make())
    assert [end for end in range(len(line) - 1) if read_line(line[:end]) is not None] == []
    assert read_line(line[:-1]) is not None  # only the end of the line is missing


@pytest.mark.parametrize(
    "change",
    [
        {"format": "simulator-run/0"}, {"key": 5}, {"values": []}, {"values": [[1.0]]}, {"values": [[1.0, True]]},
        {"intervals": [[1.0, 2.0]]},
        {"values": [[1.0, "x"]]}, {"met": 1}, {"warnings": [5]}, {"axes": 5}, {"point": "x"}, {"confidence": None},
    ],
)  # fmt: skip
def test_a_line_that_is_not_ours(change):
    content = json.loads(to_line(make())) | change
    del content[journal.SUM]
    assert read_line(json.dumps(content | {journal.SUM: journal.checksum(content)})) is None


@pytest.mark.parametrize("change", [{"values": [[1.0, 3.0]]}, {"met": False}, {"key": "other"}, {"sha256": "0" * 16}])
def test_a_line_that_was_edited_is_not_used_and_told_of(tmp_path, change):
    one = Journal(tmp_path)
    one.add(make("k"))
    one.add(make("other", 1))
    one.close()
    (file,) = tmp_path.iterdir()
    first, second = file.read_text().splitlines()
    edited = json.dumps(json.loads(first) | change, separators=(",", ":"), ensure_ascii=False)
    file.write_text(f"{edited}\n{second}\n")
    again = Journal(tmp_path)
    assert set(again.runs) == {"other"}
    assert again.changed == [f"{file.name} line 1"]
    again.add(make("k"))  # made anew
    again.close()
    assert set(Journal(tmp_path).runs) == {"k", "other"}


def test_what_is_no_line_of_ours_was_not_changed(tmp_path):
    torn = to_line(make("torn"))[:-20]
    older = to_line(make()).replace(journal.FORMAT, "simulator-run/1")
    (tmp_path / "x.jsonl").write_text(f"noise\n{{}}\n{older}{torn}")
    assert Journal(tmp_path).changed == []


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "5", "null", "\0\0\0", "[" * 100_000, '{"format": "simulator-run/2"}']
)
def test_foreign_lines(line):
    assert read_line(line) is None


def test_the_key_is_of_all_that_a_run_depends_on(shop, monkeypatch):
    def key(deployment="microservices", **changes):
        return run_key(sim.compile(shop.replace(changes), deployment))

    base = key()
    changes = [
        {"services.web.replicas": 2},
        {"workload.rate": "41/s"},
        {"simulation.seed": 4},
        {"simulation.replications": 4},
        {"simulation.confidence": 0.9},
        {"simulation.duration": "21s"},
        {"simulation.warmup": "auto"},
        {"simulation.drain": "1s"},
        {"network.latency": "2ms"},
        {"slos.web.p99": "9s"},
        {"prices.vcpuHour": 1},
    ]
    others = [key(**change) for change in changes] + [key("monolith")]
    assert len({base, *others}) == len(others) + 1
    assert base == key() == key(description="another")
    monkeypatch.setattr(journal, "package_version", lambda: "9.9")
    other = key()
    assert other != base
    monkeypatch.setattr(journal, "code_digest", lambda: "edited")
    assert key() not in (base, other)


def test_code_that_makes_numbers_decides_whether_a_run_is_another(tmp_path):
    """An edit anywhere in it, and not one of a figure."""
    package = tmp_path / "simulator"
    shutil.copytree(journal.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    digests = {journal.code_digest()}

    def digest():
        journal.code_digest.cache_clear()
        return journal.code_digest(package)

    assert {digest()} == digests
    for name in ("plots/latency.py", "cli/common.py", "experiments/sweeps/rows.py"):
        (package / name).write_text((package / name).read_text() + "# edited")
    assert {digest()} == digests
    for name in (
        "rules/stations.py", "engines/compiled/engine.py", "engines/reference/engine.py", "compiler/compile.py",
        "plan/order.py", "results/statistics.py", "experiments/replicate.py", "experiments/sweeps/runs.py",
    ):  # fmt: skip
        (package / name).write_text((package / name).read_text() + "# edited")
        assert digest() not in digests
        digests.add(digest())
    journal.code_digest.cache_clear()


def test_a_store_is_read_as_it_was_written(tmp_path):
    with_two = Journal(tmp_path / "deep" / "runs")
    assert with_two.runs == {}
    with_two.add(make("a"))
    with_two.add(make("b", 1))
    with_two.close()
    with_two.close()
    again = Journal(tmp_path / "deep" / "runs")
    assert again.runs == {"a": make().run, "b": make().run}
    again.close()
    assert len(os.listdir(tmp_path / "deep" / "runs")) == 1  # nothing added: no file


def test_every_process_has_a_file_of_its_own(tmp_path):
    journals = [Journal(tmp_path, label) for label in ("all", "all", "shard-0/2", "shard-1/2")]
    for number, one in enumerate(journals):
        one.add(make(f"k{number}"))
    for one in journals:
        one.close()
    assert len(os.listdir(tmp_path)) == 4
    assert {entry.key for entry in read_entries(tmp_path)} == {"k0", "k1", "k2", "k3"}


def test_what_is_torn_foreign_or_double_is_passed_over(tmp_path):
    first, second = Journal(tmp_path), Journal(tmp_path)
    for one in (first, second):
        one.add(make("same"))
        one.close()
    (tmp_path / "torn.jsonl").write_bytes(to_line(make("whole")).encode() + to_line(make("torn")).encode()[:-20])
    (tmp_path / "noise.jsonl").write_bytes(b"\xff\xfe\x00" * 50 + b"\n" + to_line(make("after")).encode())
    (tmp_path / "notes.txt").write_text(to_line(make("text")))
    assert set(Journal(tmp_path).runs) == {"same", "whole", "after"}


def test_a_line_is_there_as_soon_as_it_is_added(tmp_path):
    one = Journal(tmp_path)
    one.add(make())
    assert [entry.key for entry in read_entries(tmp_path)] == ["k"]
    one.close()


def test_a_full_disk_loses_nothing_that_was_added(tmp_path, monkeypatch):
    one = Journal(tmp_path)
    one.add(make("kept"))
    whole, room = os.write, [30]

    def write(file, content):
        if room[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = whole(file, content[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(journal.os, "write", write)
    with pytest.raises(ResultError, match=r"No space left on device; 1 run is kept there: make room and start again"):
        one.add(make("lost"))
    monkeypatch.undo()
    one.close()
    assert set(Journal(tmp_path).runs) == {"kept"}


def test_short_writes_go_on(tmp_path, monkeypatch):
    whole = os.write
    monkeypatch.setattr(journal.os, "write", lambda file, content: whole(file, content[:7]))
    one = Journal(tmp_path)
    one.add(make())
    monkeypatch.undo()
    one.close()
    assert set(Journal(tmp_path).runs) == {"k"}


def test_what_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match="file is a file: name a folder to keep runs in"):
        Journal(tmp_path / "file")
    with pytest.raises(ResultError, match=r"cannot keep runs in .*file/x: Not a directory"):
        Journal(tmp_path / "file" / "x")


def test_a_folder_that_may_not_be_written_to(tmp_path):
    locked = Path("/proc")  # root may write anywhere else
    if os.geteuid() != 0:
        locked = tmp_path / "locked"
        locked.mkdir(mode=0o500)
    with pytest.raises(ResultError, match=rf"cannot keep runs in {locked}: .*(Permission denied|No such file)"):
        Journal(locked)


def test_a_store_that_is_only_opened_is_left_as_it_was(tmp_path):
    Journal(tmp_path).close()
    assert os.listdir(tmp_path) == []
