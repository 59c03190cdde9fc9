"""`docs/results.md` has every column of every table that a user gets, with its unit and a rule that is there."""

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest

import simulator as sim
from simulator.experiments import columns as of_several
from simulator.results import columns as of_one

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "results.md"
TABLES = {table.name: table for table in (*of_one.TABLES, *of_several.TABLES)}
HEAD = "simulation: {duration: 3s, warmup: 1s, drain: 2s, replications: 2}\n"
SHOP = (
    HEAD
    + """
network: {latency: 1ms}
services:
  web:
    replicas: 2
    steps: [{cpu: 2ms}, {call: pay, timeout: 1s, retries: {}, circuitBreaker: {}, fallback: {steps: []}}, {send: log}]
  pay: {errorRate: 5%, rateLimit: {limitForPeriod: 90}, failures: {mtbf: 9s, mttr: 1s}, steps: [{cpu: 4ms}]}
  log: {steps: [{cpu: 1ms}]}
workload: {shoppers: {call: web, rate: 50/s}, tills: {call: web, users: 2, thinkTime: 200ms}}
slos: {buy: {call: web, p50: 300ms, errorRate: 50%}}
prices: {vcpuHour: 0.04}
"""
)
PAIR = (
    HEAD
    + """
services: {web: {steps: [{cpu: 2ms}, {call: pay}]}, pay: {steps: [{cpu: 4ms}]}}
workload: {call: web, rate: 50/s}
slos: {buy: {call: web, p50: 300ms}}
prices: {vcpuHour: 0.04}
"""
)
WORDS = {"path": r"(services|network)\.[\w.]+", "unit": "(web|pay)", "deployment": "(microservices|monolith)"}
WORDS["entry"] = "(web|pay)"
SECOND = {"workload": {"buyers": {"call": "web", "rate": "50/s"}, "payers": {"call": "pay", "rate": "9/s"}}}
RUN = {"engine": "reference"}
SPLIT = {"deployments": ["microservices"], **RUN}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Each table of the page, as somebody gets it."""
    shop, pair = sim.loads(SHOP), sim.loads(PAIR)
    result = sim.simulate(shop, detail="attempts", **RUN)
    found = {name: getattr(result, name) for name in TABLES if hasattr(result, name)}
    found["difference_from"] = result.difference_from(result)
    compared = sim.compare(shop, **RUN)
    found |= of("Comparison", compared, "differences", "journeys", "intervals", "summary", "ranking")
    store, axes = tmp_path_factory.mktemp("store"), {"services.pay.replicas": [1]}
    for name in ("one", "other"):
        sim.sweep(pair.replace({"name": name, **SECOND}), axes, store=store, workers=1, **RUN)
    found["sweep, collect"] = sim.collect(store)
    found["sweep, collect: runs=True"] = sim.collect(store, runs=True)
    sized = sim.capacity(pair, cores=[1, 2], max_replicas=2, **RUN)
    found |= {"Capacity.tried": sized.tried, "NextReplica.table": sized.next_replica(**RUN).table}
    drilled = sim.drill(pair, "pay", at="1s", for_="1s", duration="4s", **SPLIT)
    found |= of("Drill", drilled, "table", "entries", "blast", "timeline")
    found["LoadCurve.table"] = sim.load_curve(pair, ["50/s"], **SPLIT).table
    found["CoreCurve.table"] = sim.core_curve(pair, ["web"], sizes=[1], **RUN).table
    found["ScalingCurve.table"] = sim.scaling_curve(pair, [1.0], max_replicas=2, **SPLIT).table
    axes = {"network.latency": ["1ms"], "services.pay.speed": [1]}
    found |= of("BreakEven", sim.break_even(pair, axes, max_replicas=2, **RUN), "table", "cells")
    return found


def of(name, thing, *attributes):
    return {f"{name}.{attribute}": getattr(thing, attribute) for attribute in attributes}


def columns_of(table):
    """What names a row, and what a row holds; of a Series its rows."""
    if isinstance(table, pd.Series):
        return table
    named = [name for name in table.index.names if name is not None]
    return table.reset_index() if named else table


def is_meant(column, name, names):
    """Whether a declared column with a word in its name is this one of a table with these names."""
    if column.name == "<quantity>":
        return name in {one.name for one in of_one.QUANTITIES}
    if column.name.startswith("<quantity>"):
        return name.removesuffix(column.name.removeprefix("<quantity>")) in names - {name}
    return bool(re.fullmatch(re.sub("<(.*?)>", lambda one: WORDS.get(one[1], "[a-zA-Z0-9]+"), column.name), name))


def declared(table, name, names):
    """The declared columns that a name is one of: itself, else those with a word in them."""
    plain = [one for one in table.columns if one.name == name]
    return plain or [one for one in table.columns if "<" in one.name and is_meant(one, name, set(names))]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_column_is_declared_and_every_declared_one_is_there(tables, table):
    seen = columns_of(tables[table.name])
    names = list(seen.index if isinstance(seen, pd.Series) else seen.columns)
    found = {name: declared(table, name, names) for name in names}
    assert [name for name, columns in found.items() if len(columns) != 1] == []
    assert [one.name for one in table.columns if [one] not in found.values()] == []


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_units_are_those_of_the_values(tables, table):
    seen = columns_of(tables[table.name])
    if isinstance(seen, pd.Series):
        return
    for name, values in seen.items():
        (column,) = declared(table, name, seen.columns)
        flag, number = (is_kind(values) for is_kind in (pd.api.types.is_bool_dtype, pd.api.types.is_numeric_dtype))
        if column.unit != "any":
            assert flag == (column.unit == of_one.FLAG), name
            assert (number and not flag) == (column.unit not in (of_one.FLAG, of_one.NAME, of_one.TEXT)), name


def test_every_table_of_a_result_is_on_the_page():
    hidden = {"met", "warnings", "provenance"}
    public = {name for name, one in vars(sim.Results).items() if isinstance(one, property)}
    assert public - hidden == {table.name for table in of_one.TABLES}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_number_has_a_rule_that_is_there(rules, table):
    words = (of_one.NAME, of_one.TEXT, "any")
    assert [one.name for one in table.columns if one.rule not in rules and (one.rule or one.unit not in words)] == []
    assert [one.name for one in table.columns if not (one.unit and one.meaning)] == []


def test_the_page_is_up_to_date():
    spec = importlib.util.spec_from_file_location("make_results", ROOT / "docs" / "make_results.py")
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    text = PAGE.read_text(encoding="utf-8")
    assert maker.renew(text) == text, "run: python docs/make_results.py"
