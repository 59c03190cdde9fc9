"""What people paste from Compose, from Kubernetes, from their load tools."""

import gzip

import jsonschema
import pytest

from simulator.errors import TopologyError
from simulator.spec import json_schema, load, loads
from simulator.spec.text import Text

COMPOSE = """
x-common: &common {replicas: 2, errorRate: 1%}
x-notes: anything at all
services:
  a: {<<: *common, steps: [{cpu: 1ms}]}
  b: {<<: *common, replicas: 3, steps: []}
workload: {call: a, rate: 1/s}
"""


def service(block):
    return f"services: {{a: {{{block}, steps: [{{cpu: 1ms}}]}}}}\nworkload: {{call: a, rate: 1/s}}\n"


def test_anchors_of_compose():
    topology = loads(COMPOSE)
    assert [(one.replicas, one.error_rate) for one in topology.services.values()] == [(2, 0.01), (3, 0.01)]
    assert not any(key.startswith("x-") for key in topology.to_dict())
    assert topology.replace({"services.a.replicas": 4}).services["a"].replicas == 4
    jsonschema.Draft202012Validator(json_schema()).validate(Text(COMPOSE, "").read())


@pytest.mark.parametrize(
    ("resources", "cpu", "memory"),
    [
        ("limits: {cpu: 500m, memory: 128Mi}", 0.5, 128 * 2**20),
        ("requests: {cpu: 250m, memory: 64Mi}", 0.25, 64 * 2**20),
        ("requests: {cpu: 250m, memory: 64Mi}, limits: {cpu: 2}", 2.0, 64 * 2**20),
        ('requests: {cpu: "0.5"}, limits: {memory: 1Gi}', 0.5, 2**30),
        ("cpu: 1, limits: {cpu: 500m, memory: 1Gi}", 1.0, 2**30),
        ("limits: {}", 1.0, 0.0),
    ],
)
def test_resources_of_kubernetes_are_the_limit_else_the_request(resources, cpu, memory):
    made = loads(service(f"resources: {{{resources}}}"))
    plain = loads(service(f"resources: {{cpu: {cpu}, memory: {memory:.0f}}}"))
    assert (made.services["a"].resources.cpu, made.services["a"].resources.memory) == (cpu, memory)
    assert made == plain
    assert made.to_dict() == plain.to_dict()


def test_resources_of_a_unit_of_kubernetes():
    text = service("replicas: 1") + "deployments: {m: {units: {u: {services: [a], resources: {limits: {cpu: 2}}}}}}\n"
    assert loads(text).deployments["m"].units["u"].resources.cpu == 2.0


def test_a_replay_may_be_packed_with_gzip(tmp_path):
    (tmp_path / "t.yaml").write_text("services: {a: {steps: []}}\nworkload: {call: a, replay: r.csv.gz}\n")
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress(b"arrival_s\n0.5\n2\n"))
    assert load(tmp_path / "t.yaml").workload["workload"].replay_times == (0.5, 2.0)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.spec.csvfiles._LARGEST", 10_000)
    (tmp_path / "t.yaml").write_text("services: {a: {steps: []}}\nworkload: {call: a, replay: r.csv.gz}\n")
    (tmp_path / "r.csv.gz").write_bytes(gzip.compress(b"arrival_s\n" + b"1\n" * 10_000))
    with pytest.raises(TopologyError, match="cut it into shorter files"):
        load(tmp_path / "t.yaml")


def lacking(tmp_path, workload):
    file = tmp_path / "t.yaml"
    file.write_text(f"services: {{a: {{steps: []}}}}\n{workload}\n")
    return file


@pytest.mark.parametrize(
    ("workload", "changes"),
    [
        ("workload: {call: a}", {"workload.rate": "10/s"}),
        ("workload: {call: a, rate: 10}", {"workload.rate": "10/s"}),
        ("workload: {call: a, users: 3}", {"workload.users": "null", "workload.rate": "10/s"}),
        ("workload: {w: {call: a}}", {"workload.w.rate": "10/s"}),
        ("workload: {}", {"workload.call": "a", "workload.rate": "10/s"}),
        ("", {"workload.call": "a", "workload.rate": "10/s"}),
        ("", {"workload": "{call: a, rate: 10/s}"}),
    ],
)
def test_changes_give_what_the_file_lacks(tmp_path, workload, changes):
    (workload,) = load(lacking(tmp_path, workload), changes=changes).workload.values()
    assert workload.rate == 10.0


def test_what_the_language_lacks_is_refused_and_the_rest_of_the_file_too(tmp_path):
    with pytest.raises(TopologyError) as caught:
        load(lacking(tmp_path, "workload: {call: b}"), changes={"workload.rat": "10/s", "slos.x": "{call: a, p99: 1s}"})
    assert [(one.path, one.line) for one in caught.value.problems] == [("workload.rat", 0), ("workload.call", 2)]


def test_a_mistake_of_the_file_comes_before_a_path_that_leads_nowhere(tmp_path):
    with pytest.raises(TopologyError, match="unknown service `b`"):
        load(lacking(tmp_path, "workload: {call: b, rate: 1/s}"), changes={"services.b.replicas": 2})
