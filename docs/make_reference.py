"""Write the table of every key into `topology.md`, from the JSON Schema, which follows from the models.

python docs/make_reference.py
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator import json_schema

PAGE = Path(__file__).with_name("topology.md")
BEGIN = "<!-- what follows is made by docs/make_reference.py -->"
PERCENTILE = "p50, p99, p99.9 ..."
WIDTH = 120

Schema = dict[str, Any]

# the blocks of a policy, as its model has them
POLICY_SECTIONS = tuple(
    (key[0].upper() + re.sub("[A-Z]", lambda found: f" {found[0].lower()}", key[1:]),
     f"`policies.NAME.{key}`, also on a call", name)
    for key, content in json_schema()["$defs"]["Policy"]["properties"].items()  # type: ignore[index]
    if (name := content.get("$ref", "").rpartition("/")[2]) not in ("", "Distribution")
)  # fmt: skip
# what a reader looks for, in the order of a file: heading, path, definition
SECTIONS = (
    ("The file", "", "Topology"),
    ("Simulation", "`simulation`", "Simulation"),
    ("Network", "`network`", "Network"),
    ("Links", "`network.links[]`", "Link"),
    ("Services", "`services.NAME`", "Service"),
    ("Resources", "`services.NAME.resources`", "Resources"),
    ("Bounds", "`services.NAME.resources.limits` and `.requests`, also of a unit", "Bounds"),
    ("Queue", "`services.NAME.queue`", "Queue"),
    ("Load balancer", "`services.NAME.loadBalancer`", "LoadBalancer"),
    ("Rate limit", "`services.NAME.rateLimit`", "RateLimit"),
    ("Outlier detection", "`services.NAME.outlierDetection`, also of a unit", "OutlierDetection"),
    ("Endpoints", "`services.NAME.endpoints.NAME`", "Endpoint"),
    ("Step: cpu", "`steps[]`", "Cpu"),
    ("Step: sleep", "`steps[]`", "Sleep"),
    ("Step: call", "`steps[]`", "Call"),
    ("Policies", "`policies.NAME`", "Policy"),
    *POLICY_SECTIONS,
    ("Step: send", "`steps[]`", "Send"),
    ("Step: parallel", "`steps[]`", "Parallel"),
    ("Branches", "`steps[].parallel[]`", "Branch"),
    ("Step: choose", "`steps[]`", "Choose"),
    ("Options", "`steps[].choose[]`", "Option"),
    ("Step: fail", "`steps[]`", "Fail"),
    ("Workload", "`workload`, or `workload.NAME`", "Workload"),
    ("Entries", "`workload.calls[]`", "Entry"),
    ("Stages", "`workload.stages[]`", "Stage"),
    ("Deployments", "`deployments.NAME`", "Deployment"),
    ("Units", "`deployments.NAME.units.NAME`", "Unit"),
    ("Resources of a unit", "`deployments.NAME.units.NAME.resources`", "UnitResources"),
    ("Failures", "`services.NAME.failures`", "Failures"),
    ("Faults", "`faults[]`", "Fault"),
    ("Fault: kill", "`faults[].kill`", "Kill"),
    ("Fault: slow", "`faults[].slow`", "Slow"),
    ("Fault: pause", "`faults[].pause`", "Pause"),
    ("Fault: abort", "`faults[].abort`", "Abort"),
    ("Fault: delay", "`faults[].delay`", "Delay"),
    ("Fault: partition", "`faults[].partition`", "Partition"),
    ("Objectives", "`slos.NAME`", "Slo"),
    ("Prices", "`prices`", "Prices"),
    ("Distribution: constant", "", "Constant"),
    ("Distribution: exponential", "", "Exponential"),
    ("Distribution: uniform", "", "Uniform"),
    ("Distribution: normal", "", "Normal"),
    ("Distribution: lognormal", "", "LogNormal"),
    ("Distribution: gamma", "", "Gamma"),
    ("Distribution: weibull", "", "Weibull"),
    ("Distribution: pareto", "", "Pareto"),
    ("Distribution: hyperexponential", "", "Hyperexponential"),
    ("Distribution: empirical", "", "Empirical"),
)
# definitions that are a kind of value rather than a mapping of keys
VALUES = {
    "Duration": "duration",
    "Rate": "rate",
    "Fraction": "fraction",
    "Memory": "memory",
    "Cores": "cores",
    "Distribution": "duration or distribution",
    "Step": "step",
}
# keys that hold what has a section of its own; the step that a branch may be is the one of `Step`
HEADINGS = {definition: heading.lower() for heading, _, definition in SECTIONS}


def make_reference() -> str:
    """The tables, as Markdown."""
    schema = json_schema()
    definitions: dict[str, Schema] = dict(schema["$defs"])  # type: ignore[call-overload]
    definitions["Topology"] = schema
    missing = set(definitions) - {name for _, _, name in SECTIONS} - set(VALUES)
    if missing:
        raise SystemExit(f"no section for {', '.join(sorted(missing))}: add one to SECTIONS")
    lines = ["### Values", "", "| value | meaning |", "|---|---|"]
    for name, word in VALUES.items():
        text = definitions[name].get("description", "A mapping with exactly one of the verbs below.")
        lines.append(f"| {word} | {text} |")
    for heading, path, name in SECTIONS:
        lines += ["", *_section(heading, path, definitions[name], definitions)]
    return "\n".join(lines) + "\n"


def _section(heading: str, path: str, definition: Schema, definitions: dict[str, Schema]) -> Iterator[str]:
    yield f"### {heading}"
    yield ""
    about = definition.get("description", "").removesuffix("; a frozen value.").rstrip(".")
    where = f" Path: {path}." if path else ""
    yield from textwrap.wrap(f"{about}.{where}", WIDTH)
    yield ""
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    keys = _keys(definition)
    required = set(keys.get("required", ()))
    for key, content in keys["properties"].items():
        meaning = _meaning(content, definitions)
        default = "needed" if key in required else "" if meaning.startswith("Default: ") else _default(content)
        yield f"| `{key}` | {_kind(content)} | {default} | {meaning} |"
    if heading == "The file":
        yield "| `x-...` | anything |  | Ignored: a place for anchors, as in Compose. |"
    elif "patternProperties" in keys:
        text = "At most this." if heading == "Objectives" else "Instead of the mean and cv."
        yield f"| `{PERCENTILE}` | duration |  | {text} |"


def _meaning(content: Schema, definitions: dict[str, Schema]) -> str:
    """What is said of a key, else of what it holds."""
    if "const" in content:
        return "Which distribution it is."
    below = definitions.get(content.get("$ref", "").rpartition("/")[2], {})
    return str(content.get("description") or below.get("description", ""))


def _keys(definition: Schema) -> Schema:
    """The mapping among the forms of a definition."""
    if "properties" in definition:
        return definition
    found: Schema = next(choice for choice in definition["anyOf"] if "properties" in choice)
    return found


def _kind(schema: Schema) -> str:
    """What a value may be, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return VALUES.get(name) or _link(name)
    for choices in (schema.get("anyOf"), schema.get("oneOf")):
        if choices:
            return " or ".join(dict.fromkeys(_kind(choice) for choice in choices))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if schema["type"] == "array":
        item = _kind(schema["items"])
        return "list of steps" if item == "step" else f"list of {item}"
    if schema["type"] == "object":
        (below,) = schema["patternProperties"].values()
        percentiles = below.get("$ref", "").endswith("/Duration")
        return "percentiles" if percentiles else f"by name: {_kind(below)}"
    return _scalar(schema)


def _scalar(schema: Schema) -> str:
    low = schema.get("minimum")
    above = schema.get("exclusiveMinimum")
    words = {"integer": "whole number", "number": "number", "string": "text"}[schema["type"]]
    if low is not None:
        return f"{words} >= {low:g}"
    if above is not None:
        return f"{words} > {above:g}"
    if "pattern" in schema:
        return "name"
    return words


def _link(name: str) -> str:
    anchor = HEADINGS[name].replace(" ", "-").replace(":", "")
    return f"[{HEADINGS[name]}](#{anchor})"


def _default(schema: Schema) -> str:
    default = schema.get("default", "")
    if default == "":
        return ""
    if isinstance(default, list) and default:
        return ", ".join(f"`{word}`" for word in default)
    if schema.get("$ref", "").endswith("/Fraction"):
        return f"{default * 100:g}%"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def renew(page: str) -> str:
    """The page with new tables."""
    head, mark, _ = page.partition(BEGIN)
    if not mark:
        raise SystemExit(f"{PAGE.name} has no line {BEGIN}")
    return f"{head}{BEGIN}\n\n{make_reference()}"


if __name__ == "__main__":
    PAGE.write_text(renew(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
