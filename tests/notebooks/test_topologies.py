"""Every shipped topology loads, fits the JSON Schema, compiles in every deployment, and keeps what it claims."""

import json
import re
import shlex
from functools import cache
from pathlib import Path

import jsonschema
import pytest

import simulator as sim
from simulator import cli
from simulator.cli import common
from simulator.spec.text import Text

FOLDER = Path(__file__).parents[2] / "topologies"
INDEX = FOLDER.parent / "docs" / "index.md"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))


@cache
def load(name):
    return sim.load(FOLDER / name)


@cache
def simulate(name, deployment="microservices", duration="1m", replications=3, **changes):
    topology = load(name)
    if changes:
        topology = topology.replace(changes)
    # Processes cost more than they save on runs this short, and other tests use the other cores.
    return sim.simulate(
        topology, deployment, duration=duration, warmup="6s", replications=replications, detail="summary"
    )


# -- all of them


def test_the_files_are_those_of_the_first_page():
    named = re.findall(r"^\| `([a-z-]+\.yaml)` \|", INDEX.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == FILES


@pytest.mark.parametrize("name", FILES)
class TestEveryFile:
    def test_it_fits_the_schema(self, name):
        jsonschema.Draft202012Validator(sim.json_schema()).validate(Text((FOLDER / name).read_text(), name).read())

    def test_it_compiles_in_every_deployment(self, name):
        topology = load(name)
        for deployment in topology.deployment_names:
            plan = sim.compile(topology, deployment)
            assert plan.deployment == deployment
            assert topology.name in plan.explain()

    def test_it_can_be_checked(self, name, capsys):
        assert cli.main(["check", str(FOLDER / name)]) == common.FINE
        assert capsys.readouterr().out.startswith(f"{load(name).name}: well formed, ")

    def test_it_begins_with_the_question_of_the_first_page(self, name):
        question = (FOLDER / name).read_text().splitlines()[0].removeprefix("# ")
        assert f"| `{name}` | {question} |" in INDEX.read_text(encoding="utf-8")

    def test_the_commands_of_its_comment_are_understood(self, name):
        text = (FOLDER / name).read_text().replace(" \\\n#", "")
        commands = re.findall(r"^#\s+python3 start\.py (.*)$", text, re.MULTILINE)
        for command in commands:
            arguments = cli.make_parser().parse_args(shlex.split(command))
            assert arguments.topology in (f"topologies/{name}", [f"topologies/{name}"])  # compare takes several
            if arguments.changes:
                load(name).replace(dict(change.split("=", 1) for change in arguments.changes))
        assert commands or name == "minimal.yaml"


# -- what they claim


def cost(result):
    return result.summary["cost_per_hour"]


def p99(result):
    return result.summary["latency_p99_s"]


@pytest.mark.one_in(3)
class TestSplittingWins:
    name = "splitting-wins.yaml"

    def test_both_meet_the_objective_and_the_split_costs_less(self):
        split, whole = simulate(self.name), simulate(self.name, "monolith")
        assert split.met
        assert whole.met
        assert cost(split) < 0.8 * cost(whole)

    def test_one_renderer_less_misses_it(self):
        assert not simulate(self.name, **{"services.renderer.replicas": 4}).met

    def test_one_monolith_less_misses_it(self):
        assert not simulate(self.name, "monolith", **{"deployments.monolith.units.shop.replicas": 4}).met

    def test_the_reason_is_the_memory(self):
        # without the index in memory the monolith would be the cheaper one: the network and units have their price
        light = load(self.name).replace({"services.search.resources.memory": "256Mi"})
        costs = [plan_cost(sim.compile(light, name)) for name in ("microservices", "monolith")]
        assert costs[1] < costs[0]

    def test_the_network_takes_little(self):
        breakdown = simulate(self.name).breakdown
        assert breakdown["network_s"].sum() < 0.1 * breakdown.to_numpy().sum()


def plan_cost(plan):
    """Cost per hour of the written replicas."""
    units, prices = plan.units, plan.prices
    each = units.cores * prices.vcpu_hour + units.memory / 2**30 * prices.gib_hour
    return float((units.replicas * each + prices.unit_hour).sum())


@pytest.mark.one_in(3)
class TestMonolithWins:
    name = "monolith-wins.yaml"

    def test_both_meet_the_objective_and_the_monolith_wins_by_cost_and_by_latency(self):
        split, whole = simulate(self.name), simulate(self.name, "monolith")
        assert split.met
        assert whole.met
        assert cost(whole) < 0.25 * cost(split)
        assert whole.summary["latency_mean_s"] < split.summary["latency_mean_s"]
        assert p99(whole) < p99(split)

    def test_one_quote_less_misses_it(self):
        assert not simulate(self.name, **{"services.quote.replicas": 1}).met

    def test_one_monolith_less_misses_it(self):
        whole = simulate(self.name, "monolith", "20s", 1, **{"deployments.monolith.units.shop.replicas": 1})
        assert not whole.met

    def test_there_is_no_other_replica_to_save(self):
        replicas = {name: service.replicas for name, service in load(self.name).services.items()}
        assert {name for name, number in replicas.items() if number > 1} == {"quote"}


@pytest.mark.one_in(3)
class TestOverloaded:
    name = "overloaded.yaml"
    limits = {"services.payment.concurrency": 8, "services.payment.queue.capacity": 16}

    def test_check_says_so_before_any_run(self):
        checked = sim.check(load(self.name), ["microservices"])
        (warning,) = checked.warnings["microservices"]
        assert warning.startswith("payment: offered load 2.4 cores >= capacity 2 cores (utilisation 1.20): unstable")

    def test_the_result_says_so_after_it(self):
        result = simulate(self.name)
        assert any(text.startswith("payment is unstable: ") for text in result.warnings)

    def test_latency_depends_on_how_long_one_looks(self):
        short, long = (simulate(self.name, duration=duration).summary for duration in ("30s", "1m"))
        assert long["latency_p50_s"] > 1.5 * short["latency_p50_s"]

    def test_with_a_limit_the_surplus_is_turned_away_and_the_rest_is_served_in_time(self):
        free, limited = simulate(self.name), simulate(self.name, **self.limits)
        assert p99(free) > 5.0
        assert p99(limited) < 1.0
        # 20 of 120 requests a second are more than payment can do
        rejected = limited.outcomes["error"].sum() / limited.summary["requests"]
        assert rejected == pytest.approx(20 / 120, abs=0.03)
        assert limited.summary["goodput_per_s"] == pytest.approx(100, rel=0.03)
        assert not any("is unstable" in text for text in limited.warnings)
        long = simulate(self.name, duration="2m", replications=2, **self.limits)
        assert p99(long) == pytest.approx(p99(limited), rel=0.1)

    def test_the_limit_is_the_one_of_the_comment(self):
        text = (FOLDER / self.name).read_text()
        assert all(f"--set {path}={value}" in text for path, value in self.limits.items())


class TestCheckout:
    name = "checkout.yaml"

    @pytest.mark.parametrize("more", [[], ["--equal-cores"]])
    def test_the_command_of_the_readme_ends_with_a_verdict(self, more, capsys):
        short = ["--duration", "20s", "--warmup", "2s", "--replications", "2", "--json"]
        code = cli.main(["compare", str(FOLDER / self.name), *short, *more])
        content = json.loads(capsys.readouterr().out)
        assert code in (common.FINE, common.MISSED)
        sizes = r"equal cores \(6 cores each\)" if more else r"the file's own sizes \(8 against 6 cores\)"
        assert re.match(rf"At {sizes}, (monolith|no difference) .*microservices", content["verdict"])
        for name, result in content["results"].items():
            assert result["summary"]["requests"] > 3000
            assert result["summary"]["availability_ratio"] > 0.99, name

    def test_requests_go_from_cart_to_order_to_payment_and_inventory(self):
        services = simulate(self.name, duration="20s", replications=1).services
        rates = services["throughput_per_s"]
        for name in ("order", "payment", "inventory", "cart-db", "order-db", "payment-db", "inventory-db", "psp"):
            assert rates[name] == pytest.approx(rates["cart"], rel=0.02), name

    def test_the_monolith_is_of_the_four_services_with_four_cores(self):
        plan = sim.compile(load(self.name), "monolith")
        monolith = plan.units.name.index("monolith")
        hosted = {name for name, unit in zip(plan.services.name, plan.services.unit, strict=True) if unit == monolith}
        assert hosted == {"cart", "order", "payment", "inventory"}
        assert plan.units.cores[monolith] == 4


class TestMinimal:
    name = "minimal.yaml"

    def test_check_warns_that_hops_are_free(self):
        warnings = sim.check(load(self.name)).warnings
        assert any("hops are free: this flatters microservices" in text for text in warnings["microservices"])
        assert warnings["monolith"] == ()

    def test_defaults_lose_nothing(self):
        result = simulate(self.name, duration="30s", replications=2)
        assert result.summary["availability_ratio"] == 1.0
        assert result.summary["errors"] == result.summary["unfinished"] == 0
        services = result.services
        assert dict(services["replicas"]) == {"cart": 1, "order": 1, "payment": 2, "inventory": 1}
        assert (result.units["cores"] == 1).all()

    def test_it_is_the_one_of_the_readme(self):
        lines = (FOLDER / self.name).read_text().splitlines()
        body = "".join(f"{line}\n" for line in lines if line[:1] not in ("#", ""))
        assert f"```yaml\n{body}```" in (FOLDER.parent / "README.md").read_text()


@pytest.mark.one_in(3)
class TestRetryStorm:
    name = "retry-storm.yaml"
    thrifty = {"policies.eager.inherits": "thrifty"}

    def last_minute(self, **changes):
        topology = load(self.name).replace(changes) if changes else load(self.name)
        return sim.simulate(topology, replications=3, detail="summary")

    def test_before_the_burst_all_is_well(self):
        result = simulate(self.name, duration="59s")
        assert result.summary["availability_ratio"] > 0.999
        assert result.services.loc["stock", "utilisation_ratio"] < 0.5

    def test_after_it_the_re_tries_keep_it_down(self):
        """Three minutes later: four tries for each request, a core that never rests, and nobody is served."""
        result = self.last_minute()
        assert result.summary["availability_ratio"] < 0.01
        stock = result.services.loc["stock"]
        assert stock["utilisation_ratio"] > 0.999
        assert stock["arrival_rate_per_s"] > 3.9 * result.summary["throughput_per_s"]
        assert not all(result.objectives["met"])

    def test_with_a_budget_it_recovers(self):
        result = self.last_minute(**self.thrifty)
        assert result.summary["availability_ratio"] > 0.999
        assert result.services.loc["stock", "utilisation_ratio"] < 0.5
        assert all(result.objectives["met"])

    def test_a_drill_finds_it_metastable_without_a_budget_and_healthy_with_one(self, capsys):
        """The command of the comment, in two replications: 35 s after the fault, only the one with a budget is back."""
        text = (FOLDER / self.name).read_text().replace("\\\n#", "")
        (command,) = re.findall(r"start\.py (drill .*)", text)
        words = shlex.split(command.replace("topologies/retry-storm.yaml", str(FOLDER / self.name)))
        code = cli.main([*words, "-d", "microservices", "--replications", "2", "--duration", "75s", "--json"])
        found = json.loads(capsys.readouterr().out)
        storm, thrifty = found["table"]
        assert (storm["policies"], storm["verdict"], storm["recovered"]) == ("retries", "metastable", 0)
        assert (thrifty["policies"], thrifty["verdict"]) == ("full", "comes back")
        assert thrifty["time_to_recover_s"] < 20
        assert storm["lost"] > 2 * thrifty["lost"]
        assert code == common.FINE


@cache
def drilled(name, **more):
    return sim.drill(load(name), replications=2, duration="70s", **more)


def harm(found, deployment, policies, entry):
    table = found.entries.set_index(["deployment", "policies", "entry"])
    return [float(table.loc[(deployment, policies, entry), what]) for what in ("lost", "degraded", "late")]


@pytest.mark.one_in(3)
class TestPaymentDown:
    name = "payment-down.yaml"

    @property
    def found(self):
        return drilled(self.name, policies=("none", "full"))

    def test_without_policies_orders_fail_and_nobody_else_notices(self):
        lost, degraded, _ = harm(self.found, "microservices", "none", "web.buy")
        assert lost == pytest.approx(0.3 * 60 * 20, rel=0.15)
        assert degraded == 0
        assert harm(self.found, "microservices", "none", "web.browse") == [0, 0, 0]

    def test_with_all_of_them_every_order_is_taken(self):
        lost, degraded, _ = harm(self.found, "microservices", "full", "web.buy")
        assert lost == 0
        assert degraded >= harm(self.found, "microservices", "none", "web.buy")[0] - 5
        assert self.found.row("microservices", "full")["verdict"] == "kept"

    def test_the_monolith_takes_those_who_look_around_with_it(self):
        assert self.found.row("monolith", "full")["same_as"] == "none"
        assert harm(self.found, "monolith", "none", "web.browse")[0] == pytest.approx(0.7 * 60 * 20, rel=0.1)
        assert "payment" not in self.found.shared["monolith"]
        assert set(self.found.shared["monolith"]) == {"web", "catalogue", "order"}
        assert self.found.met


@pytest.mark.one_in(3)
class TestSlowProvider:
    name = "slow-provider.yaml"

    @property
    def found(self):
        return drilled(self.name, policies=("none", "full"), deployments=("microservices",))

    def test_the_slowness_comes_out_where_nobody_calls_the_provider(self):
        lost, _, late = harm(self.found, "microservices", "none", "web.browse")
        assert lost + late > 0.8 * 0.7 * 60 * 20
        blast = self.found.blast[
            (self.found.blast["policies"] == "none") & (self.found.blast["quantity"] == "latency_mean_s")
        ]
        assert blast.set_index("service").loc["web", "rise"] > 1.0
        assert not any(step.verb == "call" and step.call == "psp" for step in web_steps(load(self.name)))

    def test_a_bulkhead_and_a_timeout_contain_it(self):
        assert harm(self.found, "microservices", "full", "web.browse") == [0, 0, 0]
        lost, degraded, late = harm(self.found, "microservices", "full", "web.buy")
        assert (lost, late) == (0, 0)
        assert degraded > 200


def web_steps(topology):
    return [step for endpoint in topology.services["web"].endpoints.values() for step in endpoint.steps]


@pytest.mark.one_in(3)
class TestZoneOfFailure:
    name = "zone-of-failure.yaml"
    balancers = {f"services.{name}.loadBalancer": "LEAST_REQUEST" for name in ("web", "cart", "order", "stock")}

    @property
    def found(self):
        return drilled(self.name, policies=("timeouts", "full"))

    def test_half_of_each_carries_the_load(self):
        napkin = sim.check(load(self.name), ["microservices"]).napkins["microservices"]
        assert max(unit.utilisation for unit in napkin.units) < 0.26
        assert self.found.table["late"].max() < 5
        assert self.found.table["time_to_recover_s"].max() == 0

    def test_what_is_lost_is_lost_before_the_balancers_know_and_a_re_try_finds_the_other_zone(self):
        plain, again = (self.found.row("microservices", name)["lost"] for name in ("timeouts", "full"))
        assert 0.7 * 180 < plain < 180
        assert again < 0.15 * plain

    def test_the_monolith_meets_it_at_the_edge(self):
        assert self.found.row("monolith", "full")["same_as"] == "timeouts"
        lost = self.found.row("monolith", "timeouts")["lost"]
        assert 40 < lost < 110
        assert lost > 3 * self.found.row("microservices", "full")["lost"]

    def test_a_replica_that_refuses_at_once_never_looks_busy(self):
        worse = sim.drill(
            load(self.name).replace(self.balancers), replications=2, duration="70s", policies=["timeouts", "full"],
            deployments=["microservices"],
        )  # fmt: skip
        for policies in ("timeouts", "full"):
            assert worse.row("microservices", policies)["lost"] > self.found.row("microservices", policies)["lost"]
        assert worse.row("microservices", "full")["lost"] > 50


@pytest.mark.one_in(3)
class TestReplicaDown:
    name = "replica-down.yaml"
    unknown = (120.0, 125.0)
    """From the death to its being known."""

    def run(self, **changes):
        topology = load(self.name).replace(changes) if changes else load(self.name)
        return sim.simulate(topology, detail="attempts")

    def share_at_the_dead(self, result):
        """Of the calls while nobody knew."""
        tries = result.attempts.query("target == 'payment' and @self.unknown[0] <= start_s < @self.unknown[1]")
        return (tries["outcome"] == "unreachable").mean()

    def test_the_dead_replica_draws_more_than_its_share_until_it_is_known(self):
        """Of nine pairs one is the dead twice; it wins the two that it is first of, and two more from who is busy."""
        result = self.run()
        assert 3 / 9 < 0.4 < self.share_at_the_dead(result) < 5 / 9
        bad = result.requests[result.requests["outcome"] != "ok"]["arrival_s"]
        assert len(bad) > 200
        # the first of them were in it when it died; since it is known nobody has failed
        assert self.unknown[0] - 0.3 < bad.min() < bad.max() < self.unknown[1]
        assert not all(result.objectives["met"])
        # of three minutes one is down for one, and twenty seconds more
        assert result.services.loc["payment", "ready_replicas"] == pytest.approx(3 - 80 / 180)

    def test_in_turns_it_gets_a_third(self):
        result = self.run(**{"services.payment.loadBalancer": "ROUND_ROBIN"})
        assert 0.3 < self.share_at_the_dead(result) < 0.37
        assert all(result.objectives["met"])

    def test_so_it_is_with_a_quick_health_check(self):
        result = self.run(**{"services.payment.healthCheck": "500ms"})
        assert all(result.objectives["met"])
