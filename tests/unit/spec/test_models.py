import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import simulator.spec as spec
from simulator.errors import TopologyError
from simulator.spec.base import Model

SHORT = """
services:
  cart:      {steps: [{cpu: 3ms}, {call: order}]}
  order:     {steps: [{cpu: 8ms}, {parallel: [{call: payment}, {call: inventory}]}]}
  payment:   {replicas: 2, steps: [{cpu: {dist: exponential, mean: 12ms}}]}
  inventory: {steps: [{cpu: 4ms}]}
workload: {call: cart, rate: 80/s}
"""


@pytest.fixture(scope="module")
def short():
    return spec.loads(SHORT)


@pytest.fixture(scope="module")
def checkout():
    return spec.load(Path(__file__).parents[2] / "spec" / "checkout.yaml")


def problems(make):
    with pytest.raises(TopologyError) as caught:
        make()
    return [(problem.path, problem.message) for problem in caught.value.problems]


def test_defaults(short):
    assert short.name == "topology"
    assert short.simulation == spec.Simulation(
        duration=600, warmup=60, seed=1, replications=10, confidence=0.95, drain=60
    )
    assert short.network.latency == spec.Constant(value=0)
    assert short.network.links == ()
    cart = short.services["cart"]
    assert (cart.kind, cart.replicas, cart.speed, cart.concurrency, cart.queue) == ("service", 1, 1.0, None, None)
    assert (cart.scheduling, cart.error_rate, cart.resources) == ("FIFO", 0.0, spec.Resources(cpu=1, memory=0))
    assert (cart.load_balancer.simple, cart.load_balancer.choice_count) == ("LEAST_REQUEST", 2)
    assert short.deployments == {}
    assert short.slos == {}
    assert short.prices is None
    assert short.deployment_names == ("microservices", "monolith")


def test_a_nameless_workload_and_bare_steps(short):
    workload = short.workload["workload"]
    assert workload.entries == (spec.Entry(call="cart", weight=1),)
    assert (workload.shape, workload.rate, workload.arrivals) == ("rate", 80.0, "poisson")
    steps = short.services["order"].endpoints[""].steps
    assert [step.verb for step in steps] == ["cpu", "parallel"]
    assert steps[1].parallel[0] == spec.Branch(steps=(spec.Call(call="payment"),))


def test_everything_that_is_written(checkout):
    assert checkout.name == "checkout"
    assert checkout.base.endswith("spec")
    link = checkout.network.links[0]
    assert (link.from_, link.to, link.loss, link.error_rate) == ("payment", "psp", 0.001, 0.0005)
    assert link.latency.percentiles == ((0.5, 0.04), (0.99, 0.18))
    cart = checkout.services["cart"]
    assert (cart.concurrency, cart.queue.capacity, cart.resources.memory) == (32, 128, 2**28)
    assert checkout.services["order"].load_balancer.choice_count == "all"
    place = checkout.services["order"].endpoints["place"].steps
    assert [step.verb for step in place] == ["cpu", "parallel", "choose", "call", "send"]
    assert place[1].parallel[1].steps[0].times == 2
    assert [option.weight for option in place[2].choose] == [95.0, 5.0]
    assert place[3].probability == 0.3
    assert [workload.shape for workload in checkout.workload.values()] == ["rate", "stages", "users", "rate"]
    assert checkout.workload["evening"].start_rate == 40.0
    assert checkout.workload["evening"].stages[0] == spec.Stage(target=400, duration=300)
    assert checkout.workload["tills"].think_time == spec.Exponential(mean=6)
    assert checkout.workload["mixed"].rate == pytest.approx(5 / 60)
    unit = checkout.deployments["monolith"].units["shop"]
    assert (unit.services, unit.replicas, unit.resources.cpu) == (("cart", "order", "payment", "inventory"), 3, 4.0)
    assert unit.resources.memory == 2**31
    assert (unit.concurrency, unit.queue, unit.scheduling, unit.load_balancer) == (None, None, None, None)
    assert checkout.slos["checkout"].percentiles == ((0.99, 0.3), (0.999, 1.0))
    assert checkout.prices.gib_hour == 0.005
    assert checkout.deployment_names == ("microservices", "monolith", "modular")
    empirical = checkout.services["recommendations"].endpoints[""].steps[0].cpu
    assert empirical.points == ((0.0, 0.001), (0.5, 0.004), (0.99, 0.02), (1.0, 0.05))


def test_the_warmup_follows_a_short_run():
    assert spec.Simulation(duration=30).warmup == 3.0
    assert spec.Simulation(duration=61).warmup == 60.0
    assert spec.Simulation(warmup="auto").warmup == "auto"


def test_names_come_from_the_file(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(SHORT)
    topology = spec.load(path)
    assert topology.name == "shop"
    assert topology.replace({"workload.rate": "1/s"}).name == "shop"
    assert spec.loads(SHORT, base=tmp_path).base == str(tmp_path)


def test_numbers_from_python_are_seconds_and_per_second():
    topology = spec.Topology.model_validate(
        {
            "services": {"a": {"steps": [{"cpu": 0.25}, {"sleep": {"dist": "exponential", "mean": 2}}]}},
            "workload": {"call": "a", "rate": 300},
        }
    )
    assert topology == spec.loads(
        "services: {a: {steps: [{cpu: 250ms}, {sleep: {dist: exponential, mean: 2s}}]}}\n"
        "workload: {call: a, rate: 300/s}\n"
    )


def test_a_wrong_dict_is_a_topology_error_with_paths():
    found = problems(
        lambda: spec.Topology.model_validate(
            {
                "services": {"a": {"steps": [{"call": "bb"}], "replicas": -1}, "b": {}},
                "workload": {"call": "a", "rate": 1},
            }
        )
    )
    assert found == [
        ("services.a.steps[0].call", "unknown service `bb`; expected `a` or `b`"),
        ("services.a.replicas", "expected a whole number of at least 0, found -1"),
        ("services.b", "a service needs `steps` or `endpoints`"),
    ]


def test_made_from_models(short):
    made = spec.Topology(
        services={
            "a": spec.Service(
                error_rate=0.1, endpoints={"": spec.Endpoint(steps=(spec.Cpu(cpu=spec.Constant(value=1)),))}
            )
        },
        workload={"w": spec.Workload(entries=(spec.Entry(call="a"),), rate=2)},
    )
    assert made.services["a"].error_rate == 0.1
    assert made.replace({"services.a.errorRate": 0}).services["a"].error_rate == 0.0
    with pytest.raises(TopologyError):
        spec.Topology(services={}, workload={})


def test_a_topology_is_a_value(short, checkout):
    for topology in (short, checkout):
        assert pickle.loads(pickle.dumps(topology)) == topology
        assert hash(pickle.loads(pickle.dumps(topology))) == hash(topology)
        assert copy.deepcopy(topology) == topology
        assert spec.Topology.model_validate(json.loads(json.dumps(topology.to_dict()))) == topology
    assert short != checkout
    assert short != 5
    again = spec.loads(
        SHORT.replace("3ms", "0.003s").replace("{call: cart, rate: 80/s}", "{workload: {call: cart, rate: 80/s}}")
    )
    assert again == short
    assert again.to_dict() == short.to_dict()


def test_a_topology_does_not_change(short):
    with pytest.raises(ValidationError):
        short.name = "x"
    with pytest.raises(TypeError):
        short.services["x"] = short.services["cart"]
    with pytest.raises(TypeError):
        short.services["cart"].endpoints.clear()
    tree = {"services": {"a": {"steps": []}}, "workload": {"call": "a", "rate": 1}}
    topology = spec.Topology.model_validate(tree)
    tree["services"]["a"]["steps"].append({"call": "nobody"})
    assert topology.replace({}) == topology


@pytest.mark.parametrize(
    ("changes", "read", "value"),
    [
        ({"workload.rate": "300/s"}, lambda t: t.workload["workload"].rate, 300.0),
        ({"workload.rate": 300}, lambda t: t.workload["workload"].rate, 300.0),
        ({"workload.workload.rate": 5}, lambda t: t.workload["workload"].rate, 5.0),
        ({"services.payment.replicas": 4}, lambda t: t.services["payment"].replicas, 4),
        ({"services.payment.replicas": "4"}, lambda t: t.services["payment"].replicas, 4),
        ({"services.payment.concurrency": 8}, lambda t: t.services["payment"].concurrency, 8),
        ({"services.payment.concurrency": None}, lambda t: t.services["payment"].concurrency, None),
        ({"services.payment.replicas": None}, lambda t: t.services["payment"].replicas, 1),
        ({"services.order.resources.cpu": "500m"}, lambda t: t.services["order"].resources.cpu, 0.5),
        ({"network.latency": "1ms"}, lambda t: t.network.latency, spec.Constant(value=0.001)),
        ({"network.latency": 0.001}, lambda t: t.network.latency, spec.Constant(value=0.001)),
        ({"services.cart.steps.0.cpu": "5ms"}, lambda t: t.services["cart"].endpoints[""].steps[0].cpu.value, 0.005),
        ({"services.cart.steps[0].cpu": 0.005}, lambda t: t.services["cart"].endpoints[""].steps[0].cpu.value, 0.005),
        (
            {"services.cart.steps[0].cpu": "{dist: gamma, mean: 5ms, cv: 2}"},
            lambda t: t.services["cart"].endpoints[""].steps[0].cpu,
            spec.Gamma(mean=0.005, cv=2),
        ),
        (
            {"services.payment.steps.0.cpu.mean": "1ms"},
            lambda t: t.services["payment"].endpoints[""].steps[0].cpu,
            spec.Exponential(mean=0.001),
        ),
        ({"services.cart.loadBalancer": "RANDOM"}, lambda t: t.services["cart"].load_balancer.simple, "RANDOM"),
        ({"services.cart.errorRate": "1%"}, lambda t: t.services["cart"].error_rate, 0.01),
        ({"simulation.duration": 30}, lambda t: (t.simulation.duration, t.simulation.warmup), (30.0, 3.0)),
        ({"name": "1e3"}, lambda t: t.name, "1e3"),
        ({"slos.fast": {"call": "cart", "p99": 0.3}}, lambda t: t.slos["fast"].percentiles, ((0.99, 0.3),)),
        ({"services.cart.steps": []}, lambda t: t.services["cart"].endpoints[""].steps, ()),
    ],
)
def test_replace(short, changes, read, value):
    changed = short.replace(changes)
    assert read(changed) == value
    assert short == spec.loads(SHORT)


def test_replace_twice_and_back(short):
    changed = short.replace({"workload.rate": 5, "services.cart.replicas": 3})
    assert changed != short
    assert changed.replace({"workload.rate": "80/s", "services.cart.replicas": 1}) == short


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"services.paymnt.replicas": 4},
            [("services.paymnt.replicas", "unknown service `paymnt`; did you mean `payment`?")],
        ),
        (
            {"services.payment.replcas": 4},
            [("services.payment.replcas", "unknown key `replcas`; did you mean `replicas`?")],
        ),
        ({"services.payment.replicas": "4/s"}, [("services.payment.replicas", "expected a whole number, found `4/s`")]),
        ({"workload.rate": "300"}, [("workload.rate", "a rate needs a unit, for example 80/s, found `300`")]),
        (
            {"workload.users": 3},
            [("workload.users", "a workload has one shape, but this one has `rate` and `users`")],
        ),
        (
            {"services.cart.steps[7].cpu": 1},
            [
                (
                    "services.cart.steps[7].cpu",
                    "`services.cart.steps` is a list of 2; expected a number below, found `7`",
                )
            ],
        ),
        (
            {"services.cart.steps[0].cpu.mean": 1},
            [("services.cart.steps[0].cpu.mean", "`services.cart.steps[0].cpu` is `3ms`, which has no `mean`")],
        ),
        (
            {"services..cart": 1},
            [("services..cart", "expected a path such as services.payment.replicas or services.order.steps[0].cpu")],
        ),
        ({"deployments.monolth.units": 1}, [("deployments.monolth.units", "unknown deployment `monolth`")]),
        ({"services.cart.faults": 1}, [("services.cart.faults", "unknown key `faults`; expected")]),
    ],
)
def test_replace_refuses(short, changes, expected):
    found = problems(lambda: short.replace(changes))
    assert [
        (path, message[: len(wanted)]) for (path, message), (_, wanted) in zip(found, expected, strict=True)
    ] == expected


def test_a_named_workload_is_not_replaced_by_a_key(checkout):
    assert problems(lambda: checkout.replace({"workload.rate": 5})) == [
        ("workload.rate", "unknown workload `rate`; expected `shoppers`, `evening`, `tills` or `mixed`")
    ]
    assert checkout.replace({"workload.shoppers.rate": 5}).workload["shoppers"].rate == 5.0


def test_calls_are_resolved(short, checkout):
    assert short.resolve("cart") == ("cart", "")
    assert checkout.resolve("order") == checkout.resolve("order.place") == ("order", "place")
    for call in ("cart.x", "nobody", "order.plac", "", "a.b.c"):
        with pytest.raises(TopologyError):
            checkout.resolve(call)


def test_replays_are_read_from_beside_the_file(tmp_path):
    (tmp_path / "arrivals.csv").write_text("id, arrival_s\n1, 0\n2, 0.5\n3, 0.5\n\n4, 2e0\n")
    (tmp_path / "times.csv").write_text("value_s\n3\n1\n2\n")
    path = tmp_path / "t.yaml"
    path.write_text(
        "services: {a: {steps: [{cpu: {dist: empirical, file: times.csv}}]}}\n"
        "workload: {call: a, replay: arrivals.csv}\n"
    )
    topology = spec.load(path)
    assert topology.workload["workload"].replay_times == (0.0, 0.5, 0.5, 2.0)
    assert topology.services["a"].endpoints[""].steps[0].cpu.values == (1.0, 2.0, 3.0)
    assert sorted(topology.to_dict()["files"]) == ["arrivals.csv", "times.csv"]
    assert topology.replace({"services.a.replicas": 2}).workload["workload"].replay_times[3] == 2.0
    (tmp_path / "arrivals.csv").write_text("arrival_s\n7\n")
    changed = spec.load(path)
    assert changed != topology
    assert changed.to_dict() != topology.to_dict()


def test_every_distribution_knows_its_kind():
    kinds = [
        spec.Constant(value=1),
        spec.Uniform(min=0, max=1),
        spec.LogNormal(mean=1, cv=1),
        spec.LogNormal(p50=1, p99=2),
    ]
    assert [one.kind for one in kinds] == ["constant", "uniform", "lognormal", "lognormal"]
    assert kinds[3].percentiles == ((0.5, 1.0), (0.99, 2.0))
    assert kinds[3].mean is None


def test_numpy_scalars_are_numbers(short):
    changed = short.replace({"services.cart.replicas": np.int64(3), "workload.rate": np.float32(2)})
    assert type(changed.services["cart"].replicas) is int
    assert type(changed.workload["workload"].rate) is float
    with pytest.raises(TopologyError):
        short.replace({"services.cart.replicas": np.bool_(True)})


def test_a_bare_value_is_meant_for_a_key_of_its_block(short):
    kinds = list(Model.__subclasses__())
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {kind.meant for kind in kinds} > {"", "cpu", "attempts"}
    assert [kind for kind in kinds if kind.meant and not kind.is_known(kind.meant)] == []


def test_what_has_the_name_of_a_block_is_none():
    text = SHORT.replace("workload:", "policies: {retries: 3}\nworkload:")
    assert problems(lambda: spec.loads(text)) == [("policies.retries", "expected a mapping, found 3")]
