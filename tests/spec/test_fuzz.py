"""Whatever is done to a valid file, the answer is a topology or a TopologyError."""

import copy
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import TopologyError
from simulator.spec import Topology, loads
from simulator.spec.text import Text, decode

TEXT = (Path(__file__).parent / "checkout.yaml").read_text()
TOKENS = re.findall(r"\s+|[A-Za-z_]+|[0-9.]+|.", TEXT)
TREE = Text(TEXT, "").read()
ODD = [None, True, 0, -1, 1.5, 1e308, float("nan"), 10**30, "", "x", "5", "-5ms", "5ms", "1/s", "200%", "cart"]
ODD += ["a.b.c", "\x00", [], {}, [[]], [{}], {"": {}}, {"a": None}, {1: 2}, {"dist": "x"}, {"dist": "lognormal"}]
ODD += [{"dist": []}, {"cpu": {}}, [{"call": 5}], ("a",), {1, 2}, b"x", object()]
EXTRA = ["*a", "&a ", "!!x ", "\t", "<<: ", "? ", "'", '"', "|", "%", "\x00", "- ", "{", "]"]


def places(tree, path=()):
    yield path
    below = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in below:
        yield from places(value, (*path, key))


def survives(make):
    try:
        topology = make()
    except TopologyError as error:
        refusal = error
    else:
        assert Topology.model_validate(json.loads(json.dumps(topology.to_dict()))) == topology
        return
    assert refusal.problems
    assert "Mistake" not in str(refusal)
    assert "pydantic" not in str(refusal)


@pytest.mark.parametrize("seed", range(8))
def test_mutated_text(seed):
    generator = random.Random(seed)
    for _ in range(40):
        tokens = list(TOKENS)
        for _ in range(generator.randint(1, 3)):
            index = generator.randrange(len(tokens))
            action = generator.choice(["delete", "repeat", "replace", "insert"])
            if action == "delete":
                del tokens[index]
            elif action == "repeat":
                tokens.insert(index, tokens[index])
            elif action == "replace":
                tokens[index] = generator.choice(TOKENS)
            else:
                tokens.insert(index, generator.choice([*TOKENS, *EXTRA]))
        survives(lambda tokens=tokens: loads("".join(tokens)))


PLACES = list(places(TREE))
TOPOLOGY = loads(TEXT)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)) or "root")
def test_a_wrong_value_in_every_place(path):
    for odd in ODD[PLACES.index(path) % 3 :: 3]:
        if not path:
            survives(lambda odd=odd: Topology.model_validate(odd))
            continue
        tree = copy.deepcopy(TREE)
        node = tree
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = odd
        survives(lambda tree=tree: Topology.model_validate(tree))


@pytest.mark.parametrize("path", PLACES[1:], ids=lambda path: ".".join(map(str, path)))
def test_a_missing_value_in_every_place(path):
    tree = copy.deepcopy(TREE)
    node = tree
    for key in path[:-1]:
        node = node[key]
    del node[path[-1]]
    survives(lambda: Topology.model_validate(tree))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text(text):
    survives(lambda: loads(text))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes(content):
    survives(lambda: loads(decode(content, "x")))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.none(), st.just({})))
def test_any_replacement(path, value):
    survives(lambda: TOPOLOGY.replace({path: value}))
