"""Rules 6.1 to 6.3: published vectors, an independent Philox, and what draws must not depend on."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from simulator.rules.randomness import child, mix, philox, uniform

ADDRESS_KEY = int.from_bytes(b"address!", "big")
REPLICATION_KEY = int.from_bytes(b"replicat", "big")

# Random123, tests/kat_vectors: philox2x64 10.
KNOWN = [
    ((0, 0), 0, (0xCA00A0459843D731, 0x66C24222C9A845B5)),
    ((2**64 - 1, 2**64 - 1), 2**64 - 1, (0x65B021D60CD8310F, 0x4D02F3222F86DF20)),
    ((0x243F6A8885A308D3, 0x13198A2E03707344), 0xA4093822299F31D0, (0x0A5E742C2997341C, 0xB0F883D38000DE5D)),
]
NUMBERS = [0, 1, 2**31, 2**32 - 1, 2**32, 0x0123456789ABCDEF, 2**63, 2**64 - 1]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers_of_the_authors(counter, key, answer, plain):
    assert philox(*counter, key) == answer
    assert plain.philox(counter, key) == answer
    assert plain.counter_of(answer, key) == counter


def test_philox_agrees_with_plain_python_everywhere(plain):
    rng = np.random.default_rng(1)
    for a, b, key in rng.integers(0, 2**64, size=(500, 3), dtype=np.uint64).tolist():
        assert philox(a, b, key) == plain.philox((a, b), key)


@pytest.mark.parametrize(("seed", "replication"), list(itertools.product(NUMBERS, repeat=2)))
def test_6_2_the_key_is_mixed_from_seed_and_replication(seed, replication, plain):
    assert mix(seed, replication) == plain.philox((seed, replication), REPLICATION_KEY)[0]


@pytest.mark.parametrize("parent", NUMBERS)
@pytest.mark.parametrize(("site", "index"), [(0, 0), (1, 0), (0, 1), (2**32 - 1, 7), (0xDEADBEEF, 2**32 - 1)])
def test_6_3_a_child_is_philox_with_a_fixed_key(parent, site, index, plain):
    assert child(parent, site, index) == plain.philox((parent, site * 2**32 + index), ADDRESS_KEY)[0]


@pytest.mark.parametrize("key", NUMBERS)
@pytest.mark.parametrize("address", NUMBERS)
def test_6_2_u_is_the_upper_52_bits_and_a_half(key, address, plain):
    for stream, k in [(0, 0), (5, 0), (0, 5), (2**32 - 1, 2**32 - 1)]:
        bits = plain.philox((address, stream * 2**32 + k), key)[0] >> 12
        assert uniform(key, address, stream, k) == (bits + 0.5) / 2**52


@pytest.mark.parametrize("key", [0, 0x0123456789ABCDEF])
def test_6_1_the_extremes_are_strictly_between_0_and_1(key, question):
    smallest = uniform(key, *question(key, 0))
    greatest = uniform(key, *question(key, 2**52 - 1))
    assert smallest == 2.0**-53
    assert greatest == 1.0 - 2.0**-53
    assert math.isfinite(math.log(smallest))
    assert math.isfinite(math.log1p(-greatest))


ADDRESS, STREAM = 0x0F1E2D3C4B5A6978, 0x1234567
AXES = {
    "replication": lambda key, n: [uniform(mix(1, i), ADDRESS, STREAM, 0) for i in range(n)],
    "seed": lambda key, n: [uniform(mix(i, 0), ADDRESS, STREAM, 0) for i in range(n)],
    "address": lambda key, n: [uniform(key, child(i, STREAM, 0), STREAM, 0) for i in range(n)],
    "neighbouring addresses": lambda key, n: [uniform(key, i, STREAM, 0) for i in range(n)],
    "stream": lambda key, n: [uniform(key, ADDRESS, i, 0) for i in range(n)],
    "k": lambda key, n: [uniform(key, ADDRESS, STREAM, i) for i in range(n)],
}


@pytest.mark.parametrize("axis", AXES)
def test_draws_along_every_axis_are_uniform_and_independent(axis):
    n = 40_000
    u = np.array(AXES[axis](mix(1, 0), n))
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    assert abs(u.mean() - 1 / 2) < 4.5 * math.sqrt(1 / 12 / n)
    assert abs(u.var() - 1 / 12) < 4.5 * math.sqrt((1 / 80 - 1 / 144) / n)
    for lag in (1, 2, 7):
        r = np.corrcoef(u[:-lag], u[lag:])[0, 1]
        assert abs(r) < 4.5 / math.sqrt(n)
    # pairs fill the square: chi-square over 16 x 16 cells
    cells = np.histogram2d(u[0::2], u[1::2], bins=16, range=[[0, 1], [0, 1]])[0]
    assert stats.chisquare(cells.ravel()).pvalue > 1e-4


def test_axes_are_independent_of_each_other():
    n = 20_000
    columns = np.array([AXES[axis](mix(1, 0), n) for axis in ("address", "stream", "k", "seed", "replication")])
    r = np.corrcoef(columns)
    assert np.abs(r[np.triu_indices(len(columns), 1)]).max() < 4.5 / math.sqrt(n)


def test_children_do_not_meet():
    seen = {child(p, s, i) for p in range(40) for s in range(40) for i in range(40)}
    assert len(seen) == 40**3
