import math

import pytest

from simulator.compiler.estimate import estimate_entry_latencies
from simulator.compiler.expectations import expect
from simulator.theory import mg1_mean_response_time, mgc_ps_mean_response_time, mmc_mean_response_time


def station(steps: str, workload: str, **settings: str) -> str:
    more = "".join(f"{key}: {value}, " for key, value in settings.items())
    return f"""
    services: {{a: {{{more}steps: [{{cpu: {steps}}}]}}}}
    workload: {{call: a, {workload}}}
    """


@pytest.fixture
def estimate(plan_of):
    def of(text: str) -> float:
        plan = plan_of(text)
        return float(estimate_entry_latencies(plan, expect(plan))[0])

    return of


def test_one_station_is_its_law(estimate):
    exponential, gamma = "{dist: exponential, mean: 10ms}", "{dist: gamma, mean: 10ms, cv: 0.5}"
    assert estimate(station(gamma, "rate: 80/s")) == pytest.approx(mg1_mean_response_time(80.0, 0.01, 0.5))
    assert estimate(station(exponential, "rate: 240/s", resources="{cpu: 4}")) == pytest.approx(
        mmc_mean_response_time(240.0, 0.01, 4)
    )
    assert estimate(station(gamma, "rate: 240/s", resources="{cpu: 4}", scheduling="PS")) == pytest.approx(
        mgc_ps_mean_response_time(240.0, 0.01, 4)
    )


def test_replicas_share_the_arrivals_and_speed_shortens_the_steps(estimate):
    exponential = "{dist: exponential, mean: 10ms}"
    alone = estimate(station(exponential, "rate: 80/s"))
    assert estimate(station(exponential, "rate: 240/s", replicas="3")) == pytest.approx(alone)
    assert estimate(station(exponential, "rate: 160/s", speed="2")) == pytest.approx(alone / 2)
    assert estimate(station(exponential, "rate: 40/s", resources="{cpu: 500m}")) == pytest.approx(2 * alone)


def test_steps_of_different_services_wait_for_the_same_cores(plan_of):
    plan = plan_of(
        """
        services: {a: {steps: [{cpu: 2ms}, {call: b}]}, b: {steps: [{cpu: 6ms}]}}
        workload: {call: a, rate: 50/s}
        """,
        "monolith",
    )
    # 100 steps per second on two cores, of 4 ms in the mean and cv 1/2
    wait = mmc_mean_response_time(100.0, 0.004, 2) - 0.004
    expected = 0.008 + 2 * wait * (1 + 0.25) / 2
    assert estimate_entry_latencies(plan, expect(plan))[0] == pytest.approx(expected)


def test_packing_waits_for_cores_too(plan_of):
    plan = plan_of("""
    network: {serialization: 1ms}
    services: {a: {steps: [{call: b}]}, b: {steps: [{cpu: 4ms}]}}
    workload: {call: a, rate: 100/s}
    """)
    at_a = mg1_mean_response_time(200.0, 0.001, 0.0)
    square = (2 * 0.001**2 + 0.004**2) / 3
    at_b = mg1_mean_response_time(300.0, 0.002, math.sqrt(square / 0.002**2 - 1)) - 0.002
    assert estimate_entry_latencies(plan, expect(plan))[0] == pytest.approx(2 * at_a + 3 * at_b + 0.006)


def test_an_overload_has_no_mean(estimate):
    assert estimate(station("10ms", "rate: 100/s")) == math.inf


def test_an_infinite_variance_has_an_infinite_wait(estimate):
    assert estimate(station("{dist: pareto, p50: 1ms, p99: 13ms}", "rate: 10/s")) == math.inf


def test_there_is_no_estimate_with_users_in_a_circle(estimate):
    assert math.isnan(estimate(station("10ms", "users: 5")))


def test_steps_that_never_run_do_not_count(plan_of):
    plan = plan_of("""
    services: {a: {steps: [{cpu: 10ms}, {cpu: {dist: pareto, p50: 1ms, p99: 13ms}, probability: 0}, {sleep: 5ms}]}}
    workload: {call: a, rate: 50/s}
    """)
    assert estimate_entry_latencies(plan, expect(plan))[0] == pytest.approx(
        mg1_mean_response_time(50.0, 0.01, 0.0) + 0.005
    )
