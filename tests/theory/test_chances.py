"""Failures and choices by chance: binomial counts, and what several independent chances make together."""

from functools import partial

import pytest
from scipy.stats import binom, chi2

NOTHING = "steps: []"
RATE = 200.0


@pytest.fixture(scope="module")
def failures(simulate):
    text = f"""
    services:
      front: {{steps: [{{call: a}}, {{parallel: [{{call: b}}, {{call: c}}]}}]}}
      a: {{errorRate: 20%, {NOTHING}}}
      b: {{errorRate: 20%, {NOTHING}}}
      c: {{errorRate: 20%, {NOTHING}}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=17, warmup=1)


@pytest.fixture(scope="module")
def repeated(simulate):
    text = f"""
    services:
      front: {{steps: [{{call: a, times: 3, probability: 0.8}}]}}
      a: {{errorRate: 25%, {NOTHING}}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=21, warmup=1)


@pytest.fixture(scope="module")
def network(simulate):
    text = f"""
    network:
      links: [{{from: front, to: a, latency: {{dist: exponential, mean: 5ms}}, loss: 10%, errorRate: 30%}}]
    services:
      front: {{steps: [{{call: a, timeout: 1s}}]}}
      a: {{{NOTHING}}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=26, warmup=1, detail="requests")


@pytest.fixture(scope="module")
def branches(simulate):
    text = f"""
    services:
      front:
        steps:
          - choose:
              - {{weight: 1, steps: [{{call: a}}]}}
              - {{weight: 3, steps: [{{call: b}}, {{call: b}}]}}
      a: {{{NOTHING}}}
      b: {{{NOTHING}}}
    workload: {{call: front, rate: {RATE}/s}}
    """
    return simulate(text, duration=21, warmup=1)


def test_a_request_fails_unless_all_its_calls_succeed(failures, judge):
    judge(failures.failed(), lambda p: 1.0 - (1.0 - p) ** 3, p=0.2)


def test_failures_are_binomial(failures):
    # the sum of squares of standardised counts of the replications is chi-square
    table = failures.result.replications
    trials, chance = table["requests"].to_numpy(), 1.0 - 0.8**3

    def distance(chance):
        mean, variance = binom.stats(trials, chance)
        return float(((table["errors"] - mean) ** 2 / variance).sum())

    least, most = chi2.ppf([1e-5, 1.0 - 1e-5], len(trials))
    assert least < distance(chance) < most
    assert distance(0.95 * chance) > most


def test_steps_after_a_failure_are_skipped(failures, judge):
    for service in ("b", "c"):  # a branch does not cancel its sibling
        judge(failures.service(service, "throughput_per_s"), lambda rate: rate * (1.0 - 0.2), rate=RATE)


def test_repetitions_stop_at_the_first_failure(repeated, judge):
    def visits(rate, probability, p):
        return rate * probability * (1.0 + (1.0 - p) + (1.0 - p) ** 2)

    judge(repeated.service("a", "throughput_per_s"), partial(visits, p=0.25), rate=RATE, probability=0.8)
    judge(repeated.failed(), lambda probability, p: probability * (1.0 - (1.0 - p) ** 3), probability=0.8, p=0.25)


def causes(run, cause):
    table = run.result.requests
    table = table[table["arrival_s"] >= 1.0]
    return (table["cause"] == cause).groupby(table["replication"]).mean()


def test_a_call_times_out_if_either_message_is_lost(network, judge, measured):
    seen = measured.of("timeouts", causes(network, "timeout@a"))
    judge(seen, lambda loss: 1.0 - (1.0 - loss) ** 2, loss=0.1)


def test_a_link_fails_attempts_that_were_not_lost(network, judge, measured):
    seen = measured.of("link errors", causes(network, "error@a"))
    judge(seen, lambda error_rate: 0.9**2 * error_rate, error_rate=0.3)


def test_the_target_works_for_what_arrives(network, judge):
    measured = network.service("a", "throughput_per_s")
    judge(measured, lambda rate: rate * 0.9 * (1.0 - 0.3), rate=RATE)


def test_the_latency_is_two_messages(network, judge):
    judge(network.whole("latency_mean_s"), lambda latency: 2.0 * latency, latency=0.005)


def test_options_are_drawn_by_weight(branches, judge):
    judge(branches.service("a", "throughput_per_s"), lambda rate, weight: rate * weight / 4.0, rate=RATE, weight=1.0)
    judge(branches.service("b", "throughput_per_s"), lambda rate, weight: 2 * rate * weight / 4, rate=RATE, weight=3.0)


@pytest.mark.parametrize(("share", "success", "undone"), [(2, 0.9412, 0.0580), (5, 0.8574, 0.1378)])
def test_steps_of_a_saga_that_fail(simulate, share, success, undone):
    """(1 - f)^n of n steps in a row succeed, and sum f (1 - f)^(j-1) (j - 1) of those done have to be undone."""
    f = share / 100.0
    assert success == pytest.approx((1 - f) ** 3, abs=1e-4)
    assert undone == pytest.approx(sum(f * (1 - f) ** (j - 1) * (j - 1) for j in (1, 2, 3)), abs=1e-4)
    step = f"{{steps: [{{fail: declined, probability: {share}%}}]}}"
    text = f"services: {{saga: {{steps: [{{call: a}}, {{call: b}}, {{call: c}}]}}, a: {step}, b: {step}, c: {step}}}"
    result = simulate(
        f"{text}\nworkload: {{call: saga, rate: {RATE}/s}}", duration=20, warmup=1, detail="requests"
    ).result
    requests = result.requests[result.requests["arrival_s"] >= 1.0]
    number, causes = len(requests), requests["cause"].astype(str).value_counts()
    low, high = binom.ppf((1e-5, 1 - 1e-5), number, 1.0 - success)
    assert low <= sum(causes.drop("")) <= high
    done_before = causes.get("declined@b", 0) + 2 * causes.get("declined@c", 0)
    spread = (number * sum(f * (1 - f) ** (j - 1) * (j - 1) ** 2 for j in (1, 2, 3))) ** 0.5
    assert abs(done_before - number * undone) < 4.5 * spread
    assert set(causes.index) == {"", *(f"declined@{name}" for name in "abc")}
