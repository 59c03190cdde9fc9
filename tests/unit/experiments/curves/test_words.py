"""Words of curves: digits that tell apart, shares that are not nothing, ranges of loads, limits that differ."""

import pytest

from simulator.experiments.curves.words import at_loads, limits_in_words, load_head, percent, runs, short, spell
from simulator.plan.plan import Objective
from simulator.words import join


def test_lists():
    assert join(["a"]) == "a"
    assert join(["a", "b", "c"]) == "a, b and c"
    assert runs([]) == []
    assert runs([0, 1, 3, 5, 6, 7]) == [(0, 1), (3, 3), (5, 7)]


def test_three_digits_or_as_many_as_tell_apart():
    assert [short(value) for value in (0.12345, 37.5, 1234.0, 123456.0)] == ["0.123", "37.5", "1,234", "123,456"]
    assert spell([1000.0, 2000.0]) == ["1,000", "2,000"]
    assert spell([1000.0, 1001.0]) == ["1,000", "1,001"]
    assert spell([100.01, 100.02, 7.0]) == ["100.01", "100.02", "7"]
    assert spell([4.0, 4.0]) == ["4", "4"]
    assert spell([123456.0, 123457.0]) == ["123,456", "123,457"]


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0, "0 %"), (1e-9, "less than 0.1 %"), (0.0009, "less than 0.1 %"), (0.001, "0.1 %"), (0.004, "0.4 %"),
        (0.02, "2 %"), (0.0996, "10 %"), (0.104, "10 %"), (0.5, "50 %"), (0.994, "99 %"), (1.0, "100 %"),
    ],
)  # fmt: skip
def test_shares(share, words):
    assert percent(share) == words


def test_some_of_the_loads():
    loads = [5.0, 10.0, 20.0, 40.0, 80.0]
    assert at_loads(loads, [2], "/s") == "at 20/s"
    assert at_loads(loads, [0, 1, 2], "/s") == "at the 3 loads tried from 5 to 20/s"
    assert at_loads(loads, [0, 1, 2, 4], "/s") == "at the 4 loads tried of 5 to 20 and 80/s"
    assert at_loads([5.0, 5.0, 10.0, 20.0], [0, 1, 2], " users") == "at the 2 loads tried from 5 to 10 users"
    assert at_loads(loads, [0, 2, 4], "/s") == "at 5, 20 and 80/s"


def test_limits():
    def goal(quantity, limit, slo="web"):
        return Objective(slo, 0, quantity, 0.99, limit)

    assert limits_in_words([[goal("p99", 0.9), goal("errorRate", 0.005)]]) == ("web p99 900 ms", "web errorRate 0.5 %")
    assert limits_in_words([[goal("p99", 0.9)], [goal("p99", 0.6)]]) == ("web p99 600 to 900 ms",)
    assert limits_in_words([[goal("p99", 0.9)], [goal("p99", 0.9), goal("mean", 0.1, "db")]]) == (
        "web p99 900 ms", "db mean 100 ms in some cells",
    )  # fmt: skip


def test_the_head_of_a_column_of_loads_is_short_enough_for_it():
    heads = {"arrival rate": "arrivals (/s)", "peak arrival rate": "peak arrivals (/s)",
             "arrival rate of the open workloads": "open arrivals (/s)",
             "peak arrival rate of the open workloads": "open peaks (/s)"}  # fmt: skip
    for name, head in heads.items():
        assert load_head("arrival_rate_per_s", name) == head
    assert load_head("users", "users") == "users"
