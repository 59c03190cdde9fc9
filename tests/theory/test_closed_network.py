"""Closed networks: users who think, ask, and think again; what exact mean value analysis says of them."""

from functools import partial

import pytest

from simulator import theory

USERS = 12
THINK = 0.1
TIMES = (0.008, 0.026, 0.03)
STATIONS = "abc"
CORES = (1, 2, None)


@pytest.fixture(scope="module")
def network(simulate):
    # the front does no work and holds no core, so that it is no station; c sleeps, so that nobody queues there
    text = f"""
    services:
      front: {{steps: [{{call: a}}, {{call: b}}, {{call: c}}]}}
      a: {{steps: [{{cpu: {{dist: exponential, mean: 8ms}}}}]}}
      b: {{resources: {{cpu: 2}}, steps: [{{cpu: {{dist: exponential, mean: 26ms}}}}]}}
      c: {{steps: [{{sleep: {{dist: uniform, min: 10ms, max: 50ms}}}}]}}
    workload: {{call: front, users: {USERS}, thinkTime: {{dist: gamma, mean: 100ms, cv: 0.7}}}}
    """
    return simulate(text, duration=220, warmup=3)


@pytest.fixture(scope="module")
def repair(simulate):
    # machine repair: ten machines that run 200 ms on average, two repairers who need 40 ms
    text = """
    services: {a: {resources: {cpu: 2}, steps: [{cpu: {dist: exponential, mean: 40ms}}]}}
    workload: {call: a, users: 10, thinkTime: {dist: exponential, mean: 200ms}}
    """
    return simulate(text, duration=360, warmup=3)


@pytest.fixture(scope="module")
def constant_times(simulate):
    # nothing exponential: only the bounds that need no product form hold
    text = """
    services:
      front: {steps: [{call: a}, {call: b}]}
      a: {steps: [{cpu: 10ms}]}
      b: {steps: [{cpu: {dist: uniform, min: 2ms, max: 6ms}}]}
    workload: {call: front, users: 20, thinkTime: 100ms}
    """
    return simulate(text, duration=60, warmup=5)


def closed(a=TIMES[0], b=TIMES[1], think_time=THINK):
    times = zip((a, b, TIMES[2]), CORES, strict=True)
    return theory.closed_network(USERS, [theory.Station(time, servers) for time, servers in times], think_time)


def test_throughput(network, judge):
    judge(
        network.whole("throughput_per_s"), lambda think_time: closed(think_time=think_time).throughput, think_time=THINK
    )


def test_response_time(network, judge):
    measured = network.whole("latency_mean_s")
    judge(measured, lambda b: closed(b=b).response_time, b=TIMES[1])


@pytest.mark.parametrize("station", [0, 1], ids=["a", "b"])
def test_number_at_each_station(network, judge, station):
    name = STATIONS[station]
    measured = network.number(name, CORES[station])
    judge(measured, lambda service_time: closed(**{name: service_time}).numbers[station], service_time=TIMES[station])


@pytest.mark.parametrize("station", [0, 1], ids=["a", "b"])
def test_waiting_time_at_each_station(network, judge, station):
    name = STATIONS[station]
    judge(
        network.service(name, "waiting_time_s"),
        lambda service_time: closed(**{name: service_time}).waiting_times[station],
        service_time=TIMES[station],
    )


def test_a_cycle_takes_users_by_throughput(network, judge):
    # the interactive response time law, by the throughput that was seen: it holds for any system
    seen = network.whole("throughput_per_s").mean
    law = partial(theory.interactive_response_time, USERS, think_time=THINK)
    judge(network.whole("latency_mean_s"), law, throughput=seen)


def repairs(service_time, think_time):
    return theory.closed_network(10, [theory.Station(service_time, 2)], think_time)


def test_machine_repair_throughput(repair, judge):
    judge(
        repair.whole("throughput_per_s"),
        lambda service_time, think_time: repairs(service_time, think_time).throughput,
        service_time=0.04,
        think_time=0.2,
    )


def test_machine_repair_number(repair, judge):
    judge(
        repair.number("a", 2),
        lambda service_time, think_time: repairs(service_time, think_time).numbers[0],
        service_time=0.04,
        think_time=0.2,
    )


def test_machine_repair_waiting_time(repair, judge):
    judge(
        repair.service("a", "waiting_time_s"),
        lambda service_time, think_time: repairs(service_time, think_time).waiting_times[0],
        service_time=0.04,
        think_time=0.2,
    )


def test_asymptotic_bounds_hold_without_product_form(constant_times):
    seen = constant_times.whole("throughput_per_s")
    bounds = bounds_of(0.01)
    assert bounds.throughput_low < seen.mean - seen.wide_half_width
    assert seen.mean - seen.wide_half_width <= bounds.throughput_high
    assert seen.half_width < 0.02 * seen.mean
    latency = constant_times.whole("latency_mean_s")
    assert bounds.response_time_low <= latency.mean + latency.wide_half_width < bounds.response_time_high
    # a bottleneck 5 % slower could not do this
    assert seen.mean - seen.wide_half_width > bounds_of(0.01 / 0.95).throughput_high


def bounds_of(slowest):
    return theory.asymptotic_bounds(20, [theory.Station(slowest), theory.Station(0.004)], 0.1)
