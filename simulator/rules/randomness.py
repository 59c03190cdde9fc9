"""Addressed randomness (rules 6.1 to 6.4): a number for each question, whoever asks it and whenever.

The generator is Philox2x64-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011, with the known-answer vectors that its authors publish as a unit test.
"""

from __future__ import annotations

from ..machine_code.jit import float64, multiply_high, rule, uint64

MULTIPLIER, WEYL = 0xD2B74407B1CE6E93, 0x9E3779B97F4A7C15
ADDRESS_KEY = 0x6164647265737321
REPLICATION_KEY = 0x7265706C69636174
"""Fixed Philox keys that keep addresses and replications apart from draws: "address!", "replicat"."""


@rule("UniTuple(uint64, 2)(uint64, uint64, uint64)", inline=True)
def philox(c0, c1, key):
    """Ten rounds of Philox2x64: a 128-bit counter and a 64-bit key to 128 random bits."""
    for _ in range(10):
        c0, c1 = multiply_high(c0, uint64(MULTIPLIER)) ^ key ^ c1, c0 * uint64(MULTIPLIER)
        key += uint64(WEYL)
    return c0, c1


@rule("uint64(uint64, uint64)", alone=True)
def mix(seed: int, replication: int) -> int:
    """The key of one replication's draws."""
    return philox(seed, replication, uint64(REPLICATION_KEY))[0]


@rule("uint64(uint64, uint64, uint64)")
def child(parent: int, site: int, index: int) -> int:
    """The address of what `parent` does at `site` (32 bits) for the `index`-th time (32 bits).

    Neither seed nor replication is in an address: they are in the key of the draws.
    """
    return philox(parent, site << uint64(32) | index, uint64(ADDRESS_KEY))[0]


@rule("float64(uint64, uint64, uint64, uint64)")
def uniform(key: int, address: int, stream: int, k: int) -> float:
    """The `k`-th uniform number of a stream at an address, strictly between 0 and 1.

    52 bits and a half: (2**53 - 0.5) / 2**53 would round to 1, whose logarithm of the complement is infinite.
    """
    bits = philox(address, stream << uint64(32) | k, key)[0] >> uint64(12)
    return (float64(bits) + 0.5) * 2.0**-52
