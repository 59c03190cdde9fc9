"""The samples are those of the checkout, or of the package where it is installed."""

import pytest

import simulator as sim
from simulator.errors import TopologyError
from simulator.spec import samples


def test_each_is_a_topology():
    for name in sim.examples():
        assert sim.loads(sim.example(name)).services


def test_those_in_the_package_go_first(tmp_path, monkeypatch):
    (tmp_path / "package" / "samples").mkdir(parents=True)
    (tmp_path / "package" / "samples" / "one.yaml").write_text("# Why?\nservices: {}\n")
    monkeypatch.setattr(samples, "PACKAGE", tmp_path / "package")
    assert sim.examples() == {"one": "Why?"}
    assert sim.example("one").startswith("# Why?")
    with pytest.raises(TopologyError, match="there is no example `two`"):
        sim.example("two")
