"""Rule 6.5: times by inversion, against scipy's quantiles; and the shared test of every distribution of the file."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from scipy import special, stats

import simulator as sim
from simulator.plan.layout import Dist
from simulator.rules.nanoseconds import all_nanoseconds
from simulator.rules.randomness import mix, uniform
from simulator.rules.variates import NEXT, normal_quantile, sample, sample_points

KEY, STREAM = mix(11, 2), 4711
# plain integers: an IntEnum takes the slow road into compiled code
CONSTANT, GAMMA, HYPEREXPONENTIAL = int(Dist.CONSTANT), int(Dist.GAMMA), int(Dist.HYPEREXPONENTIAL)
BELOW = stats.norm.cdf(-1 / 0.8)

INVERTED = {
    "exponential": (int(Dist.EXPONENTIAL), (3.0, 0.0, 0.0), stats.expon(scale=3.0)),
    "uniform": (int(Dist.UNIFORM), (2.0, 5.0, 0.0), stats.uniform(2.0, 5.0)),
    "normal": (int(Dist.NORMAL), (1.0, 0.8, BELOW), stats.truncnorm(-1 / 0.8, np.inf, loc=1.0, scale=0.8)),
    "lognormal": (int(Dist.LOGNORMAL), (-1.5, 0.7, 0.0), stats.lognorm(0.7, scale=math.exp(-1.5))),
    "weibull": (int(Dist.WEIBULL), (1 / 0.6, 4.0, 0.0), stats.weibull_min(0.6, scale=4.0)),
    "pareto": (int(Dist.PARETO), (1 / 2.5, 0.5, 0.0), stats.pareto(2.5, scale=0.5)),
}
FINITE = {
    "constant": (int(Dist.CONSTANT), (0.25, 0.0, 0.0)),
    "gamma": (int(Dist.GAMMA), (0.3, 2.0, 0.0)),
    "steep gamma": (int(Dist.GAMMA), (40.0, 0.1, 0.0)),
    "hyperexponential": (int(Dist.HYPEREXPONENTIAL), (0.9, 0.5, 4.5)),
    "wide normal": (int(Dist.NORMAL), (1.0, 1e9, 0.5 * math.erfc(1e-9 / math.sqrt(2.0)))),
    **{name: (kind, parameters) for name, (kind, parameters, _) in INVERTED.items()},
}


def test_normal_quantile_is_right_to_the_last_digits():
    middle = np.linspace(0.0005, 0.9995, 4_001)
    low = np.logspace(-300, -3, 3_000)
    high = 1.0 - np.logspace(-16, -3, 1_000)
    p = np.concatenate([middle[middle != 0.5], low, high[high < 1.0], [2.0**-53, 1.0 - 2.0**-53]])
    expected = special.ndtri(p)
    got = np.array([normal_quantile(x) for x in p.tolist()])
    assert np.abs(got / expected - 1.0).max() < 1e-13 + 4e-16
    assert normal_quantile(0.5) == 0.0


def test_normal_quantile_is_odd_and_ascends():
    p = np.linspace(1, 2**20 - 1, 9_999).round() / 2**20
    got = [normal_quantile(x) for x in p.tolist()]
    assert [-x for x in got] == [normal_quantile(1.0 - x) for x in p.tolist()]
    assert (np.diff(got) > 0).all()


@pytest.mark.parametrize("name", INVERTED)
def test_6_5_a_time_is_the_quantile_of_its_number(name):
    kind, parameters, law = INVERTED[name]
    u = np.array([uniform(KEY, address, STREAM, 3) for address in range(5_000)])
    drawn = np.array([sample(kind, *parameters, KEY, address, STREAM, 3) for address in range(5_000)])
    # scipy's quantile of the cut normal has fewer digits than ours near the cut
    np.testing.assert_allclose(drawn, law.ppf(u), rtol=1e-9 if name == "normal" else 2e-13, atol=1e-15)


def test_what_a_uniform_number_lacks_to_1_is_exact(question):
    """So its logarithm is that of the number, and no digit is lost near 0."""
    numbers = [uniform(KEY, *question(KEY, bits)) for bits in (0, 1, 2**51, 2**52 - 2, 2**52 - 1)]
    numbers += [uniform(KEY, address, STREAM, 0) for address in range(1_000)]
    assert all(Fraction(1.0 - u) == 1 - Fraction(u) for u in numbers)


def test_a_constant_is_itself():
    assert sample(CONSTANT, 0.125, 7.0, 7.0, KEY, 1, 2, 3) == 0.125


@pytest.mark.parametrize("name", FINITE)
def test_every_time_is_finite_and_not_negative_at_both_ends(name, question):
    kind, parameters = FINITE[name]
    for bits in (0, 1, 2**52 - 2, 2**52 - 1):
        time = sample(kind, *parameters, KEY, *question(KEY, bits))
        assert math.isfinite(time)
        assert time >= 0.0


@pytest.mark.parametrize("kind", [int(Dist.QUANTILES), int(Dist.VALUES)])
def test_a_law_of_points_is_not_sampled_without_them(kind):
    assert math.isnan(sample(kind, 1.0, 1.0, 1.0, KEY, 1, 2, 3))


def moments_agree(drawn: np.ndarray, mean: float, variance: float) -> None:
    """Mean and variance within 5 standard errors; that of the variance from the fourth moment of the sample."""
    n = drawn.size
    assert abs(drawn.mean() - mean) < 5.0 * math.sqrt(variance / n)
    fourth = np.mean((drawn - drawn.mean()) ** 4)
    assert abs(drawn.var() - variance) < 5.0 * math.sqrt((fourth - variance**2) / n)


@pytest.mark.parametrize(("shape", "scale"), [(0.25, 4.0), (0.999, 1.0), (1.0, 2.0), (6.25, 0.16), (100.0, 0.01)])
def test_gamma_follows_its_law(shape, scale):
    n = 100_000
    drawn = np.array([sample(GAMMA, shape, scale, 0.0, KEY, address, STREAM, 0) for address in range(n)])
    law = stats.gamma(shape, scale=scale)
    assert stats.kstest(drawn, law.cdf).pvalue > 1e-4
    moments_agree(drawn, law.mean(), law.var())


@pytest.mark.parametrize("cv", [1.01, 2.0, 4.0])
def test_hyperexponential_follows_its_law(cv):
    n = 100_000
    share = (1.0 + math.sqrt((cv**2 - 1.0) / (cv**2 + 1.0))) / 2.0
    fast, slow = 1.0 / (2.0 * share), 1.0 / (2.0 * (1.0 - share))
    parameters = (share, fast, slow)
    drawn = np.array([sample(HYPEREXPONENTIAL, *parameters, KEY, address, STREAM, 0) for address in range(n)])

    def cdf(x):
        return share * -np.expm1(-x / fast) + (1.0 - share) * -np.expm1(-x / slow)

    assert stats.kstest(drawn, cdf).pvalue > 1e-4
    moments_agree(drawn, 1.0, cv**2)


def test_hyperexponential_takes_a_second_number_for_the_phase():
    for address in range(200):
        phase = 1.0 if uniform(KEY, address, STREAM, 4) < 0.6 else 10.0
        expected = -phase * math.log(1.0 - uniform(KEY, address, STREAM, 4 + NEXT))
        assert sample(HYPEREXPONENTIAL, 0.6, 1.0, 10.0, KEY, address, STREAM, 4) == expected


def test_the_numbers_of_one_draw_are_not_those_of_the_next():
    """Draws k = 0, 1, 2 at one address are independent, also of laws that take several numbers each."""
    n = 5_000
    columns = np.array(
        [[sample(GAMMA, 0.5, 1.0, 0.0, KEY, address, STREAM, k) for address in range(n)] for k in range(3)]
    )
    r = np.corrcoef(np.log(columns))
    assert np.abs(r[np.triu_indices(3, 1)]).max() < 4.5 / math.sqrt(n)


PROBABILITY = [0.0, 0.5, 0.99, 1.0]
VALUE = [1.0, 4.0, 20.0, 50.0]


def points_of(probability, value, between):
    """From u to the time of a law given by points, which are in the middle of a table that is not theirs alone."""
    table = np.array([9.9, *probability, -1.0, -1.0, *value, 9.9])
    table.setflags(write=False)
    return lambda u: sample_points(table, 1, len(probability) + 3, len(value), between, u)


def test_quantiles_are_linear_between():
    time = points_of(PROBABILITY, VALUE, True)
    for u in np.linspace(0.0005, 0.9995, 999).tolist():
        assert math.isclose(time(u), np.interp(u, PROBABILITY, VALUE), rel_tol=1e-13)
    assert time(0.5) == 4.0


def test_two_equal_quantiles_are_an_atom():
    time = points_of([0.0, 0.25, 0.75, 1.0], [1.0, 2.0, 2.0, 3.0], True)
    assert [time(u) for u in (0.25, 0.3, 0.7)] == [2.0] * 3
    assert time(0.875) == 2.5


def test_each_value_has_an_equal_share():
    time = points_of([0.0] * 4, [1.0, 2.0, 2.0, 3.0], False)
    assert time(2.0**-53) == 1.0
    assert time(1.0 - 2.0**-53) == 3.0
    assert [time(u) for u in (0.24, 0.25, 0.5, 0.75)] == [1.0, 2.0, 2.0, 3.0]


def test_the_points_may_be_in_a_table_that_can_be_written():
    table = np.array([0.0, 1.0, 3.0, 5.0])
    assert sample_points(table, 0, 2, 2, True, 0.25) == 3.5
    table[3] = 7.0
    assert sample_points(table, 0, 2, 2, True, 0.25) == 4.0


# -- the shared test: what the plan says of a distribution is what comes out of it

WRITTEN = {
    "constant": "{dist: constant, value: 5ms}",
    "bare": "5ms",
    "exponential": "{dist: exponential, mean: 12ms}",
    "exponential by p99": "{dist: exponential, p99: 50ms}",
    "uniform": "{dist: uniform, min: 2ms, max: 9ms}",
    "normal": "{dist: normal, mean: 5ms, cv: 0.2}",
    "normal far over the cut": "{dist: normal, mean: 5ms, cv: 1.5}",
    "lognormal": "{dist: lognormal, mean: 3ms, cv: 0.8}",
    "lognormal by percentiles": "{dist: lognormal, p50: 6ms, p99: 25ms}",
    "gamma": "{dist: gamma, mean: 4ms, cv: 0.5}",
    "wide gamma": "{dist: gamma, mean: 4ms, cv: 1.7}",
    "weibull": "{dist: weibull, mean: 4ms, cv: 0.7}",
    "wide weibull": "{dist: weibull, mean: 4ms, cv: 1.5}",
    "weibull by percentiles": "{dist: weibull, p50: 6ms, p95: 20ms}",
    "pareto": "{dist: pareto, mean: 4ms, cv: 0.25}",
    "heavy pareto": "{dist: pareto, mean: 4ms, cv: 3}",
    "pareto by percentiles": "{dist: pareto, p50: 6ms, p99: 9ms}",
    "hyperexponential": "{dist: hyperexponential, mean: 4ms, cv: 2}",
    "hyperexponential of cv 1": "{dist: hyperexponential, mean: 4ms, cv: 1}",
    "quantiles": "{dist: empirical, quantiles: {p0: 1ms, p50: 4ms, p99: 20ms, p100: 50ms}}",
    "file": "{dist: empirical, file: sample.csv}",
}
HEAVY = {"heavy pareto"}
"""Laws without a fourth moment: no standard error of the variance, and a slow mean."""

SCIPY = {
    "lognormal by percentiles": {0.5: 6e-3, 0.99: 25e-3},
    "weibull by percentiles": {0.5: 6e-3, 0.95: 20e-3},
    "pareto by percentiles": {0.5: 6e-3, 0.99: 9e-3},
    "exponential by p99": {0.99: 50e-3},
    "quantiles": {0.5: 4e-3, 0.99: 20e-3},
}


@pytest.fixture(scope="module")
def draw(tmp_path_factory):
    """Name to (row of the plan, n draws by the rules as an engine makes them)."""
    from simulator.engines.reference.draws import make_draw

    base = tmp_path_factory.mktemp("files")
    (base / "sample.csv").write_text("value_s\n0.001\n0.002\n0.002\n0.01\n")

    def sampler(name, n, slow=1):
        law = re.sub(r"\b([0-9.]+)(ms|us|s)\b", lambda time: f"{float(time[1]) * slow}{time[2]}", WRITTEN[name])
        text = f"services: {{a: {{steps: [{{sleep: {law}}}]}}}}\nworkload: {{call: a, rate: 1/s}}"
        table = sim.compile(sim.loads(text, base=base)).distributions
        row = next(r for r in range(len(table.kind)) if table.mean[r] > 0.0)
        one = make_draw(table, row, KEY)
        return table, row, np.array([one(address, STREAM, 0) for address in range(n)])

    return sampler


@pytest.mark.parametrize("name", WRITTEN)
def test_a_distribution_has_the_mean_and_variance_that_its_row_says(name, draw):
    table, row, drawn = draw(name, 100_000)
    mean, variance = float(table.mean[row]), float(table.variance[row])
    assert drawn.min() >= 0.0
    if variance == 0.0:
        assert set(drawn.tolist()) == {mean}
    elif name in HEAVY:
        # alpha = 1 + sqrt(1 + 1/9) = 2.05: compare what is below a high quantile, which has all moments
        share, minimum = float(table.p0[row]), float(table.p1[row])
        law = stats.pareto(1.0 / share, scale=minimum)
        assert math.isclose(law.mean(), mean, rel_tol=1e-12)
        assert math.isclose(law.std(), 3.0 * mean, rel_tol=1e-9)
        assert stats.kstest(drawn, law.cdf).pvalue > 1e-4
    else:
        moments_agree(drawn, mean, variance)


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "file"])
def test_1_4_twice_as_long_a_law_is_twice_as_long_to_a_nanosecond(name, draw):
    """Each is rounded: twice a half is one."""
    fast, slow = (all_nanoseconds(draw(name, 5_000, times)[2]) for times in (1, 2))
    assert np.abs(slow - 2 * fast).max() <= 1


@pytest.mark.parametrize("name", SCIPY)
def test_a_distribution_has_the_percentiles_it_was_given(name, draw):
    _, _, drawn = draw(name, 40_000)
    for probability, value in SCIPY[name].items():
        below = np.mean(drawn <= value)
        assert abs(below - probability) < 4.5 * math.sqrt(probability * (1 - probability) / drawn.size)


def test_the_mean_and_cv_of_the_file_are_those_of_the_row(draw):
    for name, mean, cv in [("lognormal", 3e-3, 0.8), ("wide gamma", 4e-3, 1.7), ("wide weibull", 4e-3, 1.5)]:
        table, row, _ = draw(name, 1)
        assert math.isclose(table.mean[row], mean, rel_tol=1e-12)
        assert math.isclose(math.sqrt(table.variance[row]) / table.mean[row], cv, rel_tol=1e-12)
