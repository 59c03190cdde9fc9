"""Programs as trees, for those who read them: `explain` and expectations. Engines run the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from .layout import Op
from .plan import Programs


@dataclass(frozen=True)
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
    return _block(programs, start)[0]


def _block(programs: Programs, row: int, stop: int = -1) -> tuple[tuple[Node, ...], int]:
    """The instructions from a row on, and the row that ends them: `stop`, an END, a JUMP or an AGAIN."""
    nodes: list[Node] = []
    while row != stop and programs.op[row] not in (Op.END, Op.JUMP, Op.AGAIN):
        node, row = _node(programs, row)
        nodes.append(node)
    return tuple(nodes), row


def _node(programs: Programs, row: int) -> tuple[Node, int]:
    """The instruction at a row, and the row after it and all that is inside it."""
    op = Op(int(programs.op[row]))
    after = int(programs.c[row])
    if op == Op.MAYBE:
        return Node(row, op, (_block(programs, row + 1, after)[0],), (float(programs.x[row]),)), after
    if op == Op.REPEAT:
        return Node(row, op, (_block(programs, row + 1)[0],), (float(programs.b[row]),)), after
    if op == Op.CALL and programs.op[row + 1] == Op.FALLBACK:
        after = int(programs.c[row + 1])
        return Node(row, op, (_block(programs, row + 2, after)[0],), (0.0,)), after
    if op not in (Op.PARALLEL, Op.CHOOSE):
        return Node(row, op), row + 1
    first = int(programs.a[row])
    rows = slice(first, first + int(programs.b[row]))
    blocks = [_block(programs, start) for start in programs.branch[rows].tolist()]
    bodies = tuple(nodes for nodes, _ in blocks)
    if op == Op.PARALLEL:
        return Node(row, op, bodies, (1.0,) * len(bodies)), after
    shares = np.diff(programs.weight[rows], prepend=0.0).tolist()
    jump = blocks[0][1]
    return Node(row, op, bodies, tuple(shares)), int(programs.c[jump])


def call_rows(nodes: Sequence[Node]) -> list[int]:
    """Rows of the CALL and SEND instructions inside, at any depth."""
    rows, todo = [], [iter(nodes)]
    while todo:
        for node in todo[-1]:
            if node.op in (Op.CALL, Op.SEND):
                rows.append(node.row)
            if node.bodies:
                todo.append(chain.from_iterable(node.bodies))
                break
        else:
            todo.pop()
    return rows
