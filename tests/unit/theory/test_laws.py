import pytest

from simulator import theory


def test_little():
    # 40 requests a second that stay 250 ms: ten inside
    assert theory.little_number(40.0, 0.25) == pytest.approx(10.0)
    assert theory.little_time(10.0, 40.0) == pytest.approx(0.25)
    assert theory.little_throughput(10.0, 0.25) == pytest.approx(40.0)
    assert theory.little_number(0.0, 3.0) == 0.0


def test_the_interactive_system():
    # 300 users, 6 s of thinking, 48 requests a second
    assert theory.interactive_response_time(300, 48.0, 6.0) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="cannot make"):
        theory.interactive_response_time(300, 51.0, 6.0)


def test_flows():
    assert theory.utilisation(30.0, 0.05, 2) == pytest.approx(0.75)
    assert theory.utilisation(60.0, 0.05) == pytest.approx(3.0)
    assert theory.forced_flow(10.0, 2.5) == pytest.approx(25.0)
    assert theory.service_demand(2.5, 0.004) == pytest.approx(0.01)


def test_the_bottleneck_counts_servers():
    demands, servers = [0.010, 0.030, 0.012], [1, 4, 1]
    assert theory.bottleneck(demands) == 1
    assert theory.saturation_rate(demands) == pytest.approx(1 / 0.030)
    assert theory.bottleneck(demands, servers) == 2
    assert theory.saturation_rate(demands, servers) == pytest.approx(1 / 0.012)
    assert theory.bottleneck([0.0, 0.2, 0.2]) == 1


def test_the_saturation_population_is_where_the_asymptotes_cross():
    # one request takes 1 s in all with its thinking, the bottleneck serves 4 a second
    assert theory.saturation_population([0.25, 0.15], 0.6) == pytest.approx(4.0)
    assert theory.saturation_population([0.25, 0.15], 0.6, [5, 1]) == pytest.approx(1.0 / 0.15)
    assert theory.saturation_population([0.7]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.little_number(-1.0, 1.0), "^throughput must"),
        (lambda: theory.little_time(1.0, 0.0), "^throughput must"),
        (lambda: theory.little_throughput(1.0, 0.0), "^response_time must"),
        (lambda: theory.interactive_response_time(-1, 1.0, 0.0), "^users must"),
        (lambda: theory.utilisation(1.0, 1.0, 0), "^servers must"),
        (lambda: theory.forced_flow(1.0, -1.0), "^visits must"),
        (lambda: theory.service_demand(1.0, -1.0), "^service_time must"),
        (lambda: theory.bottleneck([]), "^demands must"),
        (lambda: theory.bottleneck([0.0, 0.0]), "^demands must"),
        (lambda: theory.saturation_rate([0.1, -0.1]), "^demands must"),
        (lambda: theory.saturation_rate([0.1, 0.1], [1]), "^servers must have 2"),
        (lambda: theory.saturation_rate([0.1], [0]), "^servers must"),
        (lambda: theory.saturation_population([0.1], -1.0), "^think_time must"),
    ],
)
def test_bad_parameters_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
