import json

import pandas as pd
import pytest

from simulator.errors import ResultError
from simulator.plan.layout import Outcome
from simulator.plan.plan import Objective
from simulator.results import Results, store, summarise, tablefiles

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
        head.write_text(f'{{"format": "simulator-result", "version": {store.VERSION}}}')
    with pytest.raises(ResultError, match=r"is damaged|was changed after it was saved: run it again"):
        Results.load(tmp_path / "run")


def edit(folder, change, *, sealed):
    """Change result.json by hand, and make its digest anew for whoever knows of it."""
    file = folder / "result.json"
    head = json.loads(file.read_text())
    change(head)
    file.write_text(json.dumps(head | ({"sha256": store._seal(head)} if sealed else {})))


def test_a_head_that_was_edited_is_refused(build, tmp_path):
    made(build, story(build)).save(tmp_path / "run")
    edit(tmp_path / "run", lambda head: head["provenance"].update(seed=99), sealed=False)
    with pytest.raises(ResultError, match=r"result\.json was changed after it was saved: run it again"):
        Results.load(tmp_path / "run")


def test_a_head_that_was_only_laid_out_anew_is_read(build, tmp_path):
    results = made(build, story(build))
    results.save(tmp_path / "run")
    edit(tmp_path / "run", lambda head: None, sealed=False)
    assert_same(results, Results.load(tmp_path / "run"))


@pytest.mark.parametrize("parquet", [True, False])
def test_a_table_that_was_edited_is_refused(build, tmp_path, monkeypatch, parquet):
    monkeypatch.setattr(tablefiles, "has_parquet", lambda: parquet)
    made(build, story(build)).save(tmp_path / "run")
    (file,) = (tmp_path / "run").glob("units.*")
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(ResultError, match=rf"{file.name} was changed after it was saved: run it again"):
        Results.load(tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "file"), [("../secret", "../secret.parquet"), ("units", "../secret.parquet"), ("units", "/etc/passwd")]
)
def test_no_table_is_read_from_outside_of_the_folder(build, tmp_path, name, file):
    made(build, story(build)).save(tmp_path / "run")
    made(build, story(build))._tables["units"].to_parquet(tmp_path / "secret.parquet")

    def point_outside(head):
        head["tables"][name] = head["tables"].pop("units") | {"file": file}

    edit(tmp_path / "run", point_outside, sealed=True)
    with pytest.raises(ResultError, match="which is none of a saved result"):
        Results.load(tmp_path / "run")


WRONG = {
    "tables are a list": lambda head: head.update(tables=[]),
    "a table is nothing": lambda head: head["tables"].update(units=None),
    "no warnings": lambda head: head.update(warnings=None),
    "kinds are numbers": lambda head: head["tables"]["units"].update(columns={"name": 3}),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_head_that_makes_no_sense_is_said(build, tmp_path, change):
    made(build, story(build)).save(tmp_path / "run")
    edit(tmp_path / "run", change, sealed=True)
    with pytest.raises(ResultError, match="is damaged"):
        Results.load(tmp_path / "run")


# -- without pyarrow


@pytest.mark.parametrize("stories", [0, 1])
def test_without_parquet_the_same_tables_are_saved_as_csv(build, tmp_path, monkeypatch, stories):
    asked = (Objective("buy", 0, "p99", 0.99, 0.1), Objective("buy", 1, "errorRate", float("nan"), 0.1))
    results = made(build, *[story(build), []][stories:], objectives=asked, warnings=('über "b", x\ny',))
    monkeypatch.setattr(tablefiles, "has_parquet", lambda: False)
    results.save(tmp_path / "run")
    assert {path.suffix for path in (tmp_path / "run").iterdir()} == {".json", ".csv"}
    assert_same(results, Results.load(tmp_path / "run"))
    monkeypatch.undo()
    assert_same(results, Results.load(tmp_path / "run"))


def test_parquet_that_cannot_be_read_here_says_what_to_install(build, tmp_path, monkeypatch):
    made(build, story(build)).save(tmp_path / "run")
    monkeypatch.setattr(tablefiles, "has_parquet", lambda: False)
    with pytest.raises(ResultError, match=r"needs pyarrow to read: pip install .*\[parquet\]"):
        Results.load(tmp_path / "run")


def test_a_full_disk_leaves_the_older_result_and_nothing_else(build, tmp_path):
    resource = pytest.importorskip("resource")
    results = made(build, story(build))
    results.save(tmp_path / "run")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # no file may be longer
    try:
        with pytest.raises(ResultError, match="cannot be saved"):
            results.save(tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert_same(results, Results.load(tmp_path / "run"))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
