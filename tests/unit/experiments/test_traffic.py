"""Files with unlike traffic: it is said, and a mix of journeys is not taken for a slowdown (rule 11.25)."""

import pytest

import simulator as sim
from simulator.experiments.traffic import differing

SHOP = """\
name: shop
simulation: {duration: 60s, warmup: 0s, seed: 3, replications: 5}
services:
  web:
    endpoints:
      look: {steps: [{sleep: 10ms}]}
      buy: {steps: [{sleep: 100ms}]}
workload:
  lookers: {call: web.look, rate: 50/s}
  buyers: {call: web.buy, rate: 5/s}
prices: {currency: EUR, vcpuHour: 0.04}
"""
REFERENCE = {"engine": "reference"}


@pytest.fixture(scope="module")
def shop():
    return sim.loads(SHOP)


def told(before, after):
    found = differing({"old": (before, "microservices"), "new": (after, "microservices")})
    return found.get("new", "").removeprefix("new does not get the traffic of old: ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"services.web.replicas": 2, "name": "kiosk", "simulation.seed": 9}, ""),
        ({"workload.buyers.rate": "6/s"}, "buyers has a rate of 6/s instead of 5/s"),
        ({"workload.buyers.call": "web.look"}, "buyers has calls of web.look instead of web.buy"),
        ({"workload.buyers.arrivals": "even"}, "buyers has even arrivals instead of poisson"),
        ({"workload.buyers": {"call": "web.buy", "users": 3}}, "buyers has 3 users instead of a rate of 5/s"),
        ({"workload.buyers": {"call": "web.look", "stages": [{"target": "5/s", "duration": "1m"}]}},
         "buyers has stages instead of a rate of 5/s and calls of web.look instead of web.buy"),
        ({"workload": {"lookers": {"call": "web.look", "rate": "50/s"}}}, "buyers is only in old"),
        ({"workload.robots": {"call": "web.look", "rate": "1/s"}}, "robots is only in new"),
        ({"workload.buyers": {"calls": [{"call": "web.buy", "weight": 3}, {"call": "web.look"}], "rate": "5/s"}},
         "buyers has calls of web.buy (75 %) and web.look (25 %) instead of web.buy"),
        ({"workload.buyers": {"calls": [{"call": "web.buy", "weight": 7}], "rate": "300/min"}}, ""),
    ],
)  # fmt: skip
def test_what_differs_is_said(shop, changes, words):
    assert told(shop, shop.replace(changes) if changes else shop) == words


def test_a_users_own_policy_is_no_traffic(shop):
    patient = shop.replace({"policies": {"once": {"timeout": "1s"}}, "workload.buyers.policy": "once"})
    assert told(shop, patient) == ""


def test_more_of_the_slow_journey_is_no_slowdown(shop):
    """Looking takes 10 ms and buying 100 ms, with nobody waiting, whatever the mix: of both together p90 is 100 ms
    where a fifth buy, and 10 ms where a twentieth do."""
    more = shop.replace({"workload.buyers.rate": "20/s"})
    made = sim.compare({"old": shop, "new": more}, **REFERENCE)
    all_of_them = made.differences.loc["new"]
    assert all_of_them.loc["latency_p90_s", ["baseline", "other"]].round(6).tolist() == [0.01, 0.1]
    assert all_of_them.loc["latency_mean_s", "shown"]
    assert made.journeys.loc["new"]["difference"].abs().max() < 1e-9
    assert not made.journeys["shown"].any()
    said = made.verdict
    assert "is shown in p99 latency of web.buy and web.look and availability of web.buy and web.look" in said
    assert "Latency of all journeys together is not judged, it is of another mix: their shares differ." in said
    assert said.endswith("Goodput is not judged: the traffic differs.")
    assert "higher" not in said
    latency = sim.plots.comparison(made)[0]
    assert latency.get_title(loc="left") == "latency of served requests, of unlike mixes of journeys (ms)"
    assert not any("\n" in label.get_text() for label in latency.get_xticklabels())  # no differences below them
    text = str(made)
    assert text.startswith("old and new: not the same requests, with the same randomness\n")
    assert "the same requests through" not in text
    assert "new does not get the traffic of old: buyers has a rate of 20/s instead of 5/s" in text
    mixes = [line for line in text.splitlines() if ": latency is of all journeys together: web.look " in line]
    assert [line.partition(":")[0] for line in mixes] == ["old", "new"]
    assert made.to_dict()["notes"] == list(made.other_traffic.values())
    assert {row["journey"] for row in made.to_dict()["journeys"]} == {"web.look", "web.buy"}


def test_a_journey_that_slows_down_is_named(shop):
    slow = shop.replace({"services.web.endpoints.buy.steps[0].sleep": "150ms"})
    made = sim.compare([shop, slow], **REFERENCE)
    assert made.other_traffic == {}
    row = made.journeys.loc[("after", "web.buy", "latency_p99_s")]
    assert row["difference"] == pytest.approx(0.05)
    assert row["shown"]
    assert made.journeys.loc[("after", "web.look", "latency_p99_s"), "difference"] == 0.0
    assert "after has higher p99 latency of all journeys together (150 against 100 ms) than before" in made.verdict
    lines = str(made).splitlines()
    rows = lines[next(at for at, line in enumerate(lines) if line.startswith("journey ")) :][:8]
    assert [line.split("  ")[0] for line in rows if line[:1] not in ("", " ")] == ["journey", "web.buy", "web.look"]
    assert rows[3].split() == ["latency", "p99", "(ms)", "100", "150", "50"]


def test_with_other_journeys_nothing_is_judged_but_objectives(shop):
    other = sim.loads(SHOP.replace("buy:", "pay:").replace("look:", "see:").replace("web.look", "web.see").replace(
        "web.buy", "web.pay"))  # fmt: skip
    made = sim.compare({"old": shop, "new": other}, **REFERENCE)
    said = made.verdict
    assert "Latency and availability are not judged: old and new have no journey in common." in said
    assert "p99 latency" not in said
    assert made.journeys["difference"].isna().all()


def test_only_one_journey_each_is_compared_whatever_it_is_called(shop):
    alone = {"workload": {"buyers": {"call": "web.buy", "rate": "5/s"}}}
    one, renamed = shop.replace(alone), sim.loads(SHOP.replace("buy", "pay")).replace(
        {"workload": {"buyers": {"call": "web.pay", "rate": "5/s"}}}
    )  # fmt: skip
    made = sim.compare({"old": one, "new": renamed}, **REFERENCE)
    assert "new does not get the traffic of old: buyers has calls of web.pay instead of web.buy" in str(made)
    assert (
        "is shown in p99 latency, availability and goodput; cost per hour is the same" in made.verdict
    )  # as many, at the same times
    assert "journey  " not in str(made)


def test_costs_in_unlike_currencies_are_left_out(shop):
    dollars = shop.replace({"prices.currency": "USD", "services.web.replicas": 2})
    made = sim.compare({"old": shop, "new": dollars}, **REFERENCE)
    row = made.differences.loc[("new", "cost_per_hour")]
    assert row[["baseline", "other"]].tolist() == [0.04, 0.08]
    assert row[["difference", "half_width", "low", "high"]].isna().all()
    assert not row["shown"]
    assert made.verdict.endswith("Costs are not judged: they are in EUR and in USD.")
    text = str(made)
    assert "costs are not compared: old in EUR and new in USD" in text
    (line,) = [line for line in text.splitlines() if line.startswith("cost per hour")]
    titles = [axes.get_title(loc="left") for axes in sim.plots.comparison(made)]
    assert titles == ["latency of served requests, all journeys together (ms)", "availability (%)", "cores of services"]
    assert line.split() == ["cost", "per", "hour", "0.04", "EUR", "0.08", "USD", "other", "currencies"]


def test_a_ranking_of_unlike_currencies_goes_by_cores(shop):
    """One core for 4 dollars, two for 1 euro: the fewer cores come first."""
    cheap = shop.replace({"prices.vcpuHour": 0.5, "services.web.replicas": 2})
    dear = shop.replace({"prices.currency": "USD", "prices.vcpuHour": 4})
    made = sim.compare({"cheap": cheap, "dear": dear, "free": shop.replace({"prices": None})}, **REFERENCE)
    assert made.ranking["cores"].tolist() == [1.0, 1.0, 2.0]
    assert made.ranking["rank"].tolist() == [1, 1, 3]
    assert "all of them, by cores:" in str(made)
    euros = sim.compare({"cheap": cheap, "free": shop.replace({"prices": None})}, **REFERENCE)
    assert euros.ranking.index[0] == "free"  # a cost and a number of cores are no pair either


LOSSY = """\
simulation: {duration: 20s, warmup: 0s, replications: 2}
services:
  web: {steps: [{call: pay}]}
  pay: {errorRate: 10%, steps: [{call: bank, timeout: 20ms}]}
  bank: {kind: external, steps: [{sleep: {dist: exponential, mean: 10ms}}]}
workload: {call: web, rate: 100/s}
"""


def test_failed_calls_are_the_same_number_under_one_word():
    """As `simulate` has them, also of an external whose visits do not fail (rule 11.16); and why, by deployment."""
    shop = sim.loads(LOSSY)
    made, alone = sim.compare(shop, **REFERENCE), sim.simulate(shop, **REFERENCE)
    failed = alone.services["failed_calls"]
    assert failed["bank"] > 0
    assert alone.services.loc["bank", "errors"] == 0
    lines = str(made).splitlines()
    start = lines.index("microservices")
    assert lines[start - 1].split()[-1] == "failed"
    shown = {line.split()[0]: line.split()[-1].replace(",", "") for line in lines[start + 1 : start + 4]}
    assert shown == {name: str(number) for name, number in failed.items()}
    text = " ".join(str(made).split())
    for name, result in made.results.items():
        counts = result.requests["cause"].value_counts().drop("")
        told = ", ".join(f"{cause} {number:,}" for cause, number in counts.items() if number)
        assert f"failures by cause, {name}: {told}" in text


def test_without_failures_there_are_no_causes(shop):
    assert "failures by cause" not in str(sim.compare(shop, replications=2, **REFERENCE))
