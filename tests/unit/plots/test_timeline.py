from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

import simulator as sim
from simulator import plots
from simulator.errors import ResultError, SimulatorError


def test_lines_are_the_table(split):
    result = split[1]
    upper, lower = plots.timeline(result)
    table = result.timeline
    for panel, column, scale in ((upper, "utilisation_ratio", 100.0), (lower, "queue_length", 1.0)):
        lines = {line.get_label(): line for line in panel.lines}
        assert set(lines) == set(result.services.index)
        for name, line in lines.items():
            wanted = table.loc[table["service"] == name, column].to_numpy() * scale
            assert line.get_ydata() == pytest.approx(wanted)
    assert upper.get_ylabel() == "utilisation (%)"
    assert lower.get_ylabel() == "queue length (requests)"
    assert lower.get_xlabel() == "time (s)"


def test_the_warmup_is_shaded_and_the_axis_ends_at_the_horizon(split):
    for panel in plots.timeline(split[1]):
        assert "warmup" in [text.get_text() for text in panel.texts]
        assert panel.patches[0].get_bbox().x1 == pytest.approx(1.0)
        assert max(panel.get_xticks()) <= 6.0


def test_services_that_are_not_chosen_are_grey(split):
    upper, _ = plots.timeline(split[1], services=["order"])
    colours = {line.get_label(): line.get_color() for line in upper.lines}
    assert colours.pop("order") not in colours.values()
    assert len(set(colours.values())) == 1
    assert "order" in [text.get_text() for text in upper.texts]
    with pytest.raises(ResultError, match="no service 'ordr'"):
        plots.timeline(split[1], services=["ordr"])


def test_labels_do_not_collide(split):
    upper, lower = plots.timeline(split[1])
    upper.figure.draw_without_rendering()
    for panel in (upper, lower):
        boxes = [text.get_window_extent() for text in panel.texts if text.get_text() in split[1].services.index]
        assert boxes
        assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[at + 1 :])


def test_no_request_arrives(empty):
    upper, _ = plots.timeline(empty[1])
    assert "no request arrived" in [text.get_text() for text in upper.texts]


def test_two_axes_may_be_given(split):
    _, axes = plt.subplots(1, 2)
    assert plots.timeline(split[1], ax=axes) == tuple(axes)
    with pytest.raises(SimulatorError, match="timeline needs 2 axes, found 1"):
        plots.timeline(split[1], ax=axes[:1])


def test_a_unit_without_a_replica_has_no_utilisation_to_name():
    text = """
    services: {a: {steps: [{cpu: 1ms}]}, b: {replicas: 0, steps: [{cpu: 1ms}]}}
    workload: {w: {call: a, rate: 9/s}, v: {call: b, rate: 1/s}}
    """
    result = sim.simulate(sim.loads(text), duration="2s", warmup="1s", replications=1)
    upper, _ = plots.timeline(result)
    upper.figure.canvas.draw()
    names = [text.get_text() for text in upper.texts]
    assert "a" in names
    assert "b" not in names


def test_labels_of_narrow_panels_keep_to_their_height(split):
    with plots.styled(width=6.0):
        axes = plots.timeline(split[1], quantities=("arrivals", "latency", "errors", "utilisation", "queue"))
    axes[0].figure.draw_without_rendering()
    boxes = [ax.yaxis.label.get_window_extent() for ax in axes]
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    assert axes[-1].get_ylabel().split() == ["queue", "length", "(requests)"]
