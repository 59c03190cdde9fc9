"""How long handlers and calls take in the mean if nobody waits, and how many of them succeed.

Two readings of a plan (`Durations.served`). As it is: handlers fail by their error rates, messages are lost, calls end
at their timeouts and are tried again; what comes after a failed step is left out. And as it has to be for every request
to be served (rule 16.3): nothing fails but what a fallback makes good, and no time is above its mean, however long the
queues are.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from ..plan.columns import Floats
from ..plan.layout import Op
from ..plan.structure import Node, call_rows
from ..plan.walker import Handlers, Walker, runs
from .attempts import ExpectedCall, Rulebook, Rules, Try, expected_call, horizon, one_try
from .laws import Grid, Law

_COARSE = 8.0
"""Steps of a grid below which the end of a call is not told on it."""
_GRIDS = 32
"""Grids that are kept."""


class Durations(Walker[tuple[float, float]]):
    """Adds up mean times and chances along the programs of a plan.

    Parameters
    ----------
    waits
        Seconds that a visit waits before it is begun, by unit.
    served
        As every request has to be served: see above.

    Attributes
    ----------
    endpoints, chances
        By endpoint: mean seconds of a run, and the share of runs that succeed.
    by_call
        What is expected of each call.
    """

    def __init__(
        self,
        handlers: Handlers,
        waits: Floats,
        *,
        served: bool = False,
    ) -> None:
        super().__init__(handlers)
        plan, self.served, self.trees = handlers.plan, served, handlers.trees
        self.endpoints: Floats = np.zeros(len(plan.endpoints.name))
        self.chances: Floats = np.ones(len(plan.endpoints.name))
        self.by_call: dict[int, ExpectedCall] = {}
        self.rules: dict[int, Rules] = {}
        self._mean: list[float] = plan.distributions.mean.tolist()
        self._remote: list[int] = plan.calls.remote.tolist()
        self.waits: list[float] = waits[plan.services.unit].tolist()
        self.place = {endpoint: number for number, endpoint in enumerate(handlers.order)}
        self._pace: list[float] = plan.services.pace.tolist()
        self._success: dict[int, float] = {}
        self._book = Rulebook(plan, served=served)
        self._grids: OrderedDict[float, _Laws] = OrderedDict()
        self._known: dict[tuple[int, int, int, Rules], ExpectedCall] = {}
        self._add_up()

    def _add_up(self) -> None:
        calls = defaultdict(list)
        for call, target in enumerate(self.plan.calls.target.tolist()):
            calls[target].append(call)
        for endpoint in self.handlers.order:
            time, chance = self.handler(endpoint)
            self.endpoints[endpoint] = time
            self.chances[endpoint] = chance * (1.0 - self._error_rate(endpoint))
            for call in calls[endpoint]:
                self.by_call[call] = self._expected_call(call, endpoint)

    def _error_rate(self, endpoint: int) -> float:
        return 0.0 if self.served else float(self.plan.endpoints.error_rate[endpoint])

    @cached_property
    def targets(self) -> list[set[int]]:
        """Which endpoints each endpoint calls."""
        return [{int(self.plan.calls.target[self._operand[row]]) for row in call_rows(tree)} for tree in self.trees]

    @property
    def calls(self) -> Floats:
        """Mean seconds of the calls as their callers see them, their own packing included."""
        rows = range(len(self.plan.calls.name))
        return np.array([self._at_caller(row, int(self.plan.calls.caller[row])) for row in rows])

    def counts(self) -> Floats:
        """Executions of each instruction a run of its handler."""
        counts = np.zeros(len(self.plan.programs.op))
        for tree in self.trees:
            for node, number in runs(tree, self._share, lambda node: self._success.get(node.row, 1.0)):
                counts[node.row] += number
        return counts

    def in_turn(self, nodes: Sequence[Node], values: Iterator[tuple[float, float]]) -> tuple[float, float]:
        """Seconds of instructions one after the other up to the first that fails, and the chance that none does."""
        times, chance = [], 1.0
        for node, (time, success) in zip(nodes, values, strict=True):
            times.append(chance * time)
            if success != 1.0:
                self._success[node.row] = success
                chance *= success
        return math.fsum(times), chance

    def work(self, law: int, service: int) -> tuple[float, float]:
        """A time on a core."""
        return self._mean[law] / self._pace[service], 1.0

    def pause(self, law: int) -> tuple[float, float]:
        """A time that needs no core."""
        return self._mean[law], 1.0

    def send(self, call: int, service: int) -> tuple[float, float]:
        """A message, once it is packed."""
        return self.pack(call, service), 1.0

    def call(self, node: Node, call: int, service: int) -> tuple[float, float]:
        """A call with all its tries, then its fallback."""
        time, failed = self._at_caller(call, service), self.failed(node)
        if not (node.bodies and self._remote[call]):
            return time, self.by_call[call].chance
        if failed <= 0.0:
            return time, 1.0
        more, chance = self.steps(node.bodies[0], service)
        return time + failed * more, 1.0 - failed * (1.0 - chance)

    def together(self, node: Node, values: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """Branches: as long as the longest in the mean."""
        times, chances = zip(*values, strict=True)
        return max(times), math.prod(chances)

    def again(self, node: Node, value: tuple[float, float], times: int) -> tuple[float, float]:
        """Up to the first that fails."""
        time, chance = value
        return repetitions(chance, times) * time, chance**times

    def choice(self, values: Sequence[tuple[float, float]], shares: Sequence[float]) -> tuple[float, float]:
        """The mean of the options."""
        taken = [(share, time, chance) for (time, chance), share in zip(values, shares, strict=True)]
        time = math.fsum(share * time for share, time, _ in taken if share > 0.0)
        return time, 1.0 - math.fsum(share * (1.0 - chance) for share, _, chance in taken)

    def seconds(self, nodes: Sequence[Node], service: int) -> float:
        """Mean seconds of instructions one after the other."""
        return self.steps(nodes, service)[0]

    def fail(self) -> tuple[float, float]:
        """At once; served is none of those that come here."""
        return 0.0, 0.0

    def failed(self, node: Node) -> float:
        """How often the fallback of a call runs."""
        call = self._operand[node.row]
        if not node.bodies or not self._remote[call]:
            return 0.0
        return self.by_call[call].late if self.served else 1.0 - self.by_call[call].chance

    def _at_caller(self, call: int, service: int) -> float:
        packing = 2.0 * self.pack(call, service) if self._remote[call] else 0.0
        return self.by_call[call].time + packing

    def _share(self, node: Node, number: int) -> float:
        """How often a body of a step is run, for each run of the step."""
        if node.op == Op.CALL:
            return self.failed(node)
        share = node.shares[number]
        return repetitions(self._chance_of(node.bodies[number]), share) if node.op == Op.REPEAT else share

    def _chance_of(self, nodes: Sequence[Node]) -> float:
        return math.prod(self._success.get(node.row, 1.0) for node in nodes)

    def pack(self, call: int, service: int) -> float:
        """Seconds of packing or unpacking one message."""
        distribution = int(self.plan.calls.serialization[call])
        if distribution < 0:
            return 0.0
        return self._mean[distribution] / self._pace[service]

    def _expected_call(self, call: int, endpoint: int) -> ExpectedCall:
        """A call, once its callee is known."""
        if not self._remote[call]:
            return ExpectedCall(self.endpoints[endpoint], self.endpoints[endpoint], self.chances[endpoint])
        rules = self.rules[call] = self._book.rules(call)
        columns = self.plan.calls
        key = endpoint, int(columns.latency[call]), int(columns.serialization[call]), rules
        if key not in self._known:
            self._known[key] = self._new_expected_call(call, endpoint, rules)
        return self._known[key]

    def _new_expected_call(self, call: int, endpoint: int, rules: Rules) -> ExpectedCall:
        time = self.content(call, endpoint)
        drawn = self._mean[rules.drawn] if rules.drawn >= 0 else 0.0
        end = horizon(rules, time, drawn)
        if rules.endless or end <= 0.0:
            one = Try(min(time, rules.end))
        else:
            laws = self._laws(end)
            one = one_try(laws.grid, laws.content(call), rules, self._hedged(call, rules))
        return expected_call(rules, one, float(self.chances[endpoint]), hedging=not self.served)

    def _hedged(self, call: int, rules: Rules) -> float:
        """How often a second try is sent: on a grid of its own, since it may be sent early."""
        if rules.hedge >= rules.end:
            return 0.0
        if rules.hedge <= 0.0:
            return 1.0
        laws = self._laws(rules.hedge)
        return laws.grid.late(laws.content(call), rules.hedge)

    def content(self, call: int, endpoint: int) -> float:
        """Mean seconds from the message to the answer, if somebody waits for it."""
        service = int(self.plan.endpoints.service[endpoint])
        inside = self.waits[service] + 2.0 * self.pack(call, service) + float(self.endpoints[endpoint])
        return 2.0 * self._mean[int(self.plan.calls.latency[call])] + inside

    def _laws(self, end: float) -> _Laws:
        if end not in self._grids:
            self._grids[end] = _Laws(self, Grid(self.plan.distributions, end))
            if len(self._grids) > _GRIDS:
                self._grids.popitem(last=False)
        self._grids.move_to_end(end)
        return self._grids[end]


class _Laws(Walker[Law]):
    """The laws of handlers and calls, on one grid; everything fails there at the end only."""

    def __init__(self, durations: Durations, grid: Grid) -> None:
        super().__init__(durations.handlers)
        self.grid, self._durations = grid, durations

    def content(self, call: int) -> Law:
        """From the message to the answer, if somebody waits for it."""
        calls, grid = self.plan.calls, self.grid
        target = int(calls.target[call])
        latency = grid.row(int(calls.latency[call]))
        service = int(self.plan.endpoints.service[target])
        packing, waiting = self._pack(call, service), grid.constant(self._durations.waits[service])
        return grid.sum(latency, latency, packing, packing, waiting, self._endpoint(target))

    def _endpoint(self, endpoint: int) -> Law:
        """After those of all that it calls, which may be a long chain."""
        wanted, todo = {endpoint}, [endpoint]
        while todo:
            more = self._durations.targets[todo.pop()] - wanted - self.found.keys()
            wanted |= more
            todo.extend(more)
        for one in sorted(wanted - self.found.keys(), key=self._durations.place.__getitem__):
            self.found[one] = self.handler(one)
        return self.found[endpoint]

    def in_turn(self, nodes: Sequence[Node], values: Iterator[Law]) -> Law:
        """Steps one after the other."""
        return self.grid.sum(*values)

    def work(self, law: int, service: int) -> Law:
        """A time on a core."""
        return self.grid.row(law, 1.0 / float(self.plan.services.pace[service]))

    def pause(self, law: int) -> Law:
        """A time that needs no core."""
        return self.grid.row(law)

    def send(self, call: int, service: int) -> Law:
        """A message, once it is packed."""
        return self._pack(call, service)

    def call(self, node: Node, call: int, service: int) -> Law:
        """A call with all its tries, and its fallback in the mean."""
        durations, grid = self._durations, self.grid
        if not self.plan.calls.remote[call]:
            return self._endpoint(int(self.plan.calls.target[call]))
        packing = self._pack(call, service)
        more = durations.failed(node) * durations.seconds(node.bodies[0], service) if node.bodies else 0.0
        return grid.sum(packing, packing, self._expected_call(call), grid.constant(more))

    def fail(self) -> Law:
        """At once."""
        return self.grid.constant(0.0)

    def together(self, node: Node, values: Sequence[Law]) -> Law:
        """Branches: as long as the longest in the mean."""
        return max(values, key=lambda law: self.grid.mean(law, self.grid.horizon))

    def again(self, node: Node, value: Law, times: int) -> Law:
        """Each time anew."""
        return self.grid.times(value, times)

    def choice(self, values: Sequence[Law], shares: Sequence[float]) -> Law:
        """One of the options."""
        return self.grid.mixture(list(values), list(shares))

    def _expected_call(self, call: int) -> Law:
        grid, one, rules = self.grid, self._durations.by_call[call], self._durations.rules[call]
        if one.time == 0.0 or rules.end < _COARSE * grid.step:
            return grid.constant(one.time)
        law = self.content(call)
        if math.isfinite(rules.hedge):
            law = grid.sooner(law, grid.sum(law, grid.constant(rules.hedge)))
        if rules.drawn >= 0:
            law = grid.sooner(law, grid.row(rules.drawn))
        if math.isfinite(rules.end):
            law = grid.cut(law, rules.end)
        return grid.sum(law, grid.constant(one.time - one.first))

    def _pack(self, call: int, service: int) -> Law:
        distribution = int(self.plan.calls.serialization[call])
        return self.work(distribution, service) if distribution >= 0 else self.grid.constant(0.0)


def repetitions(chance: float, times: float) -> float:
    """How often something runs that is repeated up to its first failure."""
    return times if chance >= 1.0 else (1.0 - chance**times) / (1.0 - chance)
