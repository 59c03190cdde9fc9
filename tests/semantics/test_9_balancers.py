"""Section 9: balancers."""

from __future__ import annotations

import pytest

from simulator.rules.randomness import child, mix, uniform

A = "a: {{replicas: {}, loadBalancer: {}, steps: [{{sleep: {}t}}]}}"


@pytest.fixture
def draws(stream):
    """The k-th numbers of the attempts at the edge, one a request (rules 6.3 and 9.1)."""

    def numbers(count: int, k: int = 0, seed: int = 1) -> list[float]:
        key = mix(seed, 0)
        requests = [child(number, stream("request workload"), 0) for number in range(count)]
        attempts = [child(address, stream("entry workload -> a"), 0) for address in requests]
        return [uniform(key, address, stream("balance a"), k) for address in attempts]

    return numbers


def test_9_2_two_are_drawn_and_of_equals_the_first_is_taken(run, draws):
    """Nobody is ever busy: the first drawn, out of five, each time."""
    seen = run(A.format(5, "LEAST_REQUEST", 0), at=range(100))
    assert seen.replicas("a") == [int(u * 5) for u in draws(100)]
    assert set(seen.replicas("a")) == set(range(5))


def test_9_2_of_two_drawn_the_one_with_fewer_open_calls(run, draws):
    seen = run(A.format(5, "LEAST_REQUEST", 7), at=range(200))
    expected, open_until = [], [[] for _ in range(5)]
    for now, (u, v) in enumerate(zip(draws(200), draws(200, 1), strict=True)):
        first = int(u * 5)
        second = int(v * 5)  # which may be the same
        # what ends now has been answered: replies come before arrivals
        unanswered = [sum(end > now for end in ends) for ends in open_until]
        chosen = second if unanswered[second] < unanswered[first] else first
        open_until[chosen].append(now + 7)
        expected.append(chosen)
    assert seen.replicas("a") == expected


@pytest.mark.parametrize("choice", ["independent", "distinct"])
def test_9_2_of_some_drawn_one_after_the_other_from_all_or_those_that_are_left(run, draws, choice):
    seen = run(A.format(5, f"{{simple: LEAST_REQUEST, choiceCount: 3, choice: {choice}}}", 7), at=range(200))
    expected, open_until = [], [[] for _ in range(5)]
    columns = [draws(200, k) for k in range(3)]
    for now in range(200):
        left, drawn = list(range(5)), []
        for u in (column[now] for column in columns):
            position = int(u * len(left))
            drawn += [left.pop(position) if choice == "distinct" else left[position]]
        unanswered = [sum(end > now for end in ends) for ends in open_until]
        chosen = min(drawn, key=lambda replica: unanswered[replica])  # of equals the first drawn
        open_until[chosen].append(now + 7)
        expected.append(chosen)
    assert seen.replicas("a") == expected


@pytest.mark.parametrize("count", [5, 9])
def test_9_2_as_many_distinct_choices_as_replicas_are_all_of_them(run, count):
    seen = run(A.format(5, f"{{choice: distinct, choiceCount: {count}}}", 50), at=range(50))
    assert all(sorted(seen.replicas("a")[i : i + 5]) == list(range(5)) for i in range(0, 50, 5))


def test_9_2_of_all_one_of_those_with_the_fewest(run, draws):
    seen = run(A.format(4, "{simple: LEAST_REQUEST, choiceCount: all}", 7), at=range(200))
    expected, open_until = [], [[] for _ in range(4)]
    for now, u in enumerate(draws(200)):
        unanswered = [sum(end > now for end in ends) for ends in open_until]
        fewest = [replica for replica in range(4) if unanswered[replica] == min(unanswered)]
        chosen = fewest[int(u * len(fewest))]
        open_until[chosen].append(now + 7)
        expected.append(chosen)
    assert seen.replicas("a") == expected


@pytest.mark.parametrize("choice", ["independent", "distinct"])
def test_9_2_one_choice_is_random(run, draws, choice):
    seen = run(A.format(3, f"{{simple: LEAST_REQUEST, choiceCount: 1, choice: {choice}}}", 9), at=range(60))
    assert seen.replicas("a") == [int(u * 3) for u in draws(60)]


@pytest.mark.parametrize("word", ["{choice: all}", "{choiceCount: all}", "{choice: all, choiceCount: all}"])
def test_9_2_all_is_said_in_either_key(run, word):
    assert sorted(run(A.format(5, word, 50), at=range(5)).replicas("a")) == list(range(5))


def test_9_3_round_robin_has_one_cursor_for_all_callers(run):
    services = """
    a: {steps: [{call: c}]}
    b: {steps: [{call: c}]}
    c: {replicas: 3, loadBalancer: ROUND_ROBIN, steps: [{sleep: 50t}]}
    """
    workload = "{one: {call: a, replay: arrivals.csv}, two: {call: b, replay: later.csv}}"
    seen = run(services, at=[0, 4, 8], workload=workload, files={"later.csv": [2, 6, 10, 12]})
    assert seen.replicas("c") == [0, 1, 2, 0, 1, 2, 0]


def test_9_4_random(run, draws):
    seen = run(A.format(4, "RANDOM", 9), at=range(100), seed=5)
    assert seen.replicas("a") == [int(u * 4) for u in draws(100, seed=5)]


def test_9_1_the_callers_share_what_is_known_of_open_calls(run):
    """Two callers, two replicas, all looked at: never twice the same while both are busy."""
    services = """
    a: {steps: [{call: c}]}
    b: {steps: [{call: c}]}
    c: {replicas: 2, loadBalancer: {simple: LEAST_REQUEST, choiceCount: all}, steps: [{sleep: 50t}]}
    """
    workload = "{one: {call: a, replay: arrivals.csv}, two: {call: b, replay: arrivals.csv}}"
    for seed in range(5):
        assert sorted(run(services, workload=workload, seed=seed).replicas("c")) == [0, 1]


HASH = """
a: {replicas: 3, loadBalancer: CONSISTENT_HASH, steps: [{call: b}, {call: b, times: 2}]}
b: {replicas: 4, loadBalancer: CONSISTENT_HASH, steps: [{sleep: 1t}]}
"""


def test_9_5_a_user_stays_with_a_replica_and_the_calls_inherit_the_key(run):
    attempts = run(HASH, workload="{call: a, users: 30, thinkTime: 40t}").result.attempts
    attempts["user"] = attempts["request"] // 2**32
    for service, replicas in (("a", 3), ("b", 4)):
        rows = attempts[attempts["target"] == service]
        assert rows.groupby("user")["replica"].nunique().eq(1).all()
        assert rows["replica"].nunique() == replicas
    assert attempts.groupby("user")["request"].nunique().min() > 5


def test_9_5_the_key_of_an_open_request_is_its_own(run):
    attempts = run(HASH, at=range(0, 600, 6)).result.attempts
    rows = attempts[attempts["target"] == "b"]
    assert rows.groupby("request")["replica"].nunique().eq(1).all()
    assert rows["replica"].nunique() == 4


def test_9_5_the_keys_do_not_depend_on_the_seed(run):
    """A ring has no luck: the same users are at the same replicas in every replication."""
    attempts = run(HASH, workload="{call: a, users: 20, thinkTime: 40t}", replications=2).result.attempts
    attempts["user"] = attempts["request"] // 2**32
    rows = attempts[attempts["target"] == "a"]
    assert rows.groupby("user")["replica"].nunique().eq(1).all()


def test_9_5_of_one_replica_less_only_its_users_move(run):
    def places(replicas: int) -> dict[int, int]:
        a = f"a: {{replicas: {replicas}, loadBalancer: CONSISTENT_HASH, steps: [{{sleep: 1t}}]}}"
        attempts = run(a, workload="{call: a, users: 60, thinkTime: 100t}").result.attempts
        return dict(zip(attempts["request"] // 2**32, attempts["replica"], strict=True))

    more, less = places(4), places(3)
    stayed = [user for user in more if more[user] != 3]
    assert 20 < len(stayed) < 60
    assert all(less[user] == more[user] for user in stayed)
