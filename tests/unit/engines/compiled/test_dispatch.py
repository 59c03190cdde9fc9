"""Dispatch follows from who is registered for what."""

from __future__ import annotations

import pytest

from simulator.engines.compiled import kernel, life
from simulator.engines.compiled.dispatch import ACTIONS, OPS, STAGES, Handlers
from simulator.engines.compiled.flight import Action, Stage
from simulator.plan.layout import Op


def like(log: Words, code: int, owner: Owner, address: int) -> Task:  # noqa: F821
    """A dispatch."""


def test_every_code_has_a_handler():
    assert sorted(ACTIONS.served) == sorted(Action)
    assert sorted(STAGES.served) == sorted(Stage)
    assert sorted(OPS.served) == sorted(Op)


def test_nobody_serves_what_another_one_does():
    handlers = Handlers({"A": 0})
    handlers.on(0)(like)
    with pytest.raises(TypeError, match="0 is served twice"):
        handlers.on(0)(test_every_code_has_a_handler)


def test_what_nobody_serves_is_named():
    handlers = Handlers({"A": 0, "B": 1, "C": 2})
    handlers.on(1)(like)
    with pytest.raises(TypeError, match="nobody serves A, C"):
        handlers.dispatch(like)


def test_it_has_the_words_and_parameters_of_what_it_is_like():
    for made, parameters in ((kernel.happen, "log action owner address"), (life.carry_out, "log op task row")):
        assert list(made.__annotations__) == [*parameters.split(), "return"]
        assert made.__doc__.startswith(("Let an event", "Carry out"))


def test_a_handler_takes_what_it_names_and_whom_it_serves():
    heard = []

    def told(address: int, task: Role) -> None:
        heard.append((address, task))

    def gives(log: Words) -> Task:  # noqa: F821
        return log

    handlers = Handlers({"A": 3, "B": 5})
    handlers.on(3)(told)
    handlers.on(5)(gives)
    made = handlers.dispatch(like).py_func
    assert not made("log", 3, "owner", 7)
    assert heard == [(7, Role("owner"))]
    assert made("log", 5, "owner", 7) == "log"


class Role(str):
    """Whom somebody serves."""

    __slots__ = ()
