"""What is said while a command works, on the standard error: when work begins, then every few seconds."""

import io
import sys
import time
from types import SimpleNamespace

import pytest

from simulator.cli import main, telling
from simulator.cli.telling import Teller, Work, spell, with_progress
from simulator.doing import doing, watched

FILE = """\
services: {web: {steps: [{cpu: 5ms}]}}
workload: {call: web, rate: 20/s}
simulation: {duration: 4s, warmup: 1s, replications: 2}
"""


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(FILE)
    return path


def test_it_speaks_when_work_begins_and_then_every_few_moments():
    heard = io.StringIO()
    with Teller("simulate shop.yaml", heard, every_s=0.05) as teller:
        assert heard.getvalue() == ""
        with teller.work("replications") as progress:
            assert heard.getvalue() == "simulate shop.yaml: started\n"
            progress(1.0, 4)
            time.sleep(1.0)
    lines = heard.getvalue().splitlines()[1:]
    assert len(lines) >= 2
    assert all(line.startswith("simulate shop.yaml: 1 of 4 replications, ") for line in lines)
    time.sleep(0.2)
    assert heard.getvalue().splitlines()[1:] == lines  # it is over


def test_it_speaks_soon_where_no_work_begins():
    heard = io.StringIO()
    with Teller("check shop.yaml", heard, first_s=0.01):
        time.sleep(0.3)
    assert heard.getvalue() == "check shop.yaml: started\n"


def test_a_mistake_that_is_found_at_once_is_all_that_is_said():
    heard = io.StringIO()
    with Teller("simulate shop.yaml", heard):
        pass
    assert heard.getvalue() == ""


def test_what_begins_is_said_and_is_not_counted_as_work(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: now[0]))
    heard = io.StringIO()
    teller = Teller("simulate shop.yaml", heard)
    with teller.work("replications") as progress, watched(teller.stage):
        progress(1.0, 5)
        with doing("compiling"):
            now[0] += 30.0
            assert teller.line() == "simulate shop.yaml: compiling, 30 s so far"
        now[0] += 10.0
        progress(2.0, 5)  # one took 10 s
        assert teller.line() == "simulate shop.yaml: 2 of 5 replications, about 30 s left, 40 s since the start"
    assert heard.getvalue() == "simulate shop.yaml: started\nsimulate shop.yaml: compiling\n"


def test_what_takes_longer_than_was_said_is_not_said_to_be_short_any_more(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: now[0]))
    teller = Teller("simulate shop.yaml", io.StringIO())
    with watched(teller.stage), doing("compiling (a minute or two)"):
        now[0] = 60.0
        assert teller.line() == "simulate shop.yaml: compiling (a minute or two), 60 s so far"
        now[0] = 150.0
        assert teller.line() == "simulate shop.yaml: compiling, 2.5 min so far"


def test_it_speaks_less_often_after_a_while_but_never_five_seconds_apart(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: now[0]))
    teller = Teller("simulate shop.yaml", io.StringIO())
    pauses = {}
    for now[0] in (0.0, 19.0, 21.0, 1000.0):
        pauses[now[0]] = teller._pause()
    assert pauses == {0.0: 2.0, 19.0: 2.0, 21.0: 3.5, 1000.0: 3.5}


def test_how_long_the_rest_takes_is_not_told_from_nothing(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: now[0]))
    work = Work("runs")
    assert list(work.told(0.0)) == []
    work.progress(0.0, 12345)
    assert list(work.told(60.0)) == ["0 of 12,345 runs"]
    now[0] = 60.0
    work.progress(0.25, 10)
    assert list(work.told(60.0)) == ["0 of 10 runs"]
    work.progress(10.0, 10)
    assert list(work.told(90.0)) == ["10 of 10 runs"]


def timed(monkeypatch, heard):
    """What is told at each time, of work of which that much had been done by then."""
    now = [0.0]
    monkeypatch.setattr(telling, "time", SimpleNamespace(monotonic=lambda: now[0]))
    work, told = Work("runs"), []
    for now[0], done, total in heard:
        work.progress(done, total)
        told.append(", ".join(work.told(now[0])))
    return told


def test_what_is_left_gets_less_while_nothing_new_is_heard(monkeypatch):
    """Two of four took 10 s, so the others take 10 s more; once these are over, nobody knows."""
    heard = [(6.0, 1.0, 4), (10.0, 2.0, 4), (13.0, 2.0, 4), (19.0, 2.0, 4), (20.0, 2.0, 4), (40.0, 2.0, 4)]
    assert timed(monkeypatch, heard) == [
        "1 of 4 runs", "2 of 4 runs, about 10 s left", "2 of 4 runs, about 7 s left", "2 of 4 runs, about 1 s left",
        "2 of 4 runs", "2 of 4 runs",
    ]  # fmt: skip


def test_what_is_left_is_not_told_while_it_grows(monkeypatch):
    """0.8 at 10 s a run are 8 s; 0.75 at 2 s for each 0.05 are 30 s, and so on; at last 0.65 at 6.4 s for 0.15."""
    heard = [(2.0, 0.2, 1), (4.0, 0.25, 1), (8.0, 0.3, 1), (8.4, 0.35, 1)]
    assert timed(monkeypatch, heard) == [
        "0 of 1 runs, about 8 s left", "0 of 1 runs", "0 of 1 runs", "0 of 1 runs, about 28 s left",
    ]  # fmt: skip


def test_a_tenth_is_enough_to_tell_what_is_left_and_so_is_much(monkeypatch):
    assert timed(monkeypatch, [(10.0, 9.0, 100), (11.0, 10.5, 100)]) == [
        "9 of 100 runs",
        "10 of 100 runs, about 94 s left",
    ]
    assert timed(monkeypatch, [(1.0, 1.0, 1000), (30.0, 30.0, 1000)])[1] == "30 of 1,000 runs, about 16 min left"


def test_of_an_unknown_number_it_is_said_how_many_are_done(monkeypatch):
    assert timed(monkeypatch, [(2.0, 0.0, 0), (4.0, 12.75, 0), (9.0, 30.0, 0)]) == ["", "12 runs", "30 runs"]


def test_times_to_wait():
    assert [spell(seconds) for seconds in (0.2, 42.4, 150.0, 600.0, 9000.0)] == [
        "0 s", "42 s", "2.5 min", "10 min", "2.5 h",
    ]  # fmt: skip


def test_nobody_who_listens_is_no_error():
    closed = io.StringIO()
    closed.close()
    with Teller("simulate", closed, every_s=0.01):
        time.sleep(0.03)


def test_without_a_watcher_the_standard_error_says_once_what_begins(capsys):
    with doing("compiling"):
        pass
    assert capsys.readouterr() == ("", "compiling ...\n")
    assert with_progress(lambda progress: progress(1.0, 2) or "made") == "made"
    assert capsys.readouterr() == ("", "")


def test_commands_speak_on_the_standard_error_and_quiet_ones_do_not(shop, capsys):
    assert main(["simulate", str(shop), "--engine", "reference", "--json"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("{\n")
    assert err.startswith(f"simulate {shop}: started\n")
    assert main(["simulate", str(shop), "--engine", "reference", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert main(["check", str(shop)]) == 0
    assert capsys.readouterr().err == ""


def test_a_terminal_has_a_bar_instead(shop, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["simulate", str(shop), "--engine", "reference"]) == 0
    assert "started" not in capsys.readouterr().err
