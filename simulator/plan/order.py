"""The order of events at one instant: a property of the model, not of a library (rules 3.1 to 3.4).

Every event has the key (kind, workload, request, address, local). The key is total: two pending events of
one time and one key are an `EngineError`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class EventKind(IntEnum):
    """What happens first among events of one instant: the smaller first.

    0 and 1 are left to SimPy's own plumbing. A departure frees its place before an arrival is judged.
    """

    CONTROL = 2
    COMPLETION = 3
    REPLY = 4
    TIMER = 5
    GRANT = 6
    DELIVERY = 7
    ARRIVAL = 8


LOCAL_BITS: Final = 32
ADDRESS_BITS: Final = 64
REQUEST_BITS: Final = 64
WORKLOAD_BITS: Final = 16
KIND_SHIFT: Final = LOCAL_BITS + ADDRESS_BITS + REQUEST_BITS + WORKLOAD_BITS

LOCALS_PER_STEP: Final = 4
"""Local indices of a visit's events: a step's own is so many times its row in the program."""
PACK: Final = 1
UNPACK: Final = 2
"""Beside the own one of a call: its caller's work before and after."""
RECEIVE: Final = 2**32 - 2
RESPOND: Final = 2**32 - 1
"""The callee's work before and after all steps."""
END_OF_BACKOFF: Final = 1
END_OF_WAIT: Final = 2
END_OF_HEDGE: Final = 3
END_OF_PERMIT: Final = 4
"""Local indices of an attempt's timers, beside 0, the end of patience with its message."""
PLACE: Final = 1
"""The local index of a place in a bulkhead that is granted; that of a slot is 0."""


def base_key(workload: int, request: int, address: int) -> int:
    """The part of an event's key that says whose event it is, with room for kind and local index."""
    return ((workload << REQUEST_BITS | request) << ADDRESS_BITS | address) << LOCAL_BITS


def kind_key(kind: EventKind) -> int:
    """The part of an event's key that says what happens; `base_key + kind_key + local` is the whole."""
    return int(kind) << KIND_SHIFT
