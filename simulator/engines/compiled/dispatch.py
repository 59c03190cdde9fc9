"""Who serves what: each handler is registered with the actions, stages or ops that it serves; dispatch is derived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature, unwrap
from typing import Any, TypeVar

from ...machine_code.jit import kernel
from ...machine_code.records import NOBODY
from ...plan.layout import Op
from .flight import Action, Stage

F = TypeVar("F", bound=Callable[..., Any])


class Handlers:
    """The handlers of some codes, one for each.

    Parameters
    ----------
    codes
        What there is to serve, by name.
    """

    def __init__(self, codes: dict[str, int]) -> None:
        self.codes = codes
        self.served: dict[int, Callable[..., Any]] = {}

    def on(self, *codes: int) -> Callable[[F], F]:
        """Register a handler of some codes; nobody else may serve one of them."""

        def register(handler: F) -> F:
            for code in codes:
                if self.served.setdefault(int(code), handler) is not handler:
                    raise TypeError(f"{code} is served twice")
            return handler

        return register

    def dispatch(self, like: Callable[..., Any]) -> Any:
        """A kernel that calls the handler of a code, and gives the task that goes on.

        `like` has its name, its words and its parameters: `log`, the code, for whom it is served, and others. A
        handler takes those that it names; another one is for whom it is, as what its annotation says.
        """
        if missing := [name for name, code in self.codes.items() if code not in self.served]:
            raise TypeError(f"nobody serves {', '.join(missing)}")
        names = list(signature(like).parameters)
        scope: dict[str, Any] = {**unwrap(like).__globals__, "NOBODY": NOBODY}
        lines = [f"def {like.__name__}({', '.join(names)}):"]
        for code in sorted(self.served):
            lines += [f"    if {names[1]} == {code}:", *_call(self.served[code], f"serve_{code}", names, scope)]
        lines.append("    return NOBODY")
        exec("\n".join(lines), scope)  # noqa: S102 (made of the names of functions of ours)
        made = scope[like.__name__]
        made.__doc__, made.__annotations__ = like.__doc__, like.__annotations__
        return kernel(made)


def _call(handler: Callable[..., Any], name: str, names: Sequence[str], scope: dict[str, Any]) -> list[str]:
    """The lines that call a handler, and what they need to know."""
    function = unwrap(handler)
    kinds = dict(function.__annotations__)
    gives = kinds.pop("return")
    given = {parameter: parameter if parameter in names else f"{kind}({names[2]})" for parameter, kind in kinds.items()}
    scope[name] = handler
    scope |= {kind: function.__globals__[kind] for parameter, kind in kinds.items() if parameter not in names}
    call = f"{name}({', '.join(given.values())})"
    return [f"        {call}", "        return NOBODY"] if gives == "None" else [f"        return {call}"]


ACTIONS = Handlers(Action._asdict())
"""What an event does: a handler takes `log`, for whom the event is, and its `address`."""
STAGES = Handlers(Stage._asdict())
"""How a task goes on: a handler takes `log` and `task`."""
OPS = Handlers({op.name: int(op) for op in Op})
"""What an instruction does: a handler takes `log`, `task` and its `row`."""
