from simulator.compiler.advice.grouping import grouped


def test_many_that_say_the_same_are_one():
    said = grouped([f"s{number}: it is idle" for number in range(40)] + ["all: done"])
    assert said == ("s0, s1, s2 and 37 more (each): it is idle", "all: done")


def test_a_few_stay_as_they_are():
    said = ("a: x", "b: y", "c: x", "hops are free", "d: x")
    assert set(grouped(said)) == set(said)
    assert grouped(("no colon", "no colon")) == ("no colon",)
