from itertools import pairwise

from simulator.plan.order import EventKind, base_key, kind_key


def test_keys_compare_as_kind_workload_request_address_local():
    big = 2**64 - 1
    keys = [
        kind_key(kind) + base_key(workload, request, address) + local
        for kind in (EventKind.CONTROL, EventKind.REPLY, EventKind.ARRIVAL)
        for workload in (0, 1, 2**16 - 1)
        for request in (0, 1, big)
        for address in (0, 1, big)
        for local in (0, 1, 2**32 - 1)
    ]
    assert all(earlier < later for earlier, later in pairwise(keys))


def test_every_kind_leaves_room_for_simpys_own_events():
    assert min(EventKind) == 2
    assert kind_key(EventKind.CONTROL) > 1
