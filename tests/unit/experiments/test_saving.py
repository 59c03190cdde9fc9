"""Several results are saved as one: all of them, or nothing."""

import pytest

import simulator as sim
from simulator.experiments.saving import save_together
from simulator.results import store


@pytest.fixture(scope="module")
def results(shop):
    return sim.compare(shop, replications=1, duration="10s").results


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_an_older_comparison_is_replaced_as_a_whole(results, tmp_path):
    save_together(tmp_path / "out", {"old": results["monolith"], **results})
    save_together(tmp_path / "out", results)
    assert names(tmp_path / "out") == ["microservices", "monolith"]
    assert names(tmp_path) == ["out"]


def test_folders_above_are_made(results, tmp_path):
    save_together(tmp_path / "a" / "b", results)
    assert names(tmp_path / "a" / "b") == ["microservices", "monolith"]


def test_an_empty_folder_may_be_there(results, tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path)
    save_together("out", results)
    assert names(tmp_path / "out") == ["microservices", "monolith"]


def test_what_is_not_ours_is_left_alone(results, tmp_path):
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(sim.ResultError, match="holds something that is not a saved result: name another folder"):
        save_together(tmp_path, results)
    with pytest.raises(sim.ResultError, match=r"photo.jpg is a file: name a folder to save the results in"):
        save_together(tmp_path / "photo.jpg", results)
    with pytest.raises(sim.ResultError, match=r"the results cannot be saved in .*photo.jpg/x: Not a directory"):
        save_together(tmp_path / "photo.jpg" / "x", results)
    assert names(tmp_path) == ["photo.jpg"]


def test_a_result_of_one_deployment_is_not_mistaken_for_a_comparison(results, tmp_path):
    results["monolith"].save(tmp_path / "out")
    with pytest.raises(sim.ResultError, match="holds something that is not a saved result"):
        save_together(tmp_path / "out", results)
    assert sim.load_results(tmp_path / "out").provenance["deployment"] == "monolith"


def test_a_full_disk_leaves_the_older_ones(results, tmp_path, monkeypatch):
    save_together(tmp_path / "out", {"monolith": results["monolith"]})
    whole, calls = store.write, []

    def write(folder, *given):
        calls.append(folder)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        whole(folder, *given)

    monkeypatch.setattr(store, "write", write)
    with pytest.raises(sim.ResultError) as caught:
        save_together(tmp_path / "out", results)
    assert str(caught.value) == f"the result cannot be saved in {tmp_path}/out/monolith: No space left on device"
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["monolith"]
