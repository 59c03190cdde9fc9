import pytest

import simulator as sim
from simulator.compiler import compile_topology
from simulator.experiments.curves.points import in_steps, measured, simulate_points, unique


def interrupting(at):
    def work(step, report):
        if step == at:
            raise KeyboardInterrupt
        report(1, 2)
        return step * 10

    return work


def test_steps_come_in_their_order_with_progress():
    seen = []
    made = list(in_steps([1, 2], interrupting(9), lambda done, total: seen.append((done, total)), [3, 1]))
    assert made == [10, 20]
    assert seen == [(0, 4), (1.5, 4), (3, 4), (3.5, 4), (4, 4)]


def test_a_ctrl_c_keeps_what_is_finished():
    assert list(in_steps([1, 2, 3], interrupting(3), None)) == [10, 20]
    with pytest.raises(KeyboardInterrupt):
        list(in_steps([1, 2], interrupting(1), None))


def test_points_are_those_of_a_run_by_itself(shop):
    shop = shop.replace({"simulation.duration": "60s"})  # so that there is an interval of p99
    plans = [[compile_topology(shop, "microservices")], [compile_topology(shop, "monolith")]]
    made = [results[0] for results in simulate_points(plans)]
    for name, result in zip(("microservices", "monolith"), made, strict=True):
        alone = sim.simulate(shop, name, detail="summary")
        assert result.summary.equals(alone.summary)
        row = measured(result)
        assert row["latency_p99_s"] == alone.intervals.loc["latency_p99_s", "mean"]
        for part in ("half_width", "low", "high"):
            assert row[f"latency_p99_s_{part}"] == alone.intervals.loc["latency_p99_s", part]


def test_a_point_with_fewer_replications_is_left_out(shop, cut_off):
    plans = [[compile_topology(shop)], [compile_topology(shop, "monolith")]]
    cut_off(5)  # the second of three replications of the second point
    assert len(list(simulate_points(plans))) == 1


def test_names_once():
    assert unique(["a", "b", "a"]) == ["a", "b"]
    assert unique("ab") == ["ab"]
