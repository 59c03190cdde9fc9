import pytest

from simulator.compiler.deployments import ResolvedUnit, UnitSize, resolve_units
from simulator.compiler.reach import find_reach
from simulator.errors import PlanError
from simulator.plan.layout import UNLIMITED, Balancer, Discipline, Scheduling

SHOP = """
services:
  cart: {{{cart}, steps: [{{call: order}}]}}
  order: {{{order}, steps: [{{call: payment}}, {{call: db}}, {{call: psp}}]}}
  payment: {{{payment}, steps: []}}
  db: {{kind: database, replicas: 3, resources: {{cpu: 4, memory: 1Gi}}, steps: []}}
  psp: {{kind: external, steps: []}}
  unused: {{replicas: 9, resources: {{cpu: 8}}, scheduling: PS, steps: []}}
workload: {{call: cart, rate: 1/s}}
deployments: {deployments}
"""
ONE = "replicas: 1"


@pytest.fixture
def units_of(parse):
    def resolve(deployment="monolith", *, cart=ONE, order=ONE, payment=ONE, deployments="{}", equal_cores=False):
        topology = parse(SHOP.format(cart=cart, order=order, payment=payment, deployments=deployments))
        services = find_reach(topology).services
        return resolve_units(topology, deployment, services, equal_cores=equal_cores)

    return resolve


def written(unit: str, deployment: str = "monolith") -> str:
    return f"{{{deployment}: {{units: {{shop: {{services: [payment, cart, order, unused], {unit}}}}}}}}}"


def size(unit: ResolvedUnit) -> tuple[int, float]:
    return unit.replicas, unit.cpu


def test_in_microservices_each_service_is_its_own_unit(units_of):
    units = units_of("microservices", cart="replicas: 2, resources: {cpu: 500m, memory: 256Mi}, concurrency: 8")
    assert [unit.name for unit in units] == ["cart", "order", "db", "payment", "psp"]
    assert [unit.services for unit in units] == [("cart",), ("order",), ("db",), ("payment",), ("psp",)]
    assert [size(unit) for unit in units] == [(2, 0.5), (1, 1.0), (3, 4.0), (1, 1.0), (1, 1.0)]
    assert [unit.memory for unit in units] == [256 * 2**20, 0.0, 2**30, 0.0, 0.0]
    assert [unit.concurrency for unit in units] == [8, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED]
    assert [unit.priced for unit in units] == [True, True, True, True, False]
    assert [(unit.cores, unit.core_speed) for unit in units[:3]] == [(1, 0.5), (1, 1.0), (4, 1.0)]


def test_the_monolith_is_one_unit_of_all_that_is_reached_and_of_kind_service(units_of):
    units = units_of(
        cart="replicas: 2, resources: {cpu: 1, memory: 100}, concurrency: 8, queue: {capacity: 10}",
        order="replicas: 3, resources: {cpu: 2, memory: 20}, concurrency: 4, queue: {capacity: 5}",
        payment="replicas: 1, resources: {cpu: 1, memory: 3}, concurrency: 1, queue: {capacity: 0}",
    )
    assert units[0] == ResolvedUnit(
        name="monolith",
        services=("cart", "order", "payment"),
        replicas=3,  # 2 + 6 + 1 = 9 cores in microservices, 4 a replica: 3 give 12
        cpu=4.0,
        memory=123.0,
        concurrency=13,
        queue_capacity=15,
        discipline=Discipline.FIFO,
        scheduling=Scheduling.FIFO,
        balancer=Balancer.LEAST_REQUEST,
        choice_count=2,
        detection=None,
        priced=True,
    )
    assert [unit.name for unit in units[1:]] == ["db", "psp"]


@pytest.mark.parametrize(
    ("cpus", "replicas", "expected"),
    [
        (("500m", "250m", "100m"), (1, 1, 1), (1, 0.85)),  # below one core: a fraction
        (("500m", "250m", "250m"), (1, 1, 1), (1, 1.0)),
        (("500m", "500m", "500m"), (1, 1, 1), (1, 2.0)),  # 1.5 rounds up to whole cores
        (("100m", "200m", "700m"), (1, 1, 1), (1, 1.0)),  # 0.1 + 0.2 + 0.7 is one, whatever floats say
        (("100m", "100m", "100m"), (3, 3, 3), (3, 0.3)),  # and 9 x 0.1 / 0.3 is three
        (("500m", "250m", "250m"), (2, 1, 2), (2, 1.0)),  # 1.75 cores: two replicas of one
        (("1", "2", "1"), (0, 0, 0), (0, 4.0)),
    ],
)
def test_cores_and_replicas_of_the_monolith(units_of, cpus, replicas, expected):
    given = [f"replicas: {count}, resources: {{cpu: {cpu}}}" for cpu, count in zip(cpus, replicas, strict=True)]
    unit = units_of(cart=given[0], order=given[1], payment=given[2])[0]
    assert size(unit) == (expected[0], pytest.approx(expected[1], abs=0.0))


def test_one_service_without_a_limit_takes_it_off_the_unit(units_of):
    limited = "concurrency: 4, queue: {capacity: 2}"
    unit = units_of(cart=limited, order=limited, payment=ONE)[0]
    assert (unit.concurrency, unit.queue_capacity) == (UNLIMITED, UNLIMITED)
    unit = units_of(cart=limited, order="concurrency: 3", payment=limited)[0]
    assert (unit.concurrency, unit.queue_capacity) == (11, UNLIMITED)
    unit = units_of(cart=limited, order="concurrency: 3, queue: {discipline: FIFO}", payment=limited)[0]
    assert (unit.concurrency, unit.queue_capacity) == (11, UNLIMITED)


def test_what_is_written_on_a_unit_wins_and_the_rest_is_derived(units_of):
    given = {
        "cart": "replicas: 2, scheduling: PS, loadBalancer: RANDOM, concurrency: 8, queue: {discipline: LIFO}",
        "order": "concurrency: 8, resources: {memory: 7}",
        "payment": "concurrency: 8, resources: {memory: 5}",
    }
    keys = (
        "resources: {cpu: 2}, concurrency: 5, queue: {capacity: 6, discipline: LIFO}, scheduling: FIFO,"
        " loadBalancer: {simple: LEAST_REQUEST, choiceCount: all}"
    )
    unit = units_of(**given, deployments=written(keys))[0]
    assert unit == ResolvedUnit(
        name="shop",
        services=("cart", "order", "payment"),
        replicas=2,  # 4 cores in microservices
        cpu=2.0,
        memory=12.0,
        concurrency=5,
        queue_capacity=6,
        discipline=Discipline.LIFO,
        scheduling=Scheduling.FIFO,
        balancer=Balancer.LEAST_REQUEST,
        choice_count=UNLIMITED,
        detection=None,
        priced=True,
    )


def test_a_key_of_a_written_queue_that_is_missing_is_derived(units_of):
    given = dict.fromkeys(("cart", "order", "payment"), "concurrency: 2, queue: {capacity: 3, discipline: LIFO}")
    unit = units_of(**given, deployments=written("queue: {capacity: 1}"))[0]
    assert (unit.queue_capacity, unit.discipline) == (1, Discipline.LIFO)
    unit = units_of(**given, deployments=written("queue: {discipline: FIFO}"))[0]
    assert (unit.queue_capacity, unit.discipline) == (9, Discipline.FIFO)


def test_written_replicas_and_memory_stand(units_of):
    unit = units_of(deployments=written("replicas: 7, resources: {memory: 2Gi}"))[0]
    assert (size(unit), unit.memory) == ((7, 3.0), 2 * 2**30)


def test_services_in_no_unit_stay_on_their_own(units_of):
    deployments = "{modular: {units: {back: {services: [payment, order]}, idle: {services: [unused]}}}}"
    units = units_of("modular", deployments=deployments)
    assert [(unit.name, unit.services) for unit in units] == [
        ("cart", ("cart",)),
        ("back", ("order", "payment")),
        ("db", ("db",)),
        ("psp", ("psp",)),
    ]


def test_a_balancers_count_is_kept_only_where_it_acts(units_of):
    balancers = [
        "loadBalancer: {simple: LEAST_REQUEST, choiceCount: 5}",
        "loadBalancer: ROUND_ROBIN",
        "loadBalancer: {choiceCount: all}",
    ]
    units = units_of("microservices", cart=balancers[0], order=balancers[1], payment=balancers[2])
    assert [(unit.balancer, unit.choice_count) for unit in units if unit.name in ("cart", "order", "payment")] == [
        (Balancer.LEAST_REQUEST, 5),
        (Balancer.ROUND_ROBIN, 2),
        (Balancer.LEAST_REQUEST, UNLIMITED),
    ]


def test_who_is_compared_is_part_of_the_balancer(units_of):
    units = units_of(
        "microservices",
        cart="loadBalancer: {choice: distinct}",
        order="loadBalancer: {choice: distinct, choiceCount: 3}",
        payment="loadBalancer: {choice: all}",
    )
    assert [(unit.balancer, unit.choice_count) for unit in units if unit.name in ("cart", "order", "payment")] == [
        (Balancer.LEAST_OF_DISTINCT, 2),
        (Balancer.LEAST_OF_DISTINCT, 3),
        (Balancer.LEAST_REQUEST, UNLIMITED),
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"order": "scheduling: PS"},
            "deployments.monolith.units.monolith: its services do not agree on `scheduling`"
            " (cart FIFO, order PS, payment FIFO); write it on the unit: put `scheduling` beside"
            " `services: [cart, order, payment]` under deployments.monolith.units.monolith",
        ),
        (
            {
                "payment": "loadBalancer: {choiceCount: all}",
                "order": "loadBalancer: {choice: distinct}",
                "cart": "loadBalancer: RANDOM",
            },
            "deployments.monolith.units.monolith: its services do not agree on `loadBalancer`"
            " (cart RANDOM, order LEAST_REQUEST of 2 distinct, payment LEAST_REQUEST of all);"
            ""
            " write it on the unit: put `loadBalancer` beside `services: [cart, order, payment]`"
            " under deployments.monolith.units.monolith",
        ),
        (
            {
                "cart": "concurrency: 1, queue: {discipline: LIFO}",
                "order": "concurrency: 1",
                "payment": "concurrency: 1",
            },
            "deployments.monolith.units.monolith: its services do not agree on `queue.discipline`"
            " (cart LIFO, order FIFO, payment FIFO); write it on the unit: put `queue.discipline` beside"
            " `services: [cart, order, payment]` under deployments.monolith.units.monolith",
        ),
    ],
)
def test_services_of_a_unit_have_to_agree(units_of, given, message):
    with pytest.raises(PlanError) as refused:
        units_of(**given)
    assert str(refused.value) == message


def test_disciplines_need_not_agree_where_nobody_waits_for_a_slot(units_of):
    unit = units_of(cart="concurrency: 1, queue: {discipline: LIFO}")[0]
    assert (unit.concurrency, unit.discipline) == (UNLIMITED, Discipline.FIFO)


def test_who_has_no_slots_has_no_say_in_the_order_of_the_queue(units_of):
    given = {"cart": "concurrency: 1, queue: {discipline: LIFO}"}
    unit = units_of(**given, deployments=written("concurrency: 5"))[0]
    assert (unit.concurrency, unit.queue_capacity, unit.discipline) == (5, UNLIMITED, Discipline.LIFO)
    assert units_of(deployments=written("concurrency: 5"))[0].discipline == Discipline.FIFO


def test_a_queue_that_cannot_act_is_refused(units_of):
    with pytest.raises(PlanError) as refused:
        units_of(deployments=written("queue: {capacity: 3}"))
    message, source, caret = str(refused.value).splitlines()
    assert message.endswith(
        ": deployments.monolith.units.shop.queue: nobody waits for a slot, since the unit has no `concurrency`"
    )
    assert source[caret.index("^") :].startswith("{capacity: 3}")


def test_an_unknown_deployment_is_refused(units_of):
    with pytest.raises(PlanError) as refused:
        units_of("monolit", deployments=written("replicas: 1", "modular"))
    assert str(refused.value) == (
        "no deployment `monolit`; did you mean `monolith`? (there are `microservices`, `monolith`, `modular`)"
    )
    with pytest.raises(PlanError, match=r"^no deployment `xyz` \(there are `microservices`, `monolith`\)$"):
        units_of("xyz")


def test_a_database_may_not_be_called_like_the_derived_monolith(parse):
    topology = parse("""
    services: {a: {steps: [{call: monolith}]}, monolith: {kind: database, steps: []}}
    workload: {call: a, rate: 1/s}
    """)
    with pytest.raises(PlanError, match="share the name `monolith`; rename the service"):
        resolve_units(topology, "monolith", ("a", "monolith"))
    assert len(resolve_units(topology, "microservices", ("a", "monolith"))) == 2


@pytest.mark.parametrize(
    ("cpus", "replicas", "expected"),
    [
        (("1", "1", "1"), (2, 3, 1), (2, 3.0)),  # 6 cores; the monolith has 2 replicas of 3
        (("1", "1", "2"), (2, 3, 1), (1, 7.0)),  # 7 cores; of 2 replicas of 4 only 1 divides 7
        (("1", "1", "1"), (4, 4, 4), (4, 3.0)),
        (("1", "1", "1"), (5, 4, 1), (2, 5.0)),  # 10 cores; 4 of 3: 4 and 3 do not divide 10
        (("500m", "1", "1"), (1, 2, 1), (2, 2.0)),  # 3.5 cores round up to 4
        (("100m", "100m", "100m"), (2, 1, 1), (1, 0.4)),  # below one core: one replica
        (("1", "1", "1"), (0, 0, 0), (0, 3.0)),
    ],
)
def test_at_equal_cores(units_of, cpus, replicas, expected):
    given = [f"replicas: {count}, resources: {{cpu: {cpu}}}" for cpu, count in zip(cpus, replicas, strict=True)]
    unit = units_of(cart=given[0], order=given[1], payment=given[2], equal_cores=True)[0]
    assert size(unit) == (expected[0], pytest.approx(expected[1], abs=0.0))


def test_at_equal_cores_a_unit_of_one_service_runs_as_in_microservices(units_of):
    deployments = "{own: {units: {till: {services: [cart, unused], replicas: 8, resources: {cpu: 4}}}}}"
    given = {"cart": "replicas: 3, resources: {cpu: 500m}", "deployments": deployments}
    assert size(units_of("own", **given)[0]) == (8, 4.0)
    assert size(units_of("own", **given, equal_cores=True)[0]) == (3, 0.5)
    units = units_of("microservices", **given)
    assert units_of("microservices", **given, equal_cores=True) == units


def test_at_equal_cores_a_written_unit_keeps_to_its_own_replicas(units_of):
    deployments = written("replicas: 3, resources: {cpu: 8}")
    given = dict.fromkeys(("cart", "order", "payment"), "replicas: 2")
    assert size(units_of(**given, deployments=deployments, equal_cores=True)[0]) == (3, 2.0)


# -- other sizes


@pytest.fixture
def resized(parse):
    def resolve(sizes, deployment="monolith", **options):
        topology = parse(SHOP.format(cart=ONE, order="replicas: 2", payment="concurrency: 8", deployments="{}"))
        services = find_reach(topology).services
        return {unit.name: unit for unit in resolve_units(topology, deployment, services, sizes=sizes, **options)}

    return resolve


def test_sizes_take_the_place_of_a_units_own(resized):
    plain = resized({}, "microservices")
    changed = resized({"order": UnitSize(7), "payment": UnitSize(cpu=0.5), "db": UnitSize(1, 8)}, "microservices")
    assert {name: size(unit) for name, unit in changed.items()} == {
        "cart": (1, 1.0), "order": (7, 1.0), "payment": (1, 0.5), "db": (1, 8.0), "psp": (1, 1.0),
    }  # fmt: skip
    assert [(unit.memory, unit.concurrency) for unit in changed.values()] == [
        (unit.memory, unit.concurrency) for unit in plain.values()
    ]
    assert (changed["payment"].cores, changed["payment"].core_speed) == (1, 0.5)


def test_a_merged_unit_has_one_size(resized):
    assert size(resized({})["monolith"]) == (2, 3.0)
    assert size(resized({"monolith": UnitSize(5)})["monolith"]) == (5, 3.0)
    assert size(resized({"monolith": UnitSize(5)}, equal_cores=True)["monolith"]) == (5, 2.0)
    assert size(resized({"monolith": UnitSize(0)})["monolith"]) == (0, 3.0)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"ordr": UnitSize(1)}, "deployment microservices: no unit `ordr`; did you mean `order`? (there are `cart`, "),
        ({"monolith": UnitSize(1)}, "no unit `monolith`"),
        ({"order": UnitSize(-1)}, "unit order: it cannot have -1 replicas"),
        ({"order": UnitSize(cpu=1.5)}, "unit order: a replica cannot have 1.5 cores"),
        ({"order": UnitSize(cpu=0.0)}, "unit order: a replica cannot have 0 cores"),
        ({"order": UnitSize(cpu=float("inf"))}, "unit order: a replica cannot have inf cores"),
        ({"order": UnitSize(cpu=float("nan"))}, "unit order: a replica cannot have nan cores"),
    ],
)
def test_sizes_of_no_unit_and_no_sizes_are_refused(resized, sizes, message):
    with pytest.raises(PlanError) as caught:
        resized(sizes, "microservices")
    assert message in str(caught.value)


def test_next_to_no_core_is_not_none(plan_of):
    text = "{services: {a: {resources: {cpu: 1e-12}, steps: []}, b: {steps: []}}, workload: {call: a, rate: 1/s}}"
    assert plan_of(text).units.cpu.tolist() == [1e-12]
