"""Sizing by simulation against sizing by Erlang's formulas: M/M/c, and what pooling is known to do."""

from functools import partial

import pytest

import simulator as sim
from simulator import theory

RATE, SERVICE_TIME = 80.0, 0.03  # 2.4 cores' work
SECONDS, WARMUP, REPLICATIONS = 500.0, 10.0, 8


def text_of(slo, rate=RATE):
    return f"""
    simulation: {{duration: {SECONDS}s, warmup: {WARMUP}s, replications: {REPLICATIONS}, seed: 5}}
    services: {{a: {{steps: [{{cpu: {{dist: exponential, mean: 30ms}}}}]}}}}
    workload: {{call: a, rate: {rate}/s}}
    slos: {{a: {{call: a, {slo}}}}}
    """


def cores_for(slo, **options):
    """Cores that one replica needs, as the simulator finds them."""
    made = sim.capacity(sim.loads(text_of(slo)), cores=range(1, 8), max_replicas=1, **options)
    assert made.met
    assert made.exact
    return int(made.cores["a"])


def middle(of, servers):
    """Between what this many servers give and what one fewer does, where they differ by far more than chance."""
    fewer, enough = of(servers - 1), of(servers)
    assert fewer > 1.03 * enough
    return (fewer + enough) / 2.0


@pytest.mark.parametrize("servers", [4, 5])
def test_a_mean_latency(servers):
    latency = partial(theory.mmc_mean_response_time, RATE, SERVICE_TIME)
    limit = middle(latency, servers)
    law = theory.servers_for_mean_waiting_time(RATE, SERVICE_TIME, limit - SERVICE_TIME)
    assert law == servers
    assert cores_for(f"mean: {limit}s") == law


@pytest.mark.parametrize("servers", [4, 5])
def test_a_p99_latency(servers):
    limit = middle(partial(theory.mmc_response_time_quantile, RATE, SERVICE_TIME, probability=0.99), servers)
    law = theory.servers_for_response_time(RATE, SERVICE_TIME, limit, 0.01)
    assert law == servers
    assert cores_for(f"p99: {limit}s") == law


def test_a_limit_that_no_core_mends():
    """p99 of an exponential service is ln 100 means, with nobody before."""
    made = sim.capacity(sim.loads(text_of("p99: 130ms")), cores=(4, 7), max_replicas=1)
    with pytest.raises(ValueError, match="no number of servers is enough"):
        theory.servers_for_response_time(RATE, SERVICE_TIME, 0.13, 0.01)
    assert not made.met
    assert "even if nobody ever waits" in made.reason


def test_what_is_not_stable_is_no_answer():
    """The search begins with what is; of what is not only the next lower is run, to see what binds."""
    made = sim.capacity(sim.loads(text_of("mean: 10s")), cores=(1, 2, 3, 4), max_replicas=1)
    least = int(RATE * SERVICE_TIME) + 1
    assert made.cores["a"] == least == theory.servers_for_mean_waiting_time(RATE, SERVICE_TIME, 1e9)
    assert made.tried["a_cores"].tolist()[0] == least
    assert set(made.tried["a_cores"]) <= {least - 1, least}
    assert made.tried["met"].tolist() == [cores == least for cores in made.tried["a_cores"]]


# -- pooling: c servers with one queue against c queues, at equal cores


@pytest.fixture(scope="module")
def split():
    """Three replicas of a core, chosen at random: three M/M/1; and one of three cores."""
    text = f"""
    simulation: {{duration: {SECONDS}s, warmup: {WARMUP}s, replications: {REPLICATIONS}, seed: 6}}
    services: {{a: {{replicas: 3, loadBalancer: RANDOM, steps: [{{cpu: {{dist: exponential, mean: 30ms}}}}]}}}}
    workload: {{call: a, rate: 75/s}}
    deployments: {{pooled: {{units: {{one: {{services: [a], replicas: 1, resources: {{cpu: 3}}}}}}}}}}
    """
    return sim.compare(sim.loads(text), ["microservices", "pooled"], detail="summary")


def test_pooled_cores_wait_less(split):
    """As much less as M/M/3 waits less than M/M/1 with a third of the arrivals."""
    row = split.differences.loc[("pooled", "latency_mean_s")]
    law = theory.mmc_mean_response_time(75.0, SERVICE_TIME, 3) - theory.mm1_mean_response_time(25.0, SERVICE_TIME)
    assert row["high"] < 0.0
    assert abs(row["difference"] - law) < 2.0 * row["half_width"] < -0.1 * law


def test_a_pooled_size_needs_fewer_cores():
    """Of 55 ms: n queues of M/M/1 with a share each, against one of M/M/c."""
    topology = sim.loads(text_of("mean: 55ms").replace("steps:", "loadBalancer: RANDOM, steps:", 1))
    apart, pooled = sim.capacity(topology), sim.capacity(topology, cores=range(1, 9), max_replicas=1)
    needed = next(n for n in range(3, 20) if theory.mm1_mean_response_time(RATE / n, SERVICE_TIME) <= 0.055)
    assert apart.replicas["a"] == needed
    assert pooled.cores["a"] == theory.servers_for_mean_waiting_time(RATE, SERVICE_TIME, 0.055 - SERVICE_TIME) < needed


USERS, THINK = 12, 0.1


def throughput(service_time, servers, stations):
    """Of users who ask one of these stations, each as likely."""
    station = theory.Station(service_time, servers, 1.0 / stations)
    return theory.closed_network(USERS, [station] * stations, THINK).throughput


@pytest.fixture(scope="module")
def closed(simulate):
    """Users of three replicas of a core, and of one of three."""

    def run(replicas, cores):
        return simulate(
            f"""
            simulation: {{duration: 400s, warmup: 10s}}
            services:
              a: {{replicas: {replicas}, loadBalancer: RANDOM, resources: {{cpu: {cores}}},
                   steps: [{{cpu: {{dist: exponential, mean: 30ms}}}}]}}
            workload: {{call: a, users: {USERS}, thinkTime: {{dist: exponential, mean: {THINK}s}}}}
            """
        )

    return {"apart": run(3, 1), "pooled": run(1, 3)}


def test_closed_users_of_pooled_cores_are_served_no_slower(closed):
    apart, pooled = (closed[name].whole("throughput_per_s") for name in ("apart", "pooled"))
    assert throughput(SERVICE_TIME, 3, 1) > throughput(SERVICE_TIME, 1, 3)
    assert pooled.mean - pooled.half_width > apart.mean + apart.half_width


@pytest.mark.parametrize(("name", "servers", "stations"), [("apart", 1, 3), ("pooled", 3, 1)])
def test_throughput_of_closed_users(closed, judge, name, servers, stations):
    law = partial(throughput, servers=servers, stations=stations)
    judge(closed[name].whole("throughput_per_s"), law, service_time=SERVICE_TIME)
