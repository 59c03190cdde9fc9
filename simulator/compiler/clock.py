"""How long handlers and calls take in the mean if nobody waits, and how many of them succeed.

Two readings of a plan (`Clock.served`). As it is: handlers fail by their error rates, messages are lost, calls end at
their timeouts and are tried again; what comes after a failed step is left out. And as it has to be for every request to
be served (rule 16.3): nothing fails but what a fallback makes good, and no time is above its mean, however long the
queues are.
"""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ..plan.layout import Op
from ..plan.plan import Floats, Plan
from ..plan.structure import Node, call_rows
from .efforts import Effort, Rulebook, Rules, Try, effort, horizon, one_try
from .laws import Grid, Law

_COARSE = 8.0
"""Steps of a grid below which the end of a call is not told on it."""
_GRIDS = 32
"""Grids that are kept."""


class Clock:
    """Adds up mean times and chances along the programs of a plan.

    Parameters
    ----------
    trees
        The handlers of the endpoints.
    order
        Endpoints, nobody before whom it calls.
    waits
        Seconds that a visit waits before it is begun, by unit.
    served
        As every request has to be served: see above.

    Attributes
    ----------
    endpoints, chances
        By endpoint: mean seconds of a run, and the share of runs that succeed.
    efforts
        By call.
    """

    def __init__(
        self,
        plan: Plan,
        trees: Sequence[tuple[Node, ...]],
        order: Sequence[int],
        waits: Floats,
        *,
        served: bool = False,
    ) -> None:
        self.served, self.plan, self.trees, self.order = served, plan, trees, order
        self.endpoints: Floats = np.zeros(len(plan.endpoints.name))
        self.chances: Floats = np.ones(len(plan.endpoints.name))
        self.efforts: dict[int, Effort] = {}
        self.rules: dict[int, Rules] = {}
        self._mean: list[float] = plan.distributions.mean.tolist()
        self._operand: list[int] = plan.programs.a.tolist()
        self._remote: list[int] = plan.calls.remote.tolist()
        self.waits: list[float] = waits[plan.services.unit].tolist()
        self.place = {endpoint: number for number, endpoint in enumerate(order)}
        self._pace: list[float] = plan.services.pace.tolist()
        self._success: dict[int, float] = {}
        self._book = Rulebook(plan, served=served)
        self._grids: OrderedDict[float, _Laws] = OrderedDict()
        self._known: dict[tuple[int, int, int, Rules], Effort] = {}
        self._add_up()

    def _add_up(self) -> None:
        calls = defaultdict(list)
        for call, target in enumerate(self.plan.calls.target.tolist()):
            calls[target].append(call)
        for endpoint in self.order:
            time, chance = self._run(self.trees[endpoint], int(self.plan.endpoints.service[endpoint]))
            self.endpoints[endpoint] = time
            self.chances[endpoint] = chance * (1.0 - self._error_rate(endpoint))
            for call in calls[endpoint]:
                self.efforts[call] = self._effort(call, endpoint)

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
            self._count(tree, 1.0, counts)
        return counts

    def _run(self, nodes: Sequence[Node], service: int) -> tuple[float, float]:
        """Seconds of instructions one after the other up to the first that fails, and the chance that none does."""
        times, chance = [], 1.0
        for node in nodes:
            time, success = self._node(node, service)
            times.append(chance * time)
            if success != 1.0:
                self._success[node.row] = success
                chance *= success
        return math.fsum(times), chance

    def _node(self, node: Node, service: int) -> tuple[float, float]:
        operand = self._operand[node.row]
        match node.op:
            case Op.CPU:
                return self._mean[operand] / self._pace[service], 1.0
            case Op.SLEEP:
                return self._mean[operand], 1.0
            case Op.SEND:
                return self.pack(operand, service), 1.0
            case Op.CALL:
                return self._call(node, operand, service)
        times, chances = zip(*(self._run(body, service) for body in node.bodies), strict=True)
        if node.op == Op.PARALLEL:
            return max(times), math.prod(chances)
        if node.op == Op.REPEAT:
            return repetitions(chances[0], node.shares[0]) * times[0], chances[0] ** node.shares[0]
        time = math.fsum(share * one for share, one in zip(node.shares, times, strict=True) if share > 0.0)
        failing = math.fsum(share * (1.0 - one) for share, one in zip(node.shares, chances, strict=True))
        return time, 1.0 - failing

    def _call(self, node: Node, call: int, service: int) -> tuple[float, float]:
        time, failed = self._at_caller(call, service), self.failed(node)
        if not (node.bodies and self._remote[call]):
            return time, self.efforts[call].chance
        if failed <= 0.0:
            return time, 1.0
        more, chance = self._run(node.bodies[0], service)
        return time + failed * more, 1.0 - failed * (1.0 - chance)

    def seconds(self, nodes: Sequence[Node], service: int) -> float:
        """Mean seconds of instructions one after the other."""
        return self._run(nodes, service)[0]

    def failed(self, node: Node) -> float:
        """How often the fallback of a call runs."""
        call = self._operand[node.row]
        if not node.bodies or not self._remote[call]:
            return 0.0
        return self.efforts[call].late if self.served else 1.0 - self.efforts[call].chance

    def _at_caller(self, call: int, service: int) -> float:
        packing = 2.0 * self.pack(call, service) if self._remote[call] else 0.0
        return self.efforts[call].time + packing

    def _count(self, nodes: Sequence[Node], factor: float, counts: Floats) -> None:
        for node in nodes:
            counts[node.row] += factor
            shares = (self.failed(node),) if node.op == Op.CALL else node.shares
            for body, share in zip(node.bodies, shares, strict=False):
                if node.op == Op.REPEAT:
                    share = repetitions(self._chance_of(body), share)
                if share > 0.0:
                    self._count(body, factor * share, counts)
            factor *= self._success.get(node.row, 1.0)

    def _chance_of(self, nodes: Sequence[Node]) -> float:
        return math.prod(self._success.get(node.row, 1.0) for node in nodes)

    def pack(self, call: int, service: int) -> float:
        """Seconds of packing or unpacking one message."""
        distribution = int(self.plan.calls.serialization[call])
        if distribution < 0:
            return 0.0
        return self._mean[distribution] / self._pace[service]

    def _effort(self, call: int, endpoint: int) -> Effort:
        """A call, once its callee is known."""
        if not self._remote[call]:
            return Effort(self.endpoints[endpoint], self.endpoints[endpoint], self.chances[endpoint])
        rules = self.rules[call] = self._book.rules(call)
        columns = self.plan.calls
        key = endpoint, int(columns.latency[call]), int(columns.serialization[call]), rules
        if key not in self._known:
            self._known[key] = self._new_effort(call, endpoint, rules)
        return self._known[key]

    def _new_effort(self, call: int, endpoint: int, rules: Rules) -> Effort:
        time = self.content(call, endpoint)
        drawn = self._mean[rules.drawn] if rules.drawn >= 0 else 0.0
        end = horizon(rules, time, drawn)
        if rules.endless or end <= 0.0:
            one = Try(min(time, rules.end))
        else:
            laws = self._laws(end)
            one = one_try(laws.grid, laws.content(call), rules, self._hedged(call, rules))
        return effort(rules, one, float(self.chances[endpoint]), hedging=not self.served)

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


class _Laws:
    """The laws of handlers and calls, on one grid; everything fails there at the end only."""

    def __init__(self, clock: Clock, grid: Grid) -> None:
        self.grid = grid
        self._clock, self._plan = clock, clock.plan
        self._endpoints: dict[int, Law] = {}

    def content(self, call: int) -> Law:
        """From the message to the answer, if somebody waits for it."""
        calls, grid = self._plan.calls, self.grid
        target = int(calls.target[call])
        latency = grid.row(int(calls.latency[call]))
        service = int(self._plan.endpoints.service[target])
        packing, waiting = self._pack(call, service), grid.constant(self._clock.waits[service])
        return grid.sum(latency, latency, packing, packing, waiting, self._endpoint(target))

    def _endpoint(self, endpoint: int) -> Law:
        """After those of all that it calls, which may be a long chain."""
        wanted, todo = {endpoint}, [endpoint]
        while todo:
            more = self._clock.targets[todo.pop()] - wanted - self._endpoints.keys()
            wanted |= more
            todo.extend(more)
        for one in sorted(wanted - self._endpoints.keys(), key=self._clock.place.__getitem__):
            self._endpoints[one] = self._run(self._clock.trees[one], int(self._plan.endpoints.service[one]))
        return self._endpoints[endpoint]

    def _run(self, nodes: Sequence[Node], service: int) -> Law:
        return self.grid.sum(*(self._node(node, service) for node in nodes))

    def _node(self, node: Node, service: int) -> Law:
        grid, operand = self.grid, int(self._plan.programs.a[node.row])
        match node.op:
            case Op.CPU:
                return self._work(operand, service)
            case Op.SLEEP:
                return grid.row(operand)
            case Op.SEND:
                return self._pack(operand, service)
            case Op.CALL:
                return self._call(node, operand, service)
        bodies = [self._run(body, service) for body in node.bodies]
        if node.op == Op.PARALLEL:
            return max(bodies, key=lambda law: grid.mean(law, grid.horizon))
        if node.op == Op.REPEAT:
            return grid.times(bodies[0], int(node.shares[0]))
        if node.op == Op.MAYBE:
            return grid.mixture([*bodies, grid.constant(0.0)], [node.shares[0], 1.0 - node.shares[0]])
        return grid.mixture(bodies, list(node.shares))

    def _call(self, node: Node, call: int, service: int) -> Law:
        clock, grid = self._clock, self.grid
        if not self._plan.calls.remote[call]:
            return self._endpoint(int(self._plan.calls.target[call]))
        packing = self._pack(call, service)
        more = clock.failed(node) * clock.seconds(node.bodies[0], service) if node.bodies else 0.0
        return grid.sum(packing, packing, self._effort(call), grid.constant(more))

    def _effort(self, call: int) -> Law:
        grid, one, rules = self.grid, self._clock.efforts[call], self._clock.rules[call]
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

    def _work(self, distribution: int, service: int) -> Law:
        return self.grid.row(distribution, 1.0 / float(self._plan.services.pace[service]))

    def _pack(self, call: int, service: int) -> Law:
        distribution = int(self._plan.calls.serialization[call])
        return self._work(distribution, service) if distribution >= 0 else self.grid.constant(0.0)


def repetitions(chance: float, times: float) -> float:
    """How often something runs that is repeated up to its first failure."""
    return times if chance >= 1.0 else (1.0 - chance**times) / (1.0 - chance)
