"""A small shop, and an engine that is cut off in the middle of its work."""

import pytest

import simulator as sim
from simulator.engines import compiled, reference
from simulator.engines.reference import ReferenceEngine
from simulator.experiments import replicate

SHOP = """\
name: shop
simulation: {duration: 20s, warmup: 2s, seed: 3, replications: 3}
network: {latency: 1ms}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 5ms}}, {call: store}]}
  store: {replicas: 2, steps: [{cpu: {dist: exponential, mean: 8ms}}]}
workload: {call: web, rate: 40/s}
deployments:
  same: {units: {alone: {services: [web], resources: {cpu: 1}}}}
  small: {units: {all: {services: [web, store], replicas: 1, resources: {cpu: 1}}}}
slos: {web: {call: web, p99: 10s}}
prices: {vcpuHour: 0.04}
"""


@pytest.fixture(scope="session")
def shop():
    return sim.loads(SHOP)


@pytest.fixture
def shop_file(tmp_path):
    """The shop as a file, with shorter runs."""
    text = SHOP.replace("duration: 20s", "duration: 10s").replace("replications: 3", "replications: 2")
    (tmp_path / "shop.yaml").write_text(text)
    return tmp_path / "shop.yaml"


@pytest.fixture(scope="module", autouse=True)
def _in_this_process():
    """Nothing here is worth processes of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replicate, "WORTH_PROCESSES", 10**9)
        yield


@pytest.fixture
def nothing_compiled(monkeypatch):
    """Whatever this machine has in its cache, "auto" finds nothing there: it is the engine written in Python."""
    monkeypatch.setattr(compiled, "is_compiled", lambda plans: False)
    monkeypatch.setattr(reference, "is_ready", lambda: True)


@pytest.fixture
def cut_off(monkeypatch, nothing_compiled):
    """Let the engine raise at the call of this number, from 1."""

    def after(number, error=KeyboardInterrupt):
        whole, calls = ReferenceEngine.run, []

        def run(self, plan, **options):
            calls.append(plan.deployment)
            if len(calls) == number:
                raise error
            return whole(self, plan, **options)

        monkeypatch.setattr(ReferenceEngine, "run", run)
        return calls

    return after
