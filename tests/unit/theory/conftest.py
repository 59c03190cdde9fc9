"""An independent judge of the closed forms: the balance equations of a Markov chain, solved numerically."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

Transitions = Callable[[Any], Iterable[tuple[Any, float]]]


def solve_balance(start: Hashable, transitions: Transitions) -> dict[Any, float]:
    """Stationary probabilities of the states reached from `start`; `transitions` gives (next state, rate)."""
    index: dict[Any, int] = {start: 0}
    todo = [start]
    rows, columns, rates = [], [], []
    while todo:
        state = todo.pop()
        for other, rate in transitions(state):
            if rate <= 0.0 or other == state:
                continue
            if other not in index:
                index[other] = len(index)
                todo.append(other)
            rows += [index[other], index[state]]
            columns += [index[state], index[state]]
            rates += [rate, -rate]
    count = len(index)
    flow = coo_matrix((rates, (rows, columns)), shape=(count, count)).tocsr()
    # one state's probability is set to 1, its own balance equation dropped, and the rest solved and scaled
    kept = flow[1:, 1:].tocsc()
    known = -flow[1:, 0].toarray().ravel()
    rest = np.atleast_1d(spsolve(kept, known)) if count > 1 else np.empty(0)
    values = np.concatenate([[1.0], rest])
    values /= values.sum()
    return {state: float(values[place]) for state, place in index.items()}


@pytest.fixture(scope="session")
def balance() -> Callable[[Hashable, Transitions], dict[Any, float]]:
    return solve_balance
