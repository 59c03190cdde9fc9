import random
from dataclasses import fields

import numpy as np
import pytest

from simulator.compiler import compile_topology
from simulator.compiler.streams import name_number
from simulator.errors import PlanError
from simulator.plan.layout import UNLIMITED, Discipline, Kind, Op
from simulator.plan.plan import Prices, Settings
from simulator.spec import Topology

CHECKOUT = {
    "simulation": {
        "duration": "5m",
        "warmup": "auto",
        "drain": "10s",
        "seed": 7,
        "replications": 3,
        "confidence": "90%",
    },
    "network": {
        "latency": {"dist": "lognormal", "p50": "500us", "p99": "3ms"},
        "serialization": "50us",
        "links": [
            {"from": "order", "to": "payment", "loss": "0.1%"},
            {"from": "shoppers", "to": "cart", "latency": "2ms"},
        ],
    },
    "services": {
        "cart": {
            "speed": 2,
            "concurrency": 32,
            "queue": {"capacity": 128, "discipline": "LIFO"},
            "endpoints": {
                "checkout": {"steps": [{"cpu": "3ms"}, {"call": "order.place"}]},
                "view": {"steps": [{"cpu": "1ms"}], "errorRate": "5%"},
            },
        },
        "order": {
            "errorRate": "1%",
            "resources": {"cpu": "250m", "memory": "1Gi"},
            "endpoints": {
                "place": {
                    "steps": [{"parallel": [{"call": "payment", "timeout": "1s"}, {"call": "stock", "times": 2}]}]
                }
            },
        },
        "payment": {"kind": "external", "steps": [{"sleep": {"dist": "exponential", "mean": "40ms"}}]},
        "stock": {"kind": "database", "replicas": 2, "steps": [{"cpu": "4ms", "probability": 0.5}]},
    },
    "workload": {
        "shoppers": {"call": "cart.checkout", "rate": "20/s"},
        "lookers": {"calls": [{"call": "cart.view", "weight": 9}, {"call": "cart.checkout"}], "rate": "5/s"},
    },
    "deployments": {
        "modular": {"units": {"front": {"services": ["cart", "order"], "concurrency": 9}}},
        "other": {"units": {"front": {"services": ["cart"]}}},
    },
    "slos": {"fast": {"call": "cart.view", "p99": "100ms"}, "alive": {"call": "cart", "errorRate": "1%"}},
    "prices": {"vcpuHour": 0.04, "gibHour": 0.005, "unitHour": 0.02},
}
CHECKOUT["slos"]["alive"]["call"] = "cart.checkout"


def compiled(content=CHECKOUT, deployment="microservices", **options):
    return compile_topology(Topology.model_validate(content), deployment, **options)


def test_settings_and_prices():
    plan = compiled()
    assert plan.settings == Settings(300.0, None, 10.0, 7, 3, 0.9)
    assert plan.prices == Prices("USD", 0.04, 0.005, 0.02)
    assert (plan.topology, plan.deployment) == ("topology", "microservices")
    without = {key: value for key, value in CHECKOUT.items() if key not in ("prices", "simulation")}
    assert compiled(without).prices is None
    assert compiled(without).settings == Settings(600.0, 60.0, 60.0, 1, 10, 0.95)


def test_services_and_endpoints():
    plan = compiled()
    assert plan.services.name == ("cart", "order", "payment", "stock")
    assert plan.services.kind.tolist() == [Kind.SERVICE, Kind.SERVICE, Kind.EXTERNAL, Kind.DATABASE]
    assert plan.services.unit.tolist() == [0, 1, 2, 3]
    assert plan.services.pace.tolist() == [2.0, 0.25, 1.0, 1.0]
    assert plan.services.balance_stream.tolist() == [
        name_number(f"balance {name}") for name in ("cart", "order", "payment", "stock")
    ]
    assert plan.endpoints.name == ("cart.checkout", "cart.view", "order.place", "payment", "stock")
    assert plan.endpoints.service.tolist() == [0, 0, 1, 2, 3]
    assert plan.endpoints.error_rate.tolist() == [0.0, 0.05, 0.01, 0.0, 0.0]
    assert plan.endpoints.error_stream[2] == name_number("error order.place")
    assert (plan.programs.op[plan.endpoints.start[1:] - 1] == Op.END).all()


def test_units():
    units = compiled().units
    assert units.name == ("cart", "order", "payment", "stock")
    assert units.replicas.tolist() == [1, 1, 1, 2]
    assert units.cores.tolist() == [1, 1, 1, 1]
    assert units.cpu.tolist() == [1.0, 0.25, 1.0, 1.0]
    assert units.memory.tolist() == [0.0, 2.0**30, 0.0, 0.0]
    assert units.concurrency.tolist() == [32, UNLIMITED, UNLIMITED, UNLIMITED]
    assert units.queue_capacity.tolist() == [128, UNLIMITED, UNLIMITED, UNLIMITED]
    assert units.discipline.tolist() == [Discipline.LIFO, Discipline.FIFO, Discipline.FIFO, Discipline.FIFO]
    assert units.priced.tolist() == [1, 1, 0, 1]
    assert units.ring_stream[0] == name_number("ring cart")


def test_in_a_merged_unit_services_keep_their_speed_but_get_its_cores():
    plan = compiled(deployment="modular")
    assert plan.units.name == ("front", "payment", "stock")
    assert plan.services.unit.tolist() == [0, 0, 1, 2]
    assert (plan.units.cpu[0], plan.units.cores[0], plan.units.replicas[0]) == (2.0, 2, 1)
    assert plan.services.pace.tolist() == [2.0, 1.0, 1.0, 1.0]
    assert plan.calls.name[3] == "cart.checkout/1 -> order.place"
    assert plan.calls.remote.tolist() == [1, 1, 1, 0, 1, 1]


def test_equal_cores_reach_the_units():
    plan = compiled(deployment="monolith", equal_cores=True)
    assert (plan.units.replicas[0], plan.units.cores[0]) == (1, 2)


def test_streams_are_numbers_of_names_the_same_in_every_deployment():
    split, merged = compiled(), compiled(deployment="monolith")
    for column in ("op", "b", "c", "branch"):
        assert getattr(split.programs, column).tolist() == getattr(merged.programs, column).tolist()
    for column in ("site", "latency_stream", "loss_stream", "error_stream", "serialization_stream"):
        assert getattr(split.calls, column).tolist() == getattr(merged.calls, column).tolist()
    assert split.services.balance_stream.tolist() == merged.services.balance_stream.tolist()
    assert split.calls.site[3] == name_number("call cart.checkout/1")
    assert split.calls.latency_stream[3] == name_number("latency cart->order")
    assert split.calls.loss_stream[4] == name_number("loss order->payment")
    assert split.calls.error_stream[0] == name_number("error lookers->cart")
    assert split.calls.serialization_stream[5] == name_number("serialization order->stock")
    assert split.workloads.arrival_stream.tolist() == [
        name_number("arrivals lookers"),
        name_number("arrivals shoppers"),
    ]
    cpu = split.programs.op == Op.CPU
    assert split.programs.b[cpu].tolist() == [
        name_number(name) for name in ("cpu cart.checkout/0", "cpu cart.view/0", "cpu stock/0")
    ]


def test_streams_are_apart():
    plan = compiled()
    streams = [*plan.calls.site, *plan.services.balance_stream, *plan.endpoints.error_stream, *plan.units.ring_stream]
    streams += [*plan.workloads.stream, *plan.workloads.arrival_stream, *plan.workloads.entry_stream]
    streams += [*plan.workloads.think_stream]
    assert len(set(streams)) == len(streams)


def shuffled(content, seed):
    """The same content with the keys of every mapping in another order."""
    if isinstance(content, list):
        return [shuffled(item, seed) for item in content]
    if not isinstance(content, dict):
        return content
    keys = list(content)
    random.Random(seed).shuffle(keys)
    return {key: shuffled(content[key], seed) for key in keys}


@pytest.mark.parametrize("deployment", ["microservices", "monolith", "modular"])
def test_the_order_of_names_in_the_file_does_not_matter(deployment):
    plan = compiled(deployment=deployment)
    for seed in range(5):
        other = compiled(shuffled(CHECKOUT, seed), deployment)
        assert other.digest() == plan.digest()
        assert other.warnings == plan.warnings


@pytest.mark.parametrize("deployment", ["microservices", "monolith", "modular"])
def test_a_service_that_nobody_calls_changes_nothing(deployment):
    idle = {"replicas": 5, "scheduling": "PS", "resources": {"cpu": 8}, "steps": [{"cpu": "1s"}, {"call": "stock"}]}
    more = CHECKOUT | {"services": {"idle": idle} | CHECKOUT["services"]}
    plan = compiled(more, deployment)
    assert plan.digest() == compiled(deployment=deployment).digest()
    assert plan.warnings[0] == "idle: no workload reaches it; it is left out of the plan and of the cost"


@pytest.mark.parametrize(
    "change",
    [
        {"services.stock.replicas": 3},
        {"services.cart.endpoints.view.errorRate": "6%"},
        {"network.serialization": "51us"},
        {"simulation.duration": "6m"},
        {"slos.fast.p99": "101ms"},
        {"prices.unitHour": 0.03},
    ],
    ids=str,
)
def test_what_acts_is_in_the_digest(change):
    topology = Topology.model_validate(CHECKOUT)
    assert compile_topology(topology.replace(change)).digest() != compiled().digest()


@pytest.mark.parametrize("change", [{"simulation.seed": 8}, {"simulation.replications": 4}, {"name": "x"}], ids=str)
def test_what_does_not_act_is_not(change):
    topology = Topology.model_validate(CHECKOUT)
    assert compile_topology(topology.replace(change)).digest() == compiled().digest()


def test_all_columns_are_of_two_types_and_closed():
    plan = compiled()
    for part in fields(plan):
        table = getattr(plan, part.name)
        for field in fields(table) if hasattr(table, "__dataclass_fields__") else ():
            column = getattr(table, field.name)
            if isinstance(column, np.ndarray):
                assert column.dtype in (np.int64, np.float64), field.name
                assert not column.flags.writeable
                assert column.flags.c_contiguous


def test_columns_have_their_declared_types():
    plan = compiled()
    for table in (plan.programs, plan.distributions, plan.services, plan.endpoints, plan.calls, plan.units,
                  plan.workloads):  # fmt: skip
        for field in fields(table):
            column = getattr(table, field.name)
            expected = {"Integers": np.int64, "Floats": np.float64}.get(str(field.type))
            assert expected is None or column.dtype == expected, field.name


def test_references_are_rows():
    plan = compiled(deployment="modular")
    assert plan.calls.target.max() < len(plan.endpoints.name)
    assert plan.calls.latency.max() < len(plan.distributions.kind)
    assert plan.calls.serialization.max() < len(plan.distributions.kind)
    assert plan.programs.a[plan.programs.op == Op.CALL].tolist() == [3, 4, 5]


def test_an_unknown_deployment_is_refused():
    with pytest.raises(PlanError, match=r"^no deployment `moduler`; did you mean `modular`\?"):
        compiled(deployment="moduler")
