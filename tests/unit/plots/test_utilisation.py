from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from simulator import plots


def test_bars_are_the_units_the_busiest_first(split):
    units = split[1].units.sort_values(["utilisation_ratio", "queue_length"], ascending=False)
    ax = plots.utilisation(split[1])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(units.index)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(100.0 * units["utilisation_ratio"].to_numpy())
    assert ax.get_xlabel() == "utilisation (%)"
    assert sum("waiting" in text.get_text() for text in ax.texts) == len(units)


def test_a_unit_of_several_services_is_made_of_theirs(merged):
    services = merged[1].services
    ax = plots.utilisation(merged[1])
    widths = {box.get_label(): box[0].get_width() for box in ax.containers}
    assert widths == pytest.approx({name: 100.0 * value for name, value in services["utilisation_ratio"].items()})
    assert any("hosts payment, order, cart" in text.get_text() for text in ax.texts)


def test_no_request_arrives(empty):
    assert [text.get_text() for text in plots.utilisation(empty[1]).texts][-1] == "no request arrived"


def test_axes_that_are_given_are_used(split):
    _, ax = plt.subplots()
    assert plots.utilisation(split[1], ax=ax) is ax
