"""The published JSON Schema accepts what `load` accepts, and refuses the usual mistakes."""

import json
from pathlib import Path

import jsonschema
import pytest

from simulator.errors import TopologyError
from simulator.spec import json_schema, loads
from simulator.spec.text import Text

HERE = Path(__file__).parent
SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ONE = "services: {a: {steps: [{cpu: 5ms}]}}\n"
WORKLOAD = "workload: {call: a, rate: 1/s}\n"

GOOD = {
    "short": (HERE / "short.yaml").read_text(),
    "checkout": (HERE / "checkout.yaml").read_text(),
    "bare word balancer": f"services: {{a: {{loadBalancer: RANDOM, steps: []}}}}\n{WORKLOAD}",
    "zero without a unit": "services: {a: {steps: [{cpu: 0}]}}\nworkload: {call: a, rate: 0}\n",
    "auto": f"simulation: {{warmup: auto, duration: 1h30m}}\n{ONE}{WORKLOAD}",
    "percent": f"simulation: {{confidence: 99.9%}}\n{ONE}{WORKLOAD}",
    "calls": f"{ONE}workload: {{calls: [{{call: a}}], users: 3}}\n",
    "branches": f"services: {{a: {{steps: [{{parallel: [{{cpu: 1ms}}, {{steps: []}}]}}]}}}}\n{WORKLOAD}",
    "policies": (HERE / "policies.yaml").read_text(),
    "faults": (HERE / "faults.yaml").read_text(),
    "fraction of a core": f"services: {{a: {{resources: {{cpu: 500m}}, steps: []}}}}\n{WORKLOAD}",
    **{
        dist: f"services: {{a: {{steps: [{{cpu: {{{dist}}}}}]}}}}\n{WORKLOAD}"
        for dist in (
            "dist: constant, value: 5us",
            "dist: exponential, mean: 1ms",
            "dist: exponential, p99: 1ms",
            "dist: uniform, min: 0, max: 1.5s",
            "dist: normal, mean: 1ms, cv: 0.5",
            "dist: lognormal, mean: 1ms, cv: 2",
            "dist: lognormal, p50: 1ms, p99.9: 9ms",
            "dist: gamma, mean: 1ms, cv: 0.5",
            "dist: weibull, p50: 1ms, p999: 9ms",
            "dist: pareto, mean: 1ms, cv: 1e1",
            "dist: hyperexponential, mean: 1ms, cv: 1",
            "dist: empirical, quantiles: {p0: 0, p50: 1ms, p100: 2ms}",
        )
    },
}

BAD = {
    "unknown key": f"services: {{a: {{steps: [], replcas: 2}}}}\n{WORKLOAD}",
    "unknown key at the top": f"{ONE}{WORKLOAD}budget: 5\n",
    "later key": f"services: {{a: {{steps: [], autoscaling: {{}}}}}}\n{WORKLOAD}",
    "no kind of fault": f"{ONE}{WORKLOAD}faults: [{{at: 1s, for: 1s, target: a}}]\n",
    "two kinds of fault": f"{ONE}{WORKLOAD}faults: [{{at: 1s, for: 1s, target: a, kill: {{}}, pause: {{}}}}]\n",
    "a pause for ever": f"{ONE}{WORKLOAD}faults: [{{at: 1s, target: a, pause: {{}}}}]\n",
    "a kill from somewhere": f"{ONE}{WORKLOAD}faults: [{{at: 1s, for: 1s, from: workload, target: a, kill: {{}}}}]\n",
    "a factor of 0": f"{ONE}{WORKLOAD}faults: [{{at: 1s, for: 1s, target: a, slow: {{factor: 0}}}}]\n",
    "failures without repair": f"services: {{a: {{failures: {{mtbf: 1h}}, steps: []}}}}\n{WORKLOAD}",
    "percent of a budget": f"{ONE}{WORKLOAD}policies: {{x: {{retries: {{}}, retryBudget: {{percent: 101}}}}}}\n",
    "no outcome to try again": f"{ONE}{WORKLOAD}policies: {{x: {{retries: {{retryOn: []}}}}}}\n",
    "a breaker that always opens": f"{ONE}{WORKLOAD}policies: {{x: {{circuitBreaker: {{failureRateThreshold: 0}}}}}}\n",
    "retries of a workload": f"{ONE}workload: {{call: a, rate: 1/s, retries: {{}}}}\n",
    "no workload": ONE,
    "no services": WORKLOAD,
    "empty services": f"services: {{}}\n{WORKLOAD}",
    "duration without a unit": f"services: {{a: {{steps: [{{cpu: 5}}]}}}}\n{WORKLOAD}",
    "rate without a unit": f"{ONE}workload: {{call: a, rate: 80}}\n",
    "two verbs": f"services: {{a: {{steps: [{{cpu: 5ms, call: a}}]}}}}\n{WORKLOAD}",
    "no verb": f"services: {{a: {{steps: [{{times: 5}}]}}}}\n{WORKLOAD}",
    "steps and endpoints": f"services: {{a: {{steps: [], endpoints: {{b: {{steps: []}}}}}}}}\n{WORKLOAD}",
    "neither": f"services: {{a: {{replicas: 2}}}}\n{WORKLOAD}",
    "two shapes": f"{ONE}workload: {{call: a, rate: 1/s, users: 3}}\n",
    "no shape": f"{ONE}workload: {{call: a}}\n",
    "library parameters": f"services: {{a: {{steps: [{{cpu: {{dist: lognormal, mu: 1, sigma: 2}}}}]}}}}\n{WORKLOAD}",
    "no dist": f"services: {{a: {{steps: [{{cpu: {{mean: 1ms}}}}]}}}}\n{WORKLOAD}",
    "one percentile": f"services: {{a: {{steps: [{{cpu: {{dist: lognormal, p50: 1ms}}}}]}}}}\n{WORKLOAD}",
    "mean and percentile": f"services: {{a: {{steps: [{{cpu: {{dist: pareto, mean: 1s, p50: 1ms}}}}]}}}}\n{WORKLOAD}",
    "a half more core": f"services: {{a: {{resources: {{cpu: 1.5}}, steps: []}}}}\n{WORKLOAD}",
    "a name that ends in a dot": f"services: {{a.: {{steps: []}}, a: {{steps: []}}}}\n{WORKLOAD}",
    "an endpoint with a dot": f"services: {{a: {{endpoints: {{b.c: {{steps: []}}}}}}}}\n{WORKLOAD}",
    "null": f"{ONE}{WORKLOAD}slos:\n",
    "hidden field": f"{ONE}workload: {{call: a, replayTimes: [1]}}\n",
    "empty objective": f"{ONE}{WORKLOAD}slos: {{x: {{call: a}}}}\n",
}


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", GOOD)
def test_it_accepts_what_load_accepts(name):
    loads(GOOD[name])
    VALIDATOR.validate(Text(GOOD[name], "").read())


@pytest.mark.parametrize("name", BAD)
def test_it_refuses_the_usual_mistakes(name):
    with pytest.raises(TopologyError):
        loads(BAD[name])
    assert not VALIDATOR.is_valid(Text(BAD[name], "").read())


def test_every_definition_is_used_and_every_key_explained():
    text = json.dumps(SCHEMA)
    assert all(f'"#/$defs/{name}"' in text for name in SCHEMA["$defs"])
    assert "Mistake" not in text
    for word in ("autoscaling", "replayTimes", "percentiles"):
        assert f'"{word}"' not in text
