"""Deadlines that propagate: who has waited too long gets no core, and so the laws of queues that are left hold.

Who leaves is what is exact: a request whose patience has ended is still in the queue until its turn comes, but takes no
core then, and so it is for the others as if it had left.
"""

import pytest

from simulator import theory

SERVICE_TIME = 0.01


def text(rate: float, timeout: str, cores: int) -> str:
    return f"""
    policies: {{patient: {{timeout: {timeout}, deadline: propagate}}}}
    services:
      a: {{resources: {{cpu: {cores}}}, steps: [{{cpu: {{dist: exponential, mean: 10ms}}}}]}}
    workload: {{call: a, rate: {rate}/s, policy: patient}}
    """


@pytest.mark.parametrize(("rate", "cores", "patience"), [(120.0, 1, 0.02), (330.0, 3, 0.015)])
def test_erlang_a(simulate, judge, rate, cores, patience):
    """M/M/c+M (Palm 1957; Garnett, Mandelbaum, Reiman 2002)."""
    run = simulate(text(rate, f"{{dist: exponential, mean: {patience}s}}", cores), duration=1005, warmup=5)

    def law(arrival_rate):
        return theory.erlang_a_utilisation(arrival_rate, SERVICE_TIME, cores, patience)

    def left(arrival_rate, patience):
        # those that leave are dropped, and an error each
        return arrival_rate * 1000.0 * theory.erlang_a_abandonment(arrival_rate, SERVICE_TIME, cores, patience)

    judge(run.service("a", "utilisation_ratio"), law, arrival_rate=rate)
    judge(run.service("a", "errors"), left, arrival_rate=rate, patience=patience)


@pytest.mark.parametrize(("rate", "patience"), [(120.0, 0.03), (95.0, 0.02)])
def test_constant_patience(simulate, judge, rate, patience):
    """M/M/1+D (Barrer 1957)."""
    run = simulate(text(rate, f"{patience}s", 1), duration=1005, warmup=5)

    def left(arrival_rate, patience):
        return arrival_rate * 1000.0 * theory.mm1_constant_patience_abandonment(arrival_rate, SERVICE_TIME, patience)

    judge(run.service("a", "errors"), left, arrival_rate=rate, patience=patience)
