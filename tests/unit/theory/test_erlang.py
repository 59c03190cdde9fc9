from itertools import islice

import pytest
from scipy import stats

from simulator.theory.erlang import erlang_b, erlang_c, lost_by_servers


@pytest.mark.parametrize(
    ("servers", "offered"),
    [(5, 1.361), (10, 4.461), (20, 12.03), (30, 20.34), (50, 37.90), (100, 84.06)],
)
def test_erlang_b_meets_the_printed_table_of_one_per_cent(servers, offered):
    # the standard table of offered traffic at a grade of service of 0.01, four digits
    assert erlang_b(offered, servers) == pytest.approx(0.01, rel=2e-3)


def test_erlang_b_of_ten_erlangs_on_ten_lines():
    assert erlang_b(10.0, 10) == pytest.approx(0.2146, abs=5e-5)


@pytest.mark.parametrize(
    ("offered", "servers"), [(0.3, 1), (7.0, 3), (80.0, 100), (9_900.0, 10_000), (10_500.0, 10_000)]
)
def test_erlang_b_is_a_poisson_number_cut_off(offered, servers):
    poisson = stats.poisson(offered)
    assert erlang_b(offered, servers) == pytest.approx(poisson.pmf(servers) / poisson.cdf(servers), rel=1e-8)


def test_erlang_c_of_two_erlangs_on_three_servers_is_four_ninths():
    assert erlang_c(2.0, 3) == pytest.approx(4.0 / 9.0, rel=1e-14)


@pytest.mark.parametrize(("offered", "servers"), [(0.9, 1), (1.5, 2), (95.0, 100), (9_950.0, 10_000)])
def test_erlang_c_against_its_definition_by_a_poisson_number(offered, servers):
    poisson = stats.poisson(offered)
    all_busy = poisson.pmf(servers) / (1.0 - offered / servers)
    assert erlang_c(offered, servers) == pytest.approx(all_busy / (poisson.cdf(servers - 1) + all_busy), rel=1e-8)


def test_nothing_offered():
    assert erlang_b(0.0, 0) == 1.0
    assert erlang_b(0.0, 3) == 0.0
    assert erlang_c(0.0, 3) == 0.0


def test_the_pairs_by_servers_are_those_of_the_formula():
    pairs = list(islice(lost_by_servers(2.5), 6))
    assert pairs == [(servers, erlang_b(2.5, servers)) for servers in range(1, 7)]


@pytest.mark.parametrize(
    ("formula", "offered", "servers", "message"),
    [
        (erlang_b, -1.0, 2, "offered_load"),
        (erlang_b, float("nan"), 2, "offered_load"),
        (erlang_b, 1.0, -1, "servers"),
        (erlang_b, 1.0, 1.5, "servers"),
        (erlang_b, 1.0, True, "servers"),
        (erlang_c, 1.0, 0, "servers"),
        (erlang_c, 2.0, 2, "unstable"),
        (erlang_c, float("inf"), 2, "offered_load"),
    ],
)
def test_bad_parameters_are_named(formula, offered, servers, message):
    with pytest.raises(ValueError, match=message):
        formula(offered, servers)
