import json

import pandas as pd
import pytest

from simulator.errors import ResultError
from simulator.plan.layout import Outcome
from simulator.plan.plan import Objective
from simulator.results import Results, store, summarise

TABLES = (
    "intervals", "replications", "services", "services_intervals", "units", "units_intervals", "endpoints", "breakdown",
    "outcomes", "objectives", "timeline", "latencies", "requests", "attempts",
)  # fmt: skip


def story(build):
    return [
        build.Request(30.0, 0.1, Outcome.ERROR, cause=(Outcome.TIMEOUT, 1), inner=((30.0, 0.05, Outcome.TIMEOUT),)),
        build.Request(31.0, 0.3),
        build.Request(32.0, None, Outcome.UNFINISHED),
    ]


def made(build, *stories, detail="attempts", **plan_changes):
    plan = build.plan(**plan_changes)
    return summarise(plan, build.traces(plan, *stories, detail=detail))


def assert_same(one, other, tables=TABLES):
    for name in tables:
        pd.testing.assert_frame_equal(
            getattr(one, name), getattr(other, name), check_exact=True, check_categorical=True, check_freq=True
        )
    pd.testing.assert_series_equal(one.summary, other.summary, check_exact=True)
    assert one.warnings == other.warnings
    assert one.provenance == other.provenance


def test_what_is_saved_is_loaded_to_the_last_bit(build, tmp_path):
    asked = (Objective("buy", 0, "p99", 0.99, 0.1), Objective("buy", 1, "errorRate", float("nan"), 0.1))
    results = made(build, story(build), story(build)[:2], objectives=asked, warnings=("über <b>",))
    results.save(tmp_path / "run")
    assert_same(results, Results.load(tmp_path / "run"))
    names = {"result.json", "summary.parquet", *(f"{name}.parquet" for name in TABLES)}
    assert {path.name for path in (tmp_path / "run").iterdir()} == names
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("stories", [[[]], [[], []]])
def test_a_run_without_requests_is_loaded_as_well(build, tmp_path, stories):
    results = made(build, *stories)
    results.save(tmp_path / "run")
    assert_same(results, Results.load(tmp_path / "run"))


def test_the_summary_stays_without_logs(build, tmp_path):
    results = made(build, story(build), detail="summary")
    results.save(tmp_path / "run")
    loaded = Results.load(tmp_path / "run")
    assert_same(results, loaded, TABLES[:-2])
    with pytest.raises(ResultError, match="run with detail"):
        _ = loaded.requests


def test_the_tables_do_not_depend_on_the_time(build, tmp_path):
    made(build, story(build)).save(tmp_path / "one")
    made(build, story(build)).save(tmp_path / "two")
    for name in ("summary", *TABLES):
        files = [tmp_path / run / f"{name}.parquet" for run in ("one", "two")]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_a_folder_is_made_with_its_parents(build, tmp_path):
    results = made(build, story(build))
    results.save(str(tmp_path / "runs" / "first"))
    assert_same(results, Results.load(str(tmp_path / "runs" / "first")))


def test_an_empty_folder_is_filled_and_an_older_result_replaced_as_a_whole(build, tmp_path):
    (tmp_path / "run").mkdir()
    made(build, story(build)).save(tmp_path / "run")
    newer = made(build, [], detail="summary")
    newer.save(tmp_path / "run")
    assert_same(newer, Results.load(tmp_path / "run"), TABLES[:-2])
    assert not (tmp_path / "run" / "requests.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("content", ["notes.txt", "result.json"])
def test_what_is_not_a_result_is_left_alone(build, tmp_path, content):
    (tmp_path / content).write_text("{}")
    with pytest.raises(ResultError, match="not a saved result: name another folder"):
        made(build, story(build)).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [content]


def test_a_file_is_not_a_folder(build, tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(ResultError, match="is a file"):
        made(build, story(build)).save(tmp_path / "run")
    assert (tmp_path / "run").read_text() == "mine"


def test_a_folder_below_a_file_cannot_be_made(build, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ResultError, match="cannot be saved"):
        made(build, story(build)).save(tmp_path / "file" / "run")


def test_a_save_that_fails_leaves_the_older_result(build, tmp_path, monkeypatch):
    results = made(build, story(build))
    results.save(tmp_path / "run")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write", fail)
    with pytest.raises(ResultError, match="No space left on device"):
        made(build, []).save(tmp_path / "run")
    assert_same(results, Results.load(tmp_path / "run"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"format": "other"}'])
def test_a_wrong_folder_says_what_to_do(tmp_path, text):
    if text is not None:
        (tmp_path / "result.json").write_text(text)
    with pytest.raises(ResultError, match=r"holds no saved result: name a folder that Results\.save has written"):
        Results.load(tmp_path)


def test_no_folder_at_all(tmp_path):
    with pytest.raises(ResultError, match="holds no saved result"):
        Results.load(tmp_path / "nowhere")


def test_another_format_is_refused(build, tmp_path):
    made(build, []).save(tmp_path / "run")
    head = tmp_path / "run" / "result.json"
    head.write_text(json.dumps(json.loads(head.read_text()) | {"version": 99}))
    with pytest.raises(ResultError, match="is of format 99"):
        Results.load(tmp_path / "run")


@pytest.mark.parametrize("damage", ["missing", "torn", "headless"])
def test_a_damaged_result_is_refused(build, tmp_path, damage):
    made(build, []).save(tmp_path / "run")
    table, head = tmp_path / "run" / "units.parquet", tmp_path / "run" / "result.json"
    if damage == "missing":
        table.unlink()
    elif damage == "torn":
        table.write_bytes(table.read_bytes()[:100])
    else:
        head.write_text('{"format": "simulator-result", "version": 1}')
    with pytest.raises(ResultError, match="is damaged"):
        Results.load(tmp_path / "run")
