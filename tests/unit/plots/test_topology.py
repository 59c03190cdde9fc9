from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from simulator import plots
from simulator.errors import ResultError


def texts(ax) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in ax.texts]


def arrows(ax) -> dict[str, str]:
    return {patch.get_label(): patch.get_linestyle() for patch in ax.patches if "→" in patch.get_label()}


def test_every_service_and_call_is_there(split):
    ax = plots.topology(split[0])
    assert {"shoppers", "60/s", "cart", "order", "payment", "2 × 1 core", "shop-db", "mailer"} <= set(texts(ax))
    assert arrows(ax) == {
        "shoppers → cart": "-",
        "crawlers → cart": "-",
        "cart → order": "-",
        "cart → mailer": "--",
        "order → payment": "-",
        "order → shop-db": "-",
        "payment → shop-db": "-",
    }


def test_calls_in_process_are_dotted_in_the_frame_of_their_unit(merged):
    ax = plots.topology(merged[0])
    assert arrows(ax)["cart → order"] == ":"
    assert arrows(ax)["payment → shop-db"] == "-"
    assert any(text.startswith("monolith: ") for text in texts(ax))


def test_boxes_say_utilisation_and_arrival_rate(split):
    plan, result = split
    ax = plots.topology(plan, result)
    for name in ("cart", "order", "payment"):
        row = result.services.loc[name]
        said = f"{100.0 * row['utilisation_ratio']:.0f} %, {row['arrival_rate_per_s']:.3g}/s"
        assert said in texts(ax)
    fills = {patch.get_label(): sum(patch.get_facecolor()[:3]) for patch in ax.patches}
    assert fills["order"] < fills["cart"]


def test_rates_of_arrows_that_meet_add_up(split):
    plan, result = split
    found = [text for text in texts(plots.topology(plan, result)) if text.endswith("/s") and "%" not in text]
    into = result.services["arrival_rate_per_s"]
    workloads = result.outcomes.sum(axis=1) / 15.0
    assert f"{workloads['shoppers']:.3g}/s" in found
    number = sum(float(text.removesuffix("/s")) for text in found) - float(f"{workloads.sum():.4g}")
    assert number == pytest.approx(into["cart"] + into["shop-db"], rel=0.01)


def test_no_box_covers_another(split, merged):
    for plan, result in (split, merged):
        ax = plots.topology(plan, result)
        names = set(plan.services.name)
        boxes = [patch.get_window_extent() for patch in ax.patches if patch.get_label() in names]
        assert len(boxes) == len(names)
        assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[at + 1 :])


def test_a_result_of_another_topology_is_refused(split, merged, shop):
    from simulator.compiler import compile_topology
    from simulator.spec import loads

    other = compile_topology(loads("services: {alone: {steps: [{cpu: 1ms}]}}\nworkload: {call: alone, rate: 1/s}"))
    with pytest.raises(ResultError, match="has other services than the plan"):
        plots.topology(other, split[1])


def test_no_request_arrives(empty):
    assert "<1 %, 0/s" in texts(plots.topology(*empty)) or "0 %, 0/s" in texts(plots.topology(*empty))


def test_axes_that_are_given_are_used(split):
    _, ax = plt.subplots()
    assert plots.topology(split[0], ax=ax) is ax
