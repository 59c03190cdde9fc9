"""Programs as trees, for those who read them: `explain` and expectations. Engines run the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from .layout import Op
from .tables import Programs

_OPS = tuple(Op)
_LAST = frozenset({Op.END, Op.JUMP, Op.AGAIN})
_PLAIN = frozenset({Op.CPU, Op.SLEEP, Op.SEND, Op.FAIL})


@dataclass(frozen=True, slots=True)
class Node:
    """One instruction with what is inside it.

    `shares` says how often each body is expected to run: 1 for a branch, the weight of an option, the probability of
    MAYBE, the times of REPEAT; 0 for the fallback of a CALL, as if nothing failed.
    """

    row: int
    op: Op
    bodies: tuple[tuple[Node, ...], ...] = ()
    shares: tuple[float, ...] = ()


def handler(programs: Programs, start: int) -> tuple[Node, ...]:
    """The steps of the handler that starts at a row."""
    return _Reader(programs).block(start)[0]


def handlers(programs: Programs, starts: Iterable[int]) -> list[tuple[Node, ...]]:
    """The steps of the handlers that start at these rows."""
    reader = _Reader(programs)
    return [reader.block(start)[0] for start in starts]


class _Reader:
    """Reads the rows as lists: a plan may have a hundred thousand, and an array is slow to ask for one of them."""

    def __init__(self, programs: Programs) -> None:
        self._op: list[int] = programs.op.tolist()
        self._a: list[int] = programs.a.tolist()
        self._b: list[int] = programs.b.tolist()
        self._c: list[int] = programs.c.tolist()
        self._x: list[float] = programs.x.tolist()
        self._branch: list[int] = programs.branch.tolist()
        self._weight: list[float] = programs.weight.tolist()

    def block(self, row: int, stop: int = -1) -> tuple[tuple[Node, ...], int]:
        """The instructions from a row on, and the row that ends them: `stop`, an END, a JUMP or an AGAIN."""
        nodes: list[Node] = []
        op = self._op
        while row != stop and op[row] not in _LAST:
            if op[row] in _PLAIN:
                nodes.append(Node(row, _OPS[op[row]]))
                row += 1
            else:
                node, row = self._node(row)
                nodes.append(node)
        return tuple(nodes), row

    def _node(self, row: int) -> tuple[Node, int]:
        """The instruction at a row, and the row after it and all that is inside it."""
        op, after = _OPS[self._op[row]], self._c[row]
        if op == Op.MAYBE:
            return Node(row, op, (self.block(row + 1, after)[0],), (self._x[row],)), after
        if op == Op.REPEAT:
            return Node(row, op, (self.block(row + 1)[0],), (float(self._b[row]),)), after
        if op == Op.CALL:
            if self._op[row + 1] != Op.FALLBACK:
                return Node(row, op), row + 1
            after = self._c[row + 1]
            return Node(row, op, (self.block(row + 2, after)[0],), (0.0,)), after
        rows = slice(self._a[row], self._a[row] + self._b[row])
        blocks = [self.block(start) for start in self._branch[rows]]
        bodies = tuple(nodes for nodes, _ in blocks)
        if op == Op.PARALLEL:
            return Node(row, op, bodies, (1.0,) * len(bodies)), after
        weights = self._weight[rows]
        shares = tuple(later - before for before, later in zip([0.0, *weights], weights, strict=False))
        return Node(row, op, bodies, shares), self._c[blocks[0][1]]


def inside(nodes: Sequence[Node]) -> Iterator[Node]:
    """The instructions and those inside them, at any depth."""
    todo = [iter(nodes)]
    while todo:
        for node in todo[-1]:
            yield node
            if node.bodies:
                todo.append(chain.from_iterable(node.bodies))
                break
        else:
            todo.pop()


def call_rows(nodes: Sequence[Node]) -> list[int]:
    """Rows of the CALL and SEND instructions inside, at any depth."""
    return [node.row for node in inside(nodes) if node.op in (Op.CALL, Op.SEND)]
