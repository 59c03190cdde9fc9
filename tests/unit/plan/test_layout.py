import pytest

from simulator.plan.layout import GOOD, Outcome


def test_outcomes_are_spelt_as_in_tables():
    assert [outcome.word for outcome in Outcome] == [
        "ok", "degraded", "error", "timeout", "rejected", "circuit_open", "unreachable", "unfinished"
    ]  # fmt: skip


@pytest.mark.parametrize("outcome", Outcome)
def test_only_ok_and_degraded_served_the_user(outcome):
    assert (outcome <= GOOD) is (outcome.word in ("ok", "degraded"))
