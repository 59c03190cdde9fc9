"""The suite is judged: each of these bugs, planted into a copy of the compiled engine, is found by a few cases."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import planting
import pytest
import twins
from features import FEATURES, compose, rarely_asked, sleepers
from generator import random_case
from lattice import TOPOLOGIES, lattice_case

from simulator.engines.compiled.features import features_of
from simulator.engines.reference import ReferenceEngine
from simulator.plan.engine import Engine

BUGS: list[tuple[str, str, str, str, str]] = [
    # settling
    (
        "a message that is rejected is never done with",
        "calls.py",
        "            nothing_begins(log, exchange.request)\n        fail_with(exchange, REJECTED)",
        "            pass\n        fail_with(exchange, REJECTED)",
        "lost sends and stuck breakers",
    ),
    (
        "a visit that dies in the queue has worked",
        "failures.py",
        "if not visit.awaited and task.row:",
        "if not visit.awaited:",
        "what outlives its request",
    ),
    (
        "what is sent inside a process is never done",
        "calls.py",
        "    else:\n        handler_ends(log, inner.request)",
        "    else:\n        pass",
        "what outlives its request, in one process",
    ),
    (
        "who is given up is forgotten",
        "deadlines.py",
        "exchange.references > 1:",
        "exchange.references > 2:",
        "what outlives its request",
    ),
    (
        "what is lost is waited for",
        "deadlines.py",
        "exchange.references > 1:",
        "exchange.references > 0:",
        "slow steps and a bad network",
    ),
    (
        "settled when it is answered",
        "settling.py",
        "    if request.open > 0:",
        "    if request.open > 1:",
        "what outlives its request",
    ),
    # calendar.py
    (
        "addresses are signed",
        "calendar.py",
        "uint64(one.address), uint64(other.address)",
        "one.address, other.address",
        "timeouts against answers",
    ),
    (
        "a visit's place before the request",
        "calendar.py",
        "if head >> WORKLOAD_SHIFT != other_head >> WORKLOAD_SHIFT:",
        "if head != other_head:",
        "slots granted while others arrive",
    ),
    (
        "the later request first",
        "calendar.py",
        "return request < other_request",
        "return request > other_request",
        "slots, first come",
    ),
    ("no heap after clearing out", "calendar.py", "range((kept - 2) >> 1, -1, -1)", "range(0)", "shared cores"),
    (
        "a parent is left out in clearing out",
        "calendar.py",
        "range((kept - 2) >> 1, -1, -1)",
        "range((kept - 4) >> 1, -1, -1)",
        "shared cores",
    ),
    (
        "the last event is never below",
        "calendar.py",
        "if below + 1 < size:",
        "if below + 2 < size:",
        "cores, exactly full",
    ),
    # kernel.py
    (
        "edges after the events of their instant",
        "kernel.py",
        "when > time or",
        "when >= time or",
        "cores, exactly full",
    ),
    ("an edge at the very end", "kernel.py", "when >= world.end", "when > world.end", "no drain"),
    (
        "the owner goes on before its core",
        "events.py",
        'end_work(task: Task) -> Task:\n    """A core has done a task\'s work."""\n    hand_on(task)\n'
        "    book_work(task)\n",
        "end_work(log: Words, task: Task) -> Task:\n    from .kernel import go_on\n\n    book_work(task)\n"
        "    it = go_on(log, task.stage, task)\n    hand_on(task)\n    return it\n",
        "timeouts against answers",
    ),
    ("late answers are events", "events.py", "exchange.world.events -= 1", "pass", "timeouts against answers"),
    ("a pause forgets who is to go on", "kernel.py", "world.task = task", "world.task = NOBODY", "shared cores"),
    (
        "edges are looked at at the end",
        "kernel.py",
        "min(world.edges[edge], world.end)",
        "world.end",
        "cores, exactly full",
    ),
    (
        "the agenda keeps its first only",
        "kernel.py",
        "world.agenda = task.next",
        "world.agenda = NOBODY",
        "even stages and nested parallel",
    ),
    # calls.py
    (
        "an answer is lost with its message",
        "calls.py",
        "call.loss_stream, 1)",
        "call.loss_stream, 0)",
        "lost sends and stuck breakers",
    ),
    (
        "an answer takes as long as its message",
        "calls.py",
        "address, stream, 1)",
        "address, stream, 0)",
        "link errors and deadline",
    ),
    (
        "a late answer is heard",
        "calls.py",
        "    fail_with(exchange, TIMEOUT)",
        "    exchange.awaited = task\n    fail_with(exchange, TIMEOUT)",
        "timeouts against answers",
    ),
    (
        "the first step has the stream of latencies",
        "calls.py",
        "address, first.stream, 0)",
        "address, stream, 0)",
        "frail and all guards",
    ),
    ("a timer is not cancelled", "calls.py", "cancel(exchange.timer)", "pass", "timeouts against answers"),
    (
        "a call is served after its timeout",
        "calls.py",
        "fail_with(exchange, TIMEOUT)\n    exchange.served = False",
        "fail_with(exchange, TIMEOUT)",
        "packing and unpacking",
    ),
    (
        "a timer is no sooner than a message",
        "calls.py",
        "schedule_message(end, TIMER,",
        "schedule_message(end, DELIVERY,",
        "patience ends while others arrive",
    ),
    (
        "a slot is no sooner than a message",
        "slots.py",
        "now, GRANT,",
        "now, GRANT + (1 << 48),",
        "patience ends while others arrive",
    ),
    (
        "one place more in a queue",
        "calls.py",
        "replica.queued >= places",
        "replica.queued > places",
        "lost sends and stuck breakers",
    ),
    (
        "one slot more",
        "calls.py",
        "replica.in_progress < slots",
        "replica.in_progress <= slots",
        "pools that wait for each other",
    ),
    ("the last comes last", "slots.py", "not first or replica.unit.lifo", "not first", "slots, last come"),
    (
        "a failure keeps its slot",
        "calls.py",
        "    release_slot(task.replica)",
        "    if cause == OK:\n        release_slot(task.replica)",
        "slots, first come",
    ),
    (
        "who gets a slot still waits",
        "slots.py",
        "change(task.service.waiting, now, -1)",
        "pass",
        "pools that wait for each other",
    ),
    (
        "sends are never answered",
        "calls.py",
        "        count_at_replica(exchange, -1)",
        "        pass",
        "slots granted while others arrive",
    ),
    ("a failure inside is lost", "calls.py", "caller.cause = cause", "pass", "monolith and handler errors"),
    ("nobody refers to a message", "calls.py", "    exchange.references += 1\n", "    pass\n", "cores, exactly full"),
    (
        "a request ends before its messages",
        "calls.py",
        "    request.references += 1\n",
        "    pass\n",
        "cores, exactly full",
    ),
    # life.py
    (
        "an answer is unpacked as a message",
        "life.py",
        "call.serialization_stream, 3)",
        "call.serialization_stream, 1)",
        "failing repetition and users",
    ),
    (
        "an answer from within a repetition",
        "life.py",
        "    task.address = exchange.address\n",
        "    pass\n",
        "failing repetition and users",
    ),
    ("a repetition never ends", "life.py", "task.address = outer", "pass", "lossy send and rate limit"),
    (
        "every branch is critical",
        "branches.py",
        "    if task.remaining == 0:\n        move_ledger(branch.ledger, task.ledger)\n",
        "    move_ledger(branch.ledger, task.ledger)\n    if task.remaining == 0:\n",
        "shared cores",
    ),
    (
        "the last failure of branches",
        "branches.py",
        "if task.cause == OK:",
        "if branch.cause != OK:",
        "branches that end together",
    ),
    (
        "the last branch makes up for a failure",
        "branches.py",
        "if task.cause == OK:",
        "if True:",
        "branches that end together",
    ),
    (
        "the answer of a send is packed",
        "life.py",
        "not law or exchange.detached",
        "not law",
        "slow steps and a bad network",
    ),
    (
        "what failed may fail again",
        "life.py",
        "task.cause == OK and happens",
        "happens",
        "branches that fail one after the other",
    ),
    (
        "a timed-out call is never answered",
        "life.py",
        "    count_at_replica(exchange, -1)\n",
        "    if exchange.served:\n        count_at_replica(exchange, -1)\n",
        "replicas that tie",
    ),
    (
        "a fallback degrades nobody",
        "life.py",
        "        task.visit.grade = DEGRADED\n",
        "",
        "lost sends and stuck breakers",
    ),
    ("who calls the degraded is not", "calls.py", "task.visit.grade = DEGRADED", "pass", "frail and all guards"),
    # attempts.py
    (
        "all tries at one address",
        "attempts.py",
        "task.call.site, guarded.tries)",
        "task.call.site, 0)",
        "tries that wait, time out and fail together",
    ),
    (
        "a breaker is told nothing",
        "attempts.py",
        "        tell(world.integers",
        "        pass  # tell(world.integers",
        "lost sends and stuck breakers",
    ),
    (
        "all replicas have one breaker",
        "attempts.py",
        "breaker + caller * policy.breaker_words",
        "breaker",
        "lost sends and stuck breakers",
    ),
    (
        "a re-try is active for ever",
        "attempts.py",
        "            budget.retries -= 1\n",
        "            pass\n",
        "tries that wait, time out and fail together",
    ),
    (
        "nobody waits for a place twice",
        "attempts.py",
        "bulkhead.first = following.next",
        "pass",
        "tries that wait, time out and fail together",
    ),
    (
        "who waits last is forgotten",
        "attempts.py",
        "        bulkhead.last = before",
        "        pass",
        "tries that wait, time out and fail together",
    ),
    (
        "who has a place gives up",
        "attempts.py",
        "cancel(following.timer)",
        "pass",
        "tries that wait, time out and fail together",
    ),
    (
        "a place is kept",
        "attempts.py",
        "        leave_bulkhead(guarded.bulkhead)",
        "        pass",
        "tries that wait, time out and fail together",
    ),
    ("the wait before is forgotten", "attempts.py", "    guarded.wait = wait\n", "", "frail and decorrelated retries"),
    (
        "patience starts with the wait",
        "attempts.py",
        "    exchange.start = now\n",
        "",
        "tries that wait, time out and fail together",
    ),
    (
        "a wait outlasts the call",
        "attempts.py",
        "end = min(now + wait, guarded.deadline)",
        "end = now + wait",
        "tries that wait, time out and fail together",
    ),
    (
        "a call begins with its last try",
        "attempts.py",
        "guarded.start)",
        "task.exchange.start)",
        "tries that wait, time out and fail together",
    ),
    (
        "tries have no number",
        "attempts.py",
        "    number_attempt(log, exchange, guarded.tries)\n",
        "",
        "tries that wait, time out and fail together",
    ),
    ("a permit at once", "attempts.py", "    if when == now:", "    if when >= now:", "lossy send and rate limit"),
    (
        "patience beyond what is known",
        "attempts.py",
        "min(world.now + patience, deadline_of(task))",
        "world.now + patience",
        "chain and drawn patience",
    ),
    # hedges.py
    (
        "the lost is judged",
        "hedges.py",
        "close_try(guarded, loser, False)",
        "close_try(guarded, loser, True)",
        "overload and hedge with all guards",
    ),
    (
        "the lost is still unanswered",
        "hedges.py",
        "    count_at_replica(loser, -1)\n",
        "",
        "overload and hedge with all guards",
    ),
    (
        "the lost still has its time",
        "hedges.py",
        "        cancel(loser.timer)\n        loser.timer = NOBODY\n",
        "        pass\n",
        "overload and hedge with all guards",
    ),
    ("work for the lost is wanted", "hedges.py", "    forsake(loser)\n", "", "overload and hedge with all guards"),
    (
        "the first to fail decides",
        "hedges.py",
        "    task.exchange = other\n    return False",
        "    return True",
        "overload and hedge with all guards",
    ),
    ("nothing was lost before a second try", "hedges.py", "retry == Retry.HEDGE", "retry == -1", "failures and hedge"),
    (
        "the budget knows of no second try",
        "hedges.py",
        "    if not may_retry(guarded):\n        return\n",
        "",
        "overload and hedge with all guards",
    ),
    (
        "a second try after the end",
        "hedges.py",
        "        cancel(guarded.hedge_timer)\n",
        "        pass\n",
        "failures and hedge",
    ),
    # deadlines.py
    (
        "the far above do not count",
        "deadlines.py",
        "        exchange = exchange.above\n",
        "        exchange = 0\n",
        "tries that wait, time out and fail together",
    ),
    (
        "all of a step is wasted",
        "deadlines.py",
        "world.now, max(awaited_until(task.visit), started)",
        "world.now, started",
        "timeouts against answers",
    ),
    (
        "a deadline passes later",
        "deadlines.py",
        "world.now >= deadline_of",
        "world.now > deadline_of",
        "deadlines that pass when a step would begin",
    ),
    ("a deadline is not inherited", "deadlines.py", "        exchange.deadline = above.deadline\n", "", "random 16"),
    (
        "nobody refers to who is above",
        "deadlines.py",
        "        above.references += 1\n",
        "        pass\n",
        "pools that wait for each other",
    ),
    ("waste of shared cores is whole", "deadlines.py", "task.work / (now - started)", "1.0", "deaths among tries"),
    (
        "a callee knows of no deadline",
        "calls.py",
        "        exchange.deadline = end\n",
        "        pass\n",
        "deadlines that pass when a step would begin",
    ),
    (
        "who comes too late works",
        "stations.py",
        "end, action = now, Action.DROPPED",
        "end, action = now + 1_000_000, Action.DROPPED",
        "chain and drawn patience",
    ),
    (
        "one is forsaken at a time",
        "deadlines.py",
        "world.forsaken += 1",
        "world.forsaken = 1",
        "timeouts against answers",
    ),
    (
        "who is not forsaken counts as such",
        "memory.py",
        "            world.forsaken -= exchange.ended < NEVER\n",
        "            world.forsaken -= 1 if world.forsaken > 0 else 0\n",
        "timeouts against answers",
    ),
    ("sends are not limited", "calls.py", "limiter != 0 and acquire", "False and acquire", "lossy send and rate limit"),
    (
        "a balancer compares as many as any",
        "calls.py",
        "        unit.choices,\n",
        "        2 if unit.choices > 0 else unit.choices,\n",
        "replicas that tie",
    ),
    (
        "who was drawn is drawn again",
        "calls.py",
        "        unit.balancer,\n",
        "        unit.balancer & 3,\n",
        "replicas that tie",
    ),
    (
        "a balancer forgives nobody",
        "calls.py",
        "    sweep(unit.integers, unit.floats, unit.detector, unit.board, unit.world.now)\n",
        "    pass\n",
        "rarely asked",
    ),
    (
        "breakers of the first service",
        "guards.py",
        "board=boards)",
        "board=boards, target=0)",
        "lost sends and stuck breakers",
    ),
    ("tries at the caller's", "recorder.py", "+ target.row] += 1", "] += 1", "cores, exactly full"),
    # stations.py
    (
        "one core more",
        "stations.py",
        "replica.busy < replica.cores",
        "replica.busy <= replica.cores",
        "cores, exactly full",
    ),
    (
        "virtual time stands at a join",
        "stations.py",
        "    go_to(replica, virtual)\n    task.due",
        "    replica.since = now\n    task.due",
        "shared cores",
    ),
    (
        "virtual time never begins again",
        "stations.py",
        "virtual if replica.jobs > 0 else 0.0",
        "virtual",
        "shared cores",
    ),
    (
        "work is cut off",
        "stations.py",
        "task.work = nanoseconds(seconds)",
        "task.work = int(seconds * 1e9)",
        "packing and unpacking",
    ),
    ("a latency is cut off", "calls.py", "return nanoseconds(draw(", "return int(1e9 * draw(", "deaths among tries"),
    (
        "shared cores by real time",
        "stations.py",
        "present(replica, task), virtual, -1)",
        "present(replica, task), float(now), -1)",
        "shared cores",
    ),
    (
        "jobs by their ends only",
        "stations.py",
        "if due != other_due:",
        "if True:",
        "shared cores whose jobs end together",
    ),
    (
        "jobs by signed addresses",
        "stations.py",
        "(address < other_address) == ((address < 0) == (other_address < 0))",
        "address < other_address",
        "shared cores whose jobs end together",
    ),
    ("an end of shared cores too many", "stations.py", "cancel(replica.next_end)", "pass", "shared cores"),
    # arrivals.py, record.py, memory.py
    ("a request in the next bin", "arrivals.py", "min(world.edge,", "min(world.edge + 1,", "cores, exactly full"),
    ("a user is hashed as a request", "arrivals.py", "workload.stream, 1)", "workload.stream, 0)", "users in step"),
    (
        "a user thinks from the start",
        "arrivals.py",
        "    user.ended = now\n",
        "    pass\n",
        "failing repetition and users",
    ),
    (
        "equal times of a replay are one",
        "arrivals.py",
        "    workload.replayed = at.following\n",
        "    twice = at.following != workload.last_replayed and at.following.time == at.time\n"
        "    workload.replayed = at.following.following if twice else at.following\n",
        "shared cores",
    ),
    (
        "a request at the horizon",
        "arrivals.py",
        "if time < world.horizon:\n        address",
        "if time <= world.horizon:\n        address",
        "cores, exactly full",
    ),
    ("a ramp has its last arrival", "arrivals.py", "ahead >= ramp.after", "ahead > ramp.after", "stages"),
    (
        "the entries of the first workload",
        "arrivals.py",
        "workload.first_entry + entry",
        "entry",
        "cores, exactly full",
    ),
    (
        "visits in the bin of their end",
        "recorder.py",
        "begun * world.service_count + service.row) * VISITS",
        "min(world.edge, world.edge_count - 2) * world.service_count + service.row) * VISITS",
        "cores, exactly full",
    ),
    (
        "sends in the bin of their end",
        "recorder.py",
        "begun = exchange.request.bin\n    return (begun *",
        "world = exchange.world\n    return (min(world.edge, world.edge_count - 2) *",
        "lost sends and stuck breakers",
    ),
    (
        "a page has one row more",
        "recorder.py",
        "row + PAGE_ROWS * words",
        "row + PAGE_ROWS * words + words",
        "cores, exactly full",
    ),
    ("jobs on shared cores all wait", "recorder.py", "+ (sharing - shared)", "+ sharing", "shared cores"),
    ("a ledger ends too early", "memory.py", "taker.last = giver.last", "pass", "cores, exactly full"),
    (
        "an exchange is reused too early",
        "memory.py",
        "exchange.references == 0",
        "exchange.references <= 1",
        "cores, exactly full",
    ),
    (
        "a lost send is on its way",
        "calls.py",
        "        send_ends(exchange, LOST)\n",
        "",
        "lost sends and stuck breakers",
    ),
    ("nobody is chosen", "calls.py", "    replica.chosen += 1\n", "", "cores, exactly full"),
    (
        "a send has no end",
        "recorder.py",
        "    send_ends(exchange, exchange.outcome)\n",
        "",
        "lost sends and stuck breakers",
    ),
    # last.py, image.py, engine.py, trace.py
    ("who has a timeout waits for ever", "last.py", " and not exchange.timer", "", "pools that wait for each other"),
    (
        "who waits for who waits does not",
        "last.py",
        "        yield Wait(",
        "        exchange = 0\n        yield Wait(",
        "pools that wait for each other",
    ),
    (
        "all services of a unit are its first",
        "image.py",
        "each(np.bincount(unit, minlength=len(plan.units)))[1]",
        "0",
        "shared unit and link errors",
    ),
    (
        "each ramp begins with the first arrival",
        "image.py",
        'w.ramp_start_s.size), "ramp_")',
        'w.ramp_start_s.size), "ramp_", before=0.0 * w.ramp_before)',
        "stages",
    ),
    (
        "places of calls run into the next step's",
        "image.py",
        "LOCALS_PER_STEP * np.arange(p.op.size)",
        "np.arange(p.op.size)",
        "an answer is unpacked while a step ends",
    ),
    (
        "half of the heap moves",
        "engine.py",
        "memory[top : top + PLACE * size] = memory[heap : heap + PLACE * size]",
        "memory[top : top + size] = memory[heap : heap + size]",
        "sleepers",
    ),
    # faults.py
    (
        "a fault acts at its end",
        "faults.py",
        "time < fault.until",
        "time <= fault.until",
        "slow steps and a bad network",
    ),
    (
        "one replica more is aborted",
        "faults.py",
        "ABORT and exchange.replica.number < fault.replicas",
        "ABORT and exchange.replica.number <= fault.replicas",
        "slow steps and a bad network",
    ),
    (
        "only the first delay",
        "faults.py",
        "latency = min(latency + fault.delay, NEVER)",
        "return latency + fault.delay",
        "slow steps and a bad network",
    ),
    (
        "who waited for a core is never slow",
        "stations.py",
        "start(replica, following, True)",
        "start(replica, following, False)",
        "slow steps and a bad network",
    ),
    (
        "slow steps are as slow as the last fault",
        "faults.py",
        "seconds *= fault",
        "seconds = seconds if False else fault",
        "slow steps and a bad network",
    ),
    # failures.py
    ("a pause of what is down", "failures.py", "if not replica.ready:", "if False:", "pauses"),
    ("a pause outlives its replica", "failures.py", "if strike.deaths != replica.deaths:", "if False:", "pauses"),
    ("pauses do not add up", "failures.py", "    if replica.paused > 0:\n        return NOBODY\n", "", "pauses"),
    (
        "the time up counts from the repair",
        "failures.py",
        "await_failure(process, process.world.now + startup)",
        "await_failure(process, process.world.now)",
        "deaths among tries",
    ),
    ("a failure has the cycle before", "failures.py", "process.cycle = cycle + 1", "pass", "deaths among tries"),
    ("a start goes on through a death", "failures.py", "    cancel(replica.starting)\n", "", "deaths among tries"),
    (
        "the shortest startup",
        "failures.py",
        "longest = max(longest, time_of",
        "longest = min(longest, time_of",
        "deaths among tries",
    ),
    ("every start takes as long as the first", "failures.py", "replica.starts += 1", "pass", "deaths among tries"),
    (
        "who is back is known as dead later",
        "failures.py",
        "        cancel(replica.unknown)\n",
        "",
        "deaths among tries",
    ),
    (
        "the ready are not chosen",
        "failures.py",
        "    include(unit.integers, unit.board, replica.number, NOT_READY)\n",
        "    pass\n",
        "deaths among tries",
    ),
    ("who was in progress still is", "failures.py", "    replica.in_progress = 0\n", "", "deaths among tries"),
    ("a pause goes on after a death", "failures.py", "    replica.paused = 0\n    renew", "    renew", "pauses"),
    (
        "breakers outlive their replica",
        "failures.py",
        "m[where + word] = m[state.fresh + word]",
        "pass",
        "deaths among tries",
    ),
    (
        "who slept dies awake",
        "failures.py",
        "replica.first, replica.slot_first, replica.frozen, replica.asleep)",
        "replica.first, replica.slot_first, replica.frozen)",
        "pauses",
    ),
    ("work of the dead goes on", "failures.py", "or task.replica != replica:", "or True:", "deaths among tries"),
    ("a reset is no lost time", "failures.py", "visit.reset = True", "pass", "eager retries and failures"),
    (
        "a call inside goes on after a death",
        "failures.py",
        "role == Role.INSIDE or role == Role.ALONE",
        "role == Role.ALONE",
        "monolith and failures",
    ),
    ("the dead wait for their answers", "failures.py", "    exchange.awaited = NOBODY\n", "", "deaths among tries"),
    (
        "the dead have timeouts",
        "failures.py",
        "        cancel(exchange.timer)\n",
        "        pass\n",
        "deaths among tries",
    ),
    ("work for the dead is wanted", "failures.py", "    forsake(exchange)\n", "", "deaths among tries"),
    (
        "a breaker that dies was never open",
        "failures.py",
        "            m[where + OPEN_TIME] = opened\n",
        "            pass\n",
        "deaths among tries",
    ),
    (
        "a second try outlives its caller",
        "failures.py",
        "            forget(log, first if exchange == rival else rival)\n",
        "            pass\n",
        "failures and hedge",
    ),
    ("the dead have no answer open", "failures.py", "    count_at_replica(exchange, -1)\n", "", "deaths among tries"),
    ("what stood still did not wait", "failures.py", "task.waited += now - task.joined", "pass", "pauses"),
    (
        "work that came in a pause is left",
        "failures.py",
        "if replica.first and replica.busy < replica.cores:",
        "if False:",
        "pauses",
    ),
    (
        "shared cores go on in a pause",
        "failures.py",
        "    replica.paused = 1\n    await",
        "    replica.paused = 0\n    await",
        "pauses",
    ),
    # and where they meet the rest
    ("a message to the dead is taken", "calls.py", "if not replica.ready:", "if False:", "deaths among tries"),
    ("answers cross a partition", "calls.py", "is_cut(call, time)", "False", "slow steps and a bad network"),
    ("sleeps end in a pause", "events.py", "if task.replica.paused != 0:", "if False:", "pauses"),
    ("sleeps are never slow", "life.py", "    if task.service.slow:", "    if False:", "slow steps and a bad network"),
    ("work begins in a pause", "stations.py", " and replica.paused == 0:", ":", "pauses"),
    ("who leaves is still there", "memory.py", "replica.tasks = earlier", "pass", "deaths among tries"),
    ("ready replicas are not counted", "failures.py", "change(unit.ready, now, -1)", "pass", "deaths among tries"),
    ("a fail gives no reason", "life.py", "FIRST_REASON + row.reason", "ERROR", "fail and link errors"),
    (
        "a fail is nobody's",
        "life.py",
        "task.cause_service = task.service.row\n    return end_steps",
        "return end_steps",
        "fail and link errors",
    ),
    # trace.py
    ("the last page is full", "trace.py", "    pages.reverse()\n", "    pass\n", "cores, exactly full"),
]
"""Name, file, old text (which is in the file once), new text, and the case that found it, which is tried first."""

PATIENCE_S = 3.0
"""For one case in plain Python; none of them takes half a second."""

LONG = ("no time at all", "users in step")
PAIRS = [
    ("frail", "all guards"), ("overload", "all guards"), ("frail", "decorrelated retries"), ("scaled out", "breaker"),
    ("frail", "bulkhead"), ("full bulkhead", "frail"), ("breaker of seconds", "frail"), ("monolith", "fallback"),
    ("frail", "retries"), ("chain", "fallback"), ("eager retries", "failures"), ("monolith", "failures"),
    ("chain", "drawn patience"), ("link errors", "deadline"), ("overload", "hedge with all guards"),
    ("lossy send", "rate limit"), ("failures", "hedge"),
    ("failing repetition", "users"), ("even stages", "nested parallel"), ("link errors", "times"),
    ("shared unit", "link errors"), ("monolith", "handler errors"), ("serialization", "even stages"),
    ("fail", "link errors"),
]  # fmt: skip
SEEDS = (16, 30, 34)
"""Features and random cases that find what none of the lattice does, and some of the rest; what is long comes last."""

TOY = '''"""A toy of an engine, with a helper as the real one has."""

from dataclasses import replace

from ..reference import ReferenceEngine
from ...machine_code.jit import kernel, rule, uint64
from ...rules.randomness import child
from .helper import more


@rule("uint64(uint64)")
def one(word):
    return child(word, uint64(1), -1) // child(word, 1, 2**32 - 1)


class CompiledEngine(ReferenceEngine):
    name = "toy"

    def run(self, plan, **options):
        trace = super().run(plan, **options)
        return replace(trace, events=trace.events + more(0) * int(one(-5)))
'''
HELPER = """from ...machine_code.jit import kernel


@kernel
def more(number):
    while number < 0:
        pass
    return number + 0
"""
TOY_BUGS = [
    ("miscounts", "return number + 0", "return number + 1", "events: reference"),
    ("breaks down", "number + 0", "nobody", "NameError"),
    ("never ends", "number < 0", "number < 1", "Patience"),
]


@pytest.fixture(scope="module")
def cases(folder: Path):
    """Small cases, with the reference's answers when they are first asked for."""
    named = {feature.name: feature for feature in FEATURES}
    every = {name: lattice_case(name) for name in TOPOLOGIES if name not in LONG}
    every |= {" and ".join(pair): compose(*(named[name] for name in pair)) for pair in PAIRS}
    every |= {f"random {seed}": random_case(seed) for seed in SEEDS}
    every |= {
        "sleepers": sleepers(1200),
        "rarely asked": rarely_asked(),
        "users in step": lattice_case("users in step"),
        "what outlives its request, in one process": lattice_case("what outlives its request", "monolith"),
    }

    @cache
    def answer(name: str):
        plan = twins.plan_of(every[name], folder)
        return plan, twins.run(ReferenceEngine(), plan, every[name])

    def differences(engine: Engine, name: str) -> list[str]:
        plan, reference = answer(name)
        return list(twins.differences(reference, twins.run(engine, plan, every[name])))

    def first_difference(
        engine: Engine, first: str = "", most: int | None = None, seconds: float = PATIENCE_S
    ) -> list[str]:
        assert not first or first in every
        for name in sorted(every, key=lambda name: name != first)[:most]:
            answer(name)  # the reference's, however long it takes
            found = planting.disagrees(engine, lambda engine, name=name: differences(engine, name), seconds)
            if found:
                return [name, *found]
        return []

    return first_difference


@pytest.mark.one_in(6)
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_plan_calls_no_function_that_serves_what_it_does_not_need(tmp_path, feature):
    """Else a lean kernel would lack it."""
    engine = planting.plant(planting.ENGINE, tmp_path)
    case = compose(feature)
    plan = twins.plan_of(case, tmp_path)
    twins.run(engine(), plan, case)
    assert features_of(plan) >= sys.modules[f"{engine.__module__.rpartition('.')[0]}.plain"].SERVED


def test_every_bug_has_its_place():
    """In each run, though only a sixth of them is planted."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in planting.ENGINE.glob("*.py")}
    assert [name for name, file, old, *_ in BUGS if texts[file].count(old) != 1] == []


@pytest.mark.one_in(6)
@pytest.mark.parametrize(("file", "old", "new", "case"), [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS])
def test_a_bug_is_found(cases, tmp_path, file, old, new, case):
    assert cases(planting.plant(planting.ENGINE, tmp_path, (file, old, new))(), case)


def test_without_a_bug_none_is_found(cases, tmp_path):
    """Plain Python and machine code do the same, so that what is found is the bug."""
    assert cases(planting.plant(planting.ENGINE, tmp_path)(), seconds=60.0) == []


# -- how bugs are planted


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    source = tmp_path / "toy"
    source.mkdir()
    (source / "__init__.py").write_text(TOY, encoding="utf-8")
    (source / "helper.py").write_text(HELPER, encoding="utf-8")
    return source


@pytest.mark.parametrize(("old", "new", "said"), [bug[1:] for bug in TOY_BUGS], ids=[bug[0] for bug in TOY_BUGS])
def test_a_bug_in_a_toy_is_found(cases, toy, tmp_path, old, new, said):
    found = cases(planting.plant(toy, tmp_path, ("helper.py", old, new))(), most=1, seconds=2.0)
    assert said in "".join(found)


def test_in_a_toy_without_a_bug_none_is_found(cases, toy, tmp_path):
    assert cases(planting.plant(toy, tmp_path)(), most=3) == []


def test_a_bug_that_cannot_be_planted_is_said(toy, tmp_path):
    with pytest.raises(AssertionError, match="2 places"):
        planting.plant(toy, tmp_path, ("__init__.py", "one(", "two("))
