"""Addressed randomness (rules 6.1 to 6.4): a number for each question, whoever asks it and whenever.

The generator is Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
SC 2011, with the known-answer vectors that its authors publish as a unit test.
"""

from __future__ import annotations

from .jit import float64, rule, uint32, uint64

ADDRESS_KEY = (0x61646472, 0x65737321)
REPLICATION_KEY = (0x7265706C, 0x69636174)
"""Fixed Philox keys that keep addresses and replications apart from draws: "address!", "replicat"."""


@rule("UniTuple(uint32, 4)(uint32, uint32, uint32, uint32, uint32, uint32)", inline=True)
def philox(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32: a 128-bit counter and a 64-bit key to 128 random bits."""
    for _ in range(10):
        left = uint64(0xD2511F53) * uint64(c0)
        right = uint64(0xCD9E8D57) * uint64(c2)
        c0, c2 = (
            uint32(uint32(right >> uint64(32)) ^ c1 ^ k0),
            uint32(uint32(left >> uint64(32)) ^ c3 ^ k1),
        )
        c1, c3 = uint32(right), uint32(left)
        k0 = uint32(k0 + uint32(0x9E3779B9))
        k1 = uint32(k1 + uint32(0xBB67AE85))
    return c0, c1, c2, c3


@rule("uint64(uint64, uint64)")
def mix(seed: int, replication: int) -> int:
    """The key of one replication's draws."""
    r0, r1, _, _ = philox(
        uint32(seed),
        uint32(seed >> uint64(32)),
        uint32(replication),
        uint32(replication >> uint64(32)),
        uint32(REPLICATION_KEY[0]),
        uint32(REPLICATION_KEY[1]),
    )
    return (uint64(r1) << uint64(32)) | uint64(r0)


@rule("uint64(uint64, uint64, uint64)")
def child(parent: int, site: int, index: int) -> int:
    """The address of what `parent` does at `site` (32 bits) for the `index`-th time (32 bits).

    Neither seed nor replication is in an address: they are in the key of the draws.
    """
    r0, r1, _, _ = philox(
        uint32(parent),
        uint32(parent >> uint64(32)),
        uint32(site),
        uint32(index),
        uint32(ADDRESS_KEY[0]),
        uint32(ADDRESS_KEY[1]),
    )
    return (uint64(r1) << uint64(32)) | uint64(r0)


@rule("float64(uint64, uint64, uint64, uint64)")
def uniform(key: int, address: int, stream: int, k: int) -> float:
    """The `k`-th uniform number of a stream at an address, strictly between 0 and 1.

    52 bits and a half: (2**53 - 0.5) / 2**53 would round to 1, whose logarithm of the complement is infinite.
    """
    r0, r1, _, _ = philox(
        uint32(address),
        uint32(address >> uint64(32)),
        uint32(stream),
        uint32(k),
        uint32(key),
        uint32(key >> uint64(32)),
    )
    bits = ((uint64(r1) << uint64(32)) | uint64(r0)) >> uint64(12)
    return (float64(bits) + 0.5) * 2.0**-52
