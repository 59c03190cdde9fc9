"""The suite is judged: each of these bugs, planted into a copy of the compiled engine, is found by a few cases."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import planting
import pytest
import twins
from features import FEATURES, compose, sleepers
from generator import random_case
from lattice import TOPOLOGIES, lattice_case

from simulator.engines.reference import ReferenceEngine
from simulator.plan.engine import Engine

BUGS: list[tuple[str, str, str, str]] = [
    # calendar.py
    (
        "addresses are signed",
        "calendar.py",
        "uint64(m[one + Event.ADDRESS]), uint64(m[other + Event.ADDRESS])",
        "m[one + Event.ADDRESS], m[other + Event.ADDRESS]",
    ),
    (
        "a visit's place before the request",
        "calendar.py",
        "if head >> WORKLOAD_SHIFT != other_head >> WORKLOAD_SHIFT:",
        "if head != other_head:",
    ),
    ("the later request first", "calendar.py", "return request < other_request", "return request > other_request"),
    ("no heap after clearing out", "calendar.py", "range((kept - 2) >> 1, -1, -1)", "range(0)"),
    (
        "a parent is left out in clearing out",
        "calendar.py",
        "range((kept - 2) >> 1, -1, -1)",
        "range((kept - 4) >> 1, -1, -1)",
    ),
    ("the last event is never below", "calendar.py", "below + 1 < size and", "below + 2 < size and"),
    # kernel.py
    ("edges after the events of their instant", "kernel.py", "when > time or", "when >= time or"),
    ("an edge at the very end", "kernel.py", "when >= m[World.END]", "when > m[World.END]"),
    (
        "the owner goes on before its core",
        "kernel.py",
        "hand_on(m, f, owner)\n        book_work(m, owner)\n",
        "book_work(m, owner)\n        it = go_on(m, f, log, owner)\n        hand_on(m, f, owner)\n        return it\n",
    ),
    ("late answers are events", "kernel.py", "m[World.EVENTS] -= 1", "pass"),
    ("a pause forgets who is to go on", "kernel.py", "m[World.TASK] = task", "m[World.TASK] = 0"),
    ("the agenda keeps its first only", "kernel.py", "m[World.AGENDA] = m[task + Task.NEXT]", "m[World.AGENDA] = 0"),
    # calls.py
    (
        "an answer is lost with its message",
        "calls.py",
        "m[call + Call.LOSS_STREAM], 1)",
        "m[call + Call.LOSS_STREAM], 0)",
    ),
    (
        "an answer takes as long as its message",
        "calls.py",
        "m[call + Call.LATENCY_STREAM], 1)",
        "m[call + Call.LATENCY_STREAM], 0)",
    ),
    (
        "a late answer is heard",
        "calls.py",
        "    fail_with(m, exchange, TIMEOUT)",
        "    m[exchange + Exchange.AWAITED] = task\n    fail_with(m, exchange, TIMEOUT)",
    ),
    ("a timer is not cancelled", "calls.py", "cancel(m, m[exchange + Exchange.TIMER])", "pass"),
    (
        "a call is served after its timeout",
        "calls.py",
        "fail_with(m, exchange, TIMEOUT)\n    m[exchange + Exchange.SERVED] = 0",
        "fail_with(m, exchange, TIMEOUT)",
    ),
    ("a timer is no sooner than a message", "calls.py", "m, end, TIMER,", "m, end, DELIVERY,"),
    ("a slot is no sooner than a message", "slots.py", "m[World.NOW], GRANT,", "m[World.NOW], DELIVERY,"),
    (
        "one place more in a queue",
        "calls.py",
        "m[replica + Replica.QUEUED] >= places",
        "m[replica + Replica.QUEUED] > places",
    ),
    (
        "one slot more",
        "calls.py",
        "m[replica + Replica.IN_PROGRESS] < slots",
        "m[replica + Replica.IN_PROGRESS] <= slots",
    ),
    ("the last comes last", "slots.py", "first == 0 or m[m[replica + Replica.UNIT] + Unit.LIFO] == 1", "first == 0"),
    (
        "a failure keeps its slot",
        "calls.py",
        "    release_slot(m, f, m[task + Task.REPLICA])",
        "    if cause == OK:\n        release_slot(m, f, m[task + Task.REPLICA])",
    ),
    (
        "who gets a slot still waits",
        "slots.py",
        "change(m, f, m[task + Task.SERVICE] + Service.WAITING, m[World.NOW], -1)",
        "pass",
    ),
    ("sends are never answered", "calls.py", "        count_at_replica(m, exchange, -1)", "        pass"),
    ("a failure inside is lost", "calls.py", "m[caller + Task.CAUSE] = cause", "pass"),
    ("nobody refers to a message", "calls.py", "    m[exchange + Exchange.REFERENCES] += 1\n", "    pass\n"),
    ("a request ends before its messages", "calls.py", "    m[request + Request.REFERENCES] += 1\n", "    pass\n"),
    # life.py
    (
        "an answer is unpacked as a message",
        "life.py",
        "m[call + Call.SERIALIZATION_STREAM], 3)",
        "m[call + Call.SERIALIZATION_STREAM], 1)",
    ),
    (
        "an answer from within a repetition",
        "life.py",
        "    m[task + Task.ADDRESS] = m[exchange + Exchange.ADDRESS]\n",
        "    pass\n",
    ),
    ("a repetition never ends", "life.py", "m[task + Task.ADDRESS] = outer", "pass"),
    (
        "every branch is critical",
        "branches.py",
        "    if m[task + Task.REMAINING] == 0:\n        move_ledger(m, branch, Task.FIRST, task, Task.FIRST)\n",
        "    move_ledger(m, branch, Task.FIRST, task, Task.FIRST)\n    if m[task + Task.REMAINING] == 0:\n",
    ),
    (
        "the last failure of branches",
        "branches.py",
        "if m[task + Task.CAUSE] == OK:",
        "if m[branch + Task.CAUSE] != OK:",
    ),
    ("the last branch makes up for a failure", "branches.py", "if m[task + Task.CAUSE] == OK:", "if True:"),
    ("the answer of a send is packed", "life.py", "law == 0 or m[exchange + Exchange.DETACHED] == 1", "law == 0"),
    ("what failed may fail again", "life.py", "m[task + Task.CAUSE] == OK and happens", "happens"),
    (
        "a timed-out call is never answered",
        "life.py",
        "    count_at_replica(m, exchange, -1)\n",
        "    if m[exchange + Exchange.SERVED] == 1:\n        count_at_replica(m, exchange, -1)\n",
    ),
    ("a fallback degrades nobody", "life.py", "        m[m[task + Task.VISIT] + Exchange.GRADE] = DEGRADED\n", ""),
    ("who calls the degraded is not", "calls.py", "m[m[task + Task.VISIT] + Exchange.GRADE] = DEGRADED", "pass"),
    # efforts.py
    (
        "all tries at one address",
        "efforts.py",
        "m[m[task + Task.CALL] + Call.SITE], m[effort + Effort.TRIES])",
        "m[m[task + Task.CALL] + Call.SITE], 0)",
    ),
    (
        "a breaker is told nothing",
        "efforts.py",
        "        tell(m, f, breaker, m[World.NOW]",
        "        pass  # tell(m, f, breaker, m[World.NOW]",
    ),
    ("all replicas have one breaker", "efforts.py", "breaker + caller * m[policy + Policy.BREAKER_WORDS]", "breaker"),
    (
        "a re-try is active for ever",
        "efforts.py",
        "            m[budget + Budget.RETRIES] -= 1\n",
        "            pass\n",
    ),
    (
        "nobody waits for a place twice",
        "efforts.py",
        "m[bulkhead + Bulkhead.FIRST] = m[following + Effort.NEXT]",
        "pass",
    ),
    ("who waits last is forgotten", "efforts.py", "        m[bulkhead + Bulkhead.LAST] = before", "        pass"),
    ("who has a place gives up", "efforts.py", "cancel(m, m[following + Effort.TIMER])", "pass"),
    ("a place is kept", "efforts.py", "        leave_bulkhead(m, m[effort + Effort.BULKHEAD])", "        pass"),
    ("the wait before is forgotten", "efforts.py", "    m[effort + Effort.WAIT] = wait\n", ""),
    ("patience starts with the wait", "efforts.py", "    m[exchange + Exchange.START] = m[World.NOW]\n", ""),
    (
        "a wait outlasts the call",
        "efforts.py",
        "end = min(m[World.NOW] + wait, m[effort + Effort.DEADLINE])",
        "end = m[World.NOW] + wait",
    ),
    (
        "a call begins with its last try",
        "efforts.py",
        "m[effort + Effort.START])",
        "m[m[task + Task.EXCHANGE] + Exchange.START])",
    ),
    ("tries have no number", "efforts.py", "    number_attempt(m, log, exchange, m[effort + Effort.TRIES])\n", ""),
    ("a permit at once", "efforts.py", "    if when == now:", "    if when >= now:"),
    (
        "patience beyond what is known",
        "efforts.py",
        "min(m[World.NOW] + patience, deadline_of(m, task))",
        "m[World.NOW] + patience",
    ),
    # hedges.py
    ("the lost is judged", "hedges.py", "close_try(m, f, effort, loser, 0)", "close_try(m, f, effort, loser, 1)"),
    ("the lost is still unanswered", "hedges.py", "    count_at_replica(m, loser, -1)\n", ""),
    (
        "the lost still has its time",
        "hedges.py",
        "        cancel(m, m[loser + Exchange.TIMER])\n        m[loser + Exchange.TIMER] = 0\n",
        "        pass\n",
    ),
    ("work for the lost is wanted", "hedges.py", "    forsake(m, loser)\n", ""),
    (
        "the first to fail decides",
        "hedges.py",
        "    m[task + Task.EXCHANGE] = other\n    return False",
        "    return True",
    ),
    ("nothing was lost before a second try", "hedges.py", "RETRY] == Retry.HEDGE", "RETRY] == -1"),
    ("the budget knows of no second try", "hedges.py", "    if not may_retry(m, f, effort):\n        return\n", ""),
    (
        "a second try after the end",
        "hedges.py",
        "        cancel(m, m[effort + Effort.HEDGE_TIMER])\n",
        "        pass\n",
    ),
    # patience.py
    (
        "the far above do not count",
        "patience.py",
        "        exchange = m[exchange + Exchange.ABOVE]\n",
        "        exchange = 0\n",
    ),
    (
        "all of a step is wasted",
        "patience.py",
        "m[World.NOW], max(awaited_until(m, m[task + Task.VISIT]), started)",
        "m[World.NOW], started",
    ),
    ("a deadline passes later", "patience.py", "m[World.NOW] >= deadline_of", "m[World.NOW] > deadline_of"),
    (
        "a deadline is not inherited",
        "patience.py",
        "        m[exchange + Exchange.DEADLINE] = m[above + Exchange.DEADLINE]\n",
        "",
    ),
    ("nobody refers to who is above", "patience.py", "        m[above + Exchange.REFERENCES] += 1\n", "        pass\n"),
    ("waste of shared cores is whole", "patience.py", "m[task + Task.WORK] / (now - started)", "1.0"),
    ("a callee knows of no deadline", "calls.py", "        m[exchange + Exchange.DEADLINE] = end\n", "        pass\n"),
    (
        "who comes too late works",
        "stations.py",
        "end, action = now, Action.DROPPED",
        "end, action = now + 1_000_000, Action.DROPPED",
    ),
    ("one is forsaken at a time", "patience.py", "m[World.FORSAKEN] += 1", "m[World.FORSAKEN] = 1"),
    (
        "who is not forsaken counts as such",
        "memory.py",
        "            m[World.FORSAKEN] -= m[exchange + Exchange.ENDED] < NEVER\n",
        "            m[World.FORSAKEN] -= 1 if m[World.FORSAKEN] > 0 else 0\n",
    ),
    ("sends are not limited", "calls.py", "limiter != 0 and acquire", "False and acquire"),
    (
        "a balancer compares as many as any",
        "calls.py",
        "        m[unit + Unit.CHOICES],\n",
        "        2 if m[unit + Unit.CHOICES] > 0 else m[unit + Unit.CHOICES],\n",
    ),
    (
        "who was drawn is drawn again",
        "calls.py",
        "        m[unit + Unit.BALANCER],\n",
        "        m[unit + Unit.BALANCER] & 3,\n",
    ),
    (
        "a balancer forgives nobody",
        "calls.py",
        "        sweep(m, f, m[unit + Unit.DETECTOR], m[unit + Unit.BOARD], now)\n",
        "        pass\n",
    ),
    ("breakers of the first service", "guards.py", "np.repeat(b.target, b.callers)", "0"),
    ("tries at the caller's", "record.py", "+ m[target + Service.ROW]] += 1", "] += 1"),
    # stations.py
    (
        "one core more",
        "stations.py",
        "m[replica + Replica.BUSY] < m[replica + Replica.CORES]",
        "m[replica + Replica.BUSY] <= m[replica + Replica.CORES]",
    ),
    (
        "virtual time stands at a join",
        "stations.py",
        "    go_to(m, f, replica, virtual)\n    f[task + Task.DUE]",
        "    m[replica + Replica.SINCE] = now\n    f[task + Task.DUE]",
    ),
    ("virtual time never begins again", "stations.py", "virtual if m[replica + Replica.JOBS] > 0 else 0.0", "virtual"),
    (
        "work is cut off",
        "stations.py",
        "m[task + Task.WORK] = nanoseconds(seconds)",
        "m[task + Task.WORK] = int(seconds * 1e9)",
    ),
    ("a latency is cut off", "calls.py", "return nanoseconds(draw(", "return int(1e9 * draw("),
    (
        "shared cores by real time",
        "stations.py",
        "present(m, replica, task), virtual, -1)",
        "present(m, replica, task), float(now), -1)",
    ),
    ("jobs by their ends only", "stations.py", "if due != other_due:", "if True:"),
    (
        "jobs by signed addresses",
        "stations.py",
        "(address < other_address) == ((address < 0) == (other_address < 0))",
        "address < other_address",
    ),
    ("an end of shared cores too many", "stations.py", "cancel(m, m[replica + Replica.NEXT_END])", "pass"),
    # arrivals.py, record.py, memory.py
    ("a request in the next bin", "arrivals.py", "min(m[World.EDGE],", "min(m[World.EDGE] + 1,"),
    (
        "a user is hashed as a request",
        "arrivals.py",
        "m[workload + Workload.STREAM], 1)",
        "m[workload + Workload.STREAM], 0)",
    ),
    ("a user thinks from the start", "arrivals.py", "    m[user + User.ENDED] = now\n", "    pass\n"),
    (
        "equal times of a replay are one",
        "arrivals.py",
        "    m[workload + Workload.TIME] = at + 1\n",
        "    m[workload + Workload.TIME] = at + (2 if f[at + 1] == f[at] else 1)\n",
    ),
    (
        "a request at the horizon",
        "arrivals.py",
        "if time < m[World.HORIZON]:\n        address",
        "if time <= m[World.HORIZON]:\n        address",
    ),
    ("a ramp has its last arrival", "arrivals.py", "ahead >= f[ramp + Ramp.AFTER]", "ahead > f[ramp + Ramp.AFTER]"),
    ("the entries of the first workload", "arrivals.py", "m[workload + Workload.FIRST_ENTRY] + entry", "entry"),
    (
        "visits in the bin of their end",
        "record.py",
        "begun * m[World.SERVICE_COUNT] + m[service + Service.ROW]) * VISITS",
        "min(m[World.EDGE], m[World.EDGE_COUNT] - 2) * m[World.SERVICE_COUNT] + m[service + Service.ROW]) * VISITS",
    ),
    (
        "sends in the bin of their end",
        "record.py",
        "(begun * m[World.SEND_COUNT]",
        "(min(m[World.EDGE], m[World.EDGE_COUNT] - 2) * m[World.SEND_COUNT]",
    ),
    ("a page has one row more", "record.py", "row + PAGE_ROWS * width", "row + PAGE_ROWS * width + width"),
    ("jobs on shared cores all wait", "record.py", "+ (sharing - shared)", "+ sharing"),
    ("a ledger ends too early", "memory.py", "m[taker + taken + 1] = m[giver + given + 1]", "pass"),
    (
        "an exchange is reused too early",
        "memory.py",
        "m[exchange + Exchange.REFERENCES] == 0",
        "m[exchange + Exchange.REFERENCES] <= 1",
    ),
    ("a lost send is on its way", "calls.py", "        send_ends(m, exchange, LOST)\n", ""),
    ("nobody is chosen", "calls.py", "    m[replica + Replica.CHOSEN] += 1\n", ""),
    ("a send has no end", "record.py", "    send_ends(m, exchange, m[exchange + Exchange.OUTCOME])\n", ""),
    # last.py, image.py, engine.py, trace.py
    ("who has a timeout waits for ever", "last.py", " and memory[exchange + Exchange.TIMER] == 0", ""),
    ("who waits for who waits does not", "last.py", "        yield Wait(", "        exchange = 0\n        yield Wait("),
    ("all services of a unit are its first", "image.py", "member[mine] = np.arange(mine.sum())", "pass"),
    (
        "each ramp begins with the first arrival",
        "image.py",
        "Ramp.BEFORE: w.ramp_before",
        "Ramp.BEFORE: w.ramp_before - w.ramp_before",
    ),
    ("places of calls run into the next step's", "image.py", "4 * np.arange(rows)", "np.arange(rows)"),
    (
        "half of the heap moves",
        "engine.py",
        "memory[top : top + PLACE * size] = memory[heap : heap + PLACE * size]",
        "memory[top : top + size] = memory[heap : heap + size]",
    ),
    # hazards.py
    ("a fault acts at its end", "hazards.py", "time < m[fault + Fault.UNTIL]", "time <= m[fault + Fault.UNTIL]"),
    (
        "one replica more is aborted",
        "hazards.py",
        "number < m[fault + Fault.REPLICAS]",
        "number <= m[fault + Fault.REPLICAS]",
    ),
    (
        "only the first delay",
        "hazards.py",
        "latency = min(latency + m[fault + Fault.DELAY], NEVER)",
        "return latency + m[fault + Fault.DELAY]",
    ),
    (
        "who waited for a core is never slow",
        "stations.py",
        "start(m, f, replica, following, True)",
        "start(m, f, replica, following, False)",
    ),
    ("slow steps are as slow as the last fault", "hazards.py", "seconds *= f[", "seconds = seconds if False else f["),
    # faults.py
    ("a pause of what is down", "faults.py", "if m[replica + Replica.READY] == 0:", "if False:"),
    (
        "a pause outlives its replica",
        "faults.py",
        "if m[strike + Strike.DEATHS] != m[replica + Replica.DEATHS]:",
        "if False:",
    ),
    ("pauses do not add up", "faults.py", "    if m[replica + Replica.PAUSED] > 0:\n        return 0\n", ""),
    (
        "the time up counts from the repair",
        "faults.py",
        "await_failure(m, f, process, m[World.NOW] + startup)",
        "await_failure(m, f, process, m[World.NOW])",
    ),
    ("a failure has the cycle before", "faults.py", "m[process + Process.CYCLE] = cycle + 1", "pass"),
    ("a start goes on through a death", "faults.py", "    cancel(m, m[replica + Replica.STARTING])\n", ""),
    ("the shortest startup", "faults.py", "longest = max(longest, time_of", "longest = min(longest, time_of"),
    ("every start takes as long as the first", "faults.py", "m[replica + Replica.STARTS] += 1", "pass"),
    ("who is back is known as dead later", "faults.py", "        cancel(m, m[replica + Replica.UNKNOWN])\n", ""),
    (
        "the ready are not chosen",
        "faults.py",
        "    include(m, m[unit + Unit.BOARD], m[replica + Replica.NUMBER], NOT_READY)\n",
        "    pass\n",
    ),
    ("who was in progress still is", "faults.py", "    m[replica + Replica.IN_PROGRESS] = 0\n", ""),
    ("a pause goes on after a death", "faults.py", "    m[replica + Replica.PAUSED] = 0\n    renew", "    renew"),
    ("breakers outlive their replica", "faults.py", "m[where + word] = m[m[state + State.FRESH] + word]", "pass"),
    (
        "who slept dies awake",
        "faults.py",
        "(Replica.FIRST, Replica.SLOT_FIRST, Replica.FROZEN, Replica.ASLEEP)",
        "(Replica.FIRST, Replica.SLOT_FIRST, Replica.FROZEN)",
    ),
    ("work of the dead goes on", "faults.py", "or m[task + Task.REPLICA] != replica:", "or True:"),
    ("a reset is no lost time", "faults.py", "m[visit + Exchange.RESET] = 1", "pass"),
    (
        "a call inside goes on after a death",
        "faults.py",
        "role == Role.INSIDE or role == Role.ALONE",
        "role == Role.ALONE",
    ),
    ("the dead wait for their answers", "faults.py", "    m[exchange + Exchange.AWAITED] = 0\n", ""),
    ("the dead have timeouts", "faults.py", "        cancel(m, m[exchange + Exchange.TIMER])\n", "        pass\n"),
    ("work for the dead is wanted", "faults.py", "    forsake(m, exchange)\n", ""),
    (
        "a breaker that dies was never open",
        "faults.py",
        "            m[where + OPEN_TIME] = opened\n",
        "            pass\n",
    ),
    (
        "a second try outlives its caller",
        "faults.py",
        "            forget(m, f, log, first if exchange == rival else rival)\n",
        "            pass\n",
    ),
    ("the dead have no answer open", "faults.py", "    count_at_replica(m, exchange, -1)\n", ""),
    ("what stood still did not wait", "faults.py", "m[task + Task.WAITED] += now - m[task + Task.JOINED]", "pass"),
    (
        "work that came in a pause is left",
        "faults.py",
        "if m[replica + Replica.FIRST] != 0 and m[replica + Replica.BUSY] < m[replica + Replica.CORES]:",
        "if False:",
    ),
    (
        "shared cores go on in a pause",
        "faults.py",
        "    m[replica + Replica.PAUSED] = 1\n    await",
        "    m[replica + Replica.PAUSED] = 0\n    await",
    ),
    # and where they meet the rest
    ("a message to the dead is taken", "calls.py", "if m[replica + Replica.READY] == 0:", "if False:"),
    ("answers cross a partition", "calls.py", "is_cut(m, call, time)", "False"),
    ("sleeps end in a pause", "kernel.py", "if m[m[owner + Task.REPLICA] + Replica.PAUSED] != 0:", "if False:"),
    ("sleeps are never slow", "life.py", "    if slow != 0:", "    if False:"),
    ("work begins in a pause", "stations.py", " and m[replica + Replica.PAUSED] == 0:", ":"),
    ("who leaves is still there", "memory.py", "m[replica + Replica.TASKS] = earlier", "pass"),
    ("ready replicas are not counted", "faults.py", "change(m, f, unit + Unit.READY, now, -1)", "pass"),
    # trace.py
    ("the last page is full", "trace.py", "    pages.reverse()\n", "    pass\n"),
]
"""Name, file, old text (which is in the file once), new text."""

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
]  # fmt: skip
SEEDS = (16, 30, 34)
"""Features and random cases that find what none of the lattice does, and some of the rest; what is long comes last."""

TOY = '''"""A toy of an engine, with a helper as the real one has."""

from dataclasses import replace

from ..reference import ReferenceEngine
from ...rules.jit import kernel, rule, uint64
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
HELPER = """from ...rules.jit import kernel


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
    every = [lattice_case(name) for name in TOPOLOGIES if name not in LONG]
    every += [compose(*(named[name] for name in pair)) for pair in PAIRS]
    every += [*(random_case(seed) for seed in SEEDS), sleepers(1200), lattice_case("users in step")]

    @cache
    def answer(number: int):
        plan = twins.plan_of(every[number], folder)
        return plan, twins.run(ReferenceEngine(), plan, every[number])

    def differences(engine: Engine, number: int) -> list[str]:
        plan, reference = answer(number)
        return list(twins.differences(reference, twins.run(engine, plan, every[number])))

    def first_difference(engine: Engine, most: int | None = None, seconds: float = PATIENCE_S) -> list[str]:
        for number in range(len(every) if most is None else most):
            found = planting.disagrees(engine, lambda engine, number=number: differences(engine, number), seconds)
            if found:
                return [f"case {number}", *found]
        return []

    return first_difference


@pytest.mark.one_in(10)
@pytest.mark.parametrize(("file", "old", "new"), [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS])
def test_a_bug_is_found(cases, tmp_path, file, old, new):
    assert cases(planting.plant(planting.ENGINE, tmp_path, (file, old, new))())


def test_without_a_bug_none_is_found(cases, tmp_path):
    """Plain Python and machine code do the same, so that what is found is the bug."""
    assert cases(planting.plant(planting.ENGINE, tmp_path)()) == []


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
