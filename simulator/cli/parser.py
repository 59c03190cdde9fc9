"""What the command line says of a word that it does not know."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """A parser that says what may have been meant, and where there is more to read, instead of all its options."""

    def error(self, message: str) -> NoReturn:
        """Leave with what is wrong."""
        self.exit(2, f"{self.prog}: error: {message}\n`{self.prog} --help` shows what there is\n")

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Read all arguments; one that is left over is wrong use."""
        arguments, left = self.parse_known_args(args, namespace)
        if left:
            parser = self._of(arguments)
            options = [word for word in parser._option_string_actions if word.startswith("--")]  # noqa: SLF001
            words = [word.partition("=")[0] for word in left if word.startswith("--")]
            meant = next((hint for word in words if (hint := did_you_mean(word, options))), "")
            parser.error(f"unrecognized arguments: {' '.join(left)}{meant}")
        return arguments

    def _of(self, arguments: argparse.Namespace) -> argparse.ArgumentParser:
        """The parser of the command that was given."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
                found = [one for one in action.choices.values() if one.get_default("run") is arguments.run]
                return found[0] if found else self
        return self

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is none of the choices; it has no other place to be said better."""
        if action.choices is not None and value not in action.choices:
            known = list(map(str, action.choices))
            told = did_you_mean(str(value), known) or f" (choose from {', '.join(known)})"
            raise argparse.ArgumentError(action, f"invalid choice: {value!r}{told}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest word that is known, as the end of a message; empty if none is near."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""
