"""The JSON Schema of the topology file, for editors and for checks without this package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import units
from . import (
    deployments,
    distributions,
    faults,
    models,
    policies,
    services,
    settings,
    steps,
    values,
    workloads,
)
from .base import EXTENSION, Model

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SHARED = {
    "Duration": values.DURATION_SCHEMA,
    "Rate": values.RATE_SCHEMA,
    "Fraction": values.FRACTION_SCHEMA,
    "Memory": values.MEMORY_SCHEMA,
    "Cores": values.CPU_SCHEMA,
}
_SHARED_KEYS = (
    services.Bounded, distributions.WithPercentiles, policies.Block, policies.CallerKeys, steps.PolicyKeys,
)  # fmt: skip
"""Models that only others are made of."""
_PERCENTILES = {units.PERCENTILE_PATTERN: {"$ref": "#/$defs/Duration"}}


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of a topology file.

    It follows from the models. What relates one part of a file to another (names that must exist, keys that need
    or exclude each other) is for `load` to say.
    """
    schema = models.Topology.model_json_schema(by_alias=True, mode="validation")
    defs: dict[str, Schema] = schema.pop("$defs")
    root = {key: value for key, value in schema.items() if key != "title"}
    defs["Topology"] = root
    for model in _models():
        _as_written(model, defs[model.__name__])
    defs = {name: _tidy(definition) for name, definition in defs.items()}
    _share(defs)
    _shorthands(defs)
    root = defs.pop("Topology")
    return {"$schema": _DIALECT, "title": "Topology", **root, "$defs": dict(sorted(defs.items()))}


def _models() -> Iterable[type[Model]]:
    """Yield every model that a file can contain."""
    for module in (models, settings, services, steps, policies, distributions, workloads, deployments, faults):
        for name, item in vars(module).items():
            own = isinstance(item, type) and issubclass(item, Model) and item.__module__ == module.__name__
            if own and not name.startswith("_") and item not in _SHARED_KEYS:
                yield item


def _as_written(model: type[Model], schema: Schema) -> None:
    """Leave out the fields that no file has, and null, which none needs."""
    for name in model.hidden:
        schema["properties"].pop(model.model_fields[name].alias, None)
    for prop in schema["properties"].values():
        choices = [choice for choice in prop.get("anyOf", ()) if choice != {"type": "null"}]
        if len(choices) == 1:
            del prop["anyOf"]
            prop.update({**choices[0], **prop})
        if prop.get("default", 0) is None:
            del prop["default"]
    if issubclass(model, distributions.WithPercentiles):
        schema["patternProperties"] = _PERCENTILES


def _tidy(schema: Any) -> Any:
    """Drop the titles that only repeat names; close the mappings whose keys are names."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: _tidy(content) for name, content in value.items()}
        elif key != "title":
            result[key] = _tidy(value)
    if "patternProperties" in result:
        result["additionalProperties"] = False
    return result


def _share(defs: dict[str, Schema]) -> None:
    """Give what occurs everywhere a definition of its own."""
    shared = {name: (content["anyOf"], "anyOf") for name, content in _SHARED.items()}
    shared["Distribution"] = (defs["Cpu"]["properties"]["cpu"]["oneOf"], "oneOf")
    shared["Step"] = (defs["Option"]["properties"]["steps"]["items"]["oneOf"], "oneOf")
    for name, definition in list(defs.items()):
        defs[name] = _referring(definition, shared)
    defs |= {name: dict(content) for name, content in _SHARED.items()}
    defs["Distribution"] = {
        "description": "A duration, which is always the same, or a distribution of durations.",
        "anyOf": [{"$ref": "#/$defs/Duration"}, {"oneOf": shared["Distribution"][0]}],
    }
    defs["Step"] = {"oneOf": shared["Step"][0]}


def _referring(schema: Any, shared: dict[str, tuple[Any, str]]) -> Any:
    if isinstance(schema, list):
        return [_referring(item, shared) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: _referring(value, shared) for key, value in schema.items()}
    for name, (choices, key) in shared.items():
        if schema.get(key) == choices:
            del schema[key]
            if schema.get("description") == _SHARED.get(name, {}).get("description"):
                schema.pop("description", None)
            if name == "Duration" and "default" in schema:
                schema["default"] = units.format_duration(schema["default"])
            return {"$ref": f"#/$defs/{name}", **schema}
    return schema


def _shorthands(defs: dict[str, Schema]) -> None:
    """Add the short forms that the models' `normalise` writes out."""
    for name, model in distributions.MODELS.items():
        definition = defs[model.__name__]
        definition["required"] = ["dist", *(key for key in definition.get("required", ()) if key != "dist")]
        definition["properties"]["dist"] = {"const": name}
    for name in ("Policy", "Call"):  # a bare duration is a distribution too
        timeout = defs[name]["properties"]["timeout"]
        defs[name]["properties"]["timeout"] = {"$ref": "#/$defs/Distribution", "description": timeout["description"]}
    _moments(defs)
    _services(defs)
    _workloads(defs)
    branch = defs["Branch"]
    defs["Branch"] = {"anyOf": [branch, {"$ref": "#/$defs/Step"}], "description": branch.pop("description")}
    for owner, key in (("Parallel", "parallel"), ("Choose", "choose"), ("Workload", "calls"), ("Workload", "stages")):
        defs[owner]["properties"][key]["minItems"] = 1
    defs["Unit"]["properties"]["services"]["minItems"] = 1
    defs["Retries"]["properties"]["retryOn"]["minItems"] = 1
    defs["Deployment"]["properties"]["units"]["minProperties"] = 1
    defs["Slo"]["minProperties"] = 2
    defs["Topology"]["patternProperties"] = {f"^{EXTENSION}": {}}
    _faults(defs["Fault"])


def _moments(defs: dict[str, Schema]) -> None:
    """Say that a distribution has its moments, or as many percentiles."""
    for name in ("Exponential", "LogNormal", "Weibull", "Pareto"):
        moments = list(distributions.MODELS[name.lower()].moments)  # type: ignore[attr-defined]
        size = len(moments) + 1
        by_percentiles = {"minProperties": size, "maxProperties": size}
        defs[name]["oneOf"] = [
            {"required": moments, "maxProperties": size},
            {**by_percentiles, "not": {"anyOf": [{"required": [moment]} for moment in moments]}},
        ]
    defs["Empirical"]["oneOf"] = [{"required": ["quantiles"]}, {"required": ["file"]}]


def _services(defs: dict[str, Schema]) -> None:
    service = defs["Service"]
    service["properties"]["steps"] = defs["Endpoint"]["properties"]["steps"]
    named = {values.ENDPOINT_PATTERN: service["properties"]["endpoints"].pop("additionalProperties")}
    service["properties"]["endpoints"] |= {
        "patternProperties": named,
        "additionalProperties": False,
        "minProperties": 1,
    }
    service["required"] = [key for key in service["required"] if key != "endpoints"]
    service["oneOf"] = [{"required": ["steps"]}, {"required": ["endpoints"]}]
    balancer = defs["LoadBalancer"]
    word = balancer["properties"]["simple"]
    defs["LoadBalancer"] = {
        "description": balancer.pop("description"),
        "anyOf": [{"enum": word["enum"]}, balancer],
    }
    defs["Topology"]["properties"]["services"]["minProperties"] = 1


def _faults(fault: Schema) -> None:
    """Say what goes together in a fault."""
    fault["oneOf"] = [
        {"required": [kind] if kind == "kill" else [kind, "for"]}
        | ({} if kind in faults.OF_THE_NETWORK else {"not": {"required": ["from"]}})
        for kind in faults.FAULT_KINDS
    ]


def _workloads(defs: dict[str, Schema]) -> None:
    definition = defs["Workload"]
    definition["properties"]["call"] = defs["Entry"]["properties"]["call"]
    definition["required"] = [key for key in definition["required"] if key != "calls"]
    definition["allOf"] = [
        {"oneOf": [{"required": ["call"]}, {"required": ["calls"]}]},
        {"oneOf": [{"required": [shape]} for shape in workloads.SHAPES]},
    ]
    named = defs["Topology"]["properties"]["workload"] | {"minProperties": 1}
    defs["Topology"]["properties"]["workload"] = {
        "description": "One workload, or several by name.",
        "anyOf": [{"$ref": "#/$defs/Workload"}, named],
    }
    for model in ("Service", "Workload"):
        if not defs[model]["required"]:
            del defs[model]["required"]
