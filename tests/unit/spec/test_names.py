import pytest

from simulator.errors import TopologyError
from simulator.spec import loads

TRACED = """
services:
  99f2e7b501f50db9: {steps: [{cpu: 1ms}, {call: payment.default}, {call: payment.default.v1}, {call: "12.get"}]}
  payment.default: {replicas: 2, steps: [{cpu: 1ms}]}
  payment.default.v1: {steps: [{cpu: 1ms}]}
  12: {endpoints: {get: {steps: []}, 2: {steps: []}}}
  payment: {endpoints: {other: {steps: []}}}
workload: {call: 99f2e7b501f50db9, rate: 10/s}
"""


@pytest.fixture(scope="module")
def traced():
    return loads(TRACED)


@pytest.mark.parametrize(
    ("call", "key"),
    [
        ("99f2e7b501f50db9", ("99f2e7b501f50db9", "")),
        ("payment.default", ("payment.default", "")),
        ("payment.default.v1", ("payment.default.v1", "")),
        ("payment.other", ("payment", "other")),
        ("payment", ("payment", "other")),
        ("12.get", ("12", "get")),
        ("12.2", ("12", "2")),
    ],
)
def test_a_call_is_a_service_or_its_last_dot_comes_before_the_endpoint(traced, call, key):
    assert traced.resolve(call) == key


@pytest.mark.parametrize("call", ["payment.nothing", "payment.default.v2", "payment.default.v1.get", "12", "a..b", ""])
def test_a_call_that_names_nothing(traced, call):
    with pytest.raises(TopologyError):
        traced.resolve(call)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("services.payment.default.replicas", "payment.default"),
        ('services."payment.default".replicas', "payment.default"),
        ("services.payment.default.v1.replicas", "payment.default.v1"),
        ('services."payment.default.v1".replicas', "payment.default.v1"),
        ("services.payment.replicas", "payment"),
        ("services.12.replicas", "12"),
        ("services.99f2e7b501f50db9.replicas", "99f2e7b501f50db9"),
    ],
)
def test_a_path_takes_names_with_dots_in_quotes_or_without(traced, path, service):
    changed = traced.replace({path: 7})
    assert {name for name, one in changed.services.items() if one.replicas == 7} == {service}


def test_a_name_in_quotes_is_that_name_alone(traced):
    with pytest.raises(TopologyError, match=r"unknown service `payment\.other`"):
        traced.replace({'services."payment.other".replicas': 2})


def test_a_problem_at_a_name_with_dots_can_be_pasted_as_a_path(traced):
    with pytest.raises(TopologyError) as caught:
        traced.replace({"services.payment.default.replicas": -1})
    assert caught.value.problems[0].path == 'services."payment.default".replicas'
