"""Who is where: rows by name, and what crosses the network."""

import dataclasses

import pytest

from simulator.compiler.deployments import resolve_units
from simulator.compiler.directory import Directory
from simulator.compiler.distributions import DistributionTable
from simulator.compiler.programs import Assembler
from simulator.compiler.reach import steps_of
from simulator.compiler.workloads import entry_sites

FILE = """
services: {a: {steps: [{call: b}, {call: c}]}, b: {steps: []}, c: {kind: external, steps: []}}
workload: {call: a, rate: 1/s}
"""


@pytest.fixture
def directory_of(parse):
    def of(deployment):
        topology = parse(FILE)
        services = dict(zip("abc", range(3), strict=True))
        endpoints = {(name, ""): row for name, row in services.items()}
        assembler = Assembler(DistributionTable(), topology.resolve, entry_sites(topology))
        for key in endpoints:
            assembler.add_handler(key, steps_of(topology, key))
        units = resolve_units(topology, deployment, tuple(services))
        return Directory(topology, deployment, services, endpoints, units, tuple(assembler.call_sites))

    return of


@pytest.mark.parametrize(
    ("deployment", "hosts", "remote"),
    [("microservices", [0, 1, 2], (True, True, True)), ("monolith", [0, 0, 1], (True, False, True))],
)
def test_who_hosts_whom_and_what_crosses_the_network(directory_of, deployment, hosts, remote):
    directory = directory_of(deployment)
    assert [directory.unit_of[name] for name in directory.services] == hosts
    assert [site.name for site in directory.calls] == ["workload -> a", "a/0 -> b", "a/1 -> c"]
    assert directory.remote == remote


def test_it_does_not_change(directory_of):
    with pytest.raises(dataclasses.FrozenInstanceError):
        directory_of("monolith").deployment = "microservices"


def test_names_have_numbers(directory_of):
    directory = dataclasses.replace(directory_of("monolith"), streams={"x": 7, "y": 9})
    assert directory.numbered(["y", "x", "y"]).tolist() == [9, 7, 9]
    with pytest.raises(KeyError):
        directory.numbered(["z"])
