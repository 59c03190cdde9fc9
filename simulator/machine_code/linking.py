"""Machine code of many functions, made at once.

numba makes machine code of each function by itself, with all that it calls, and again in each caller: optimised and
translated many times over. Here what is only called is left as it is (a `Part`), and who is asked for from Python takes
in all parts that it needs, each once, optimises and translates them together (a `Whole`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.registry import cpu_target


class Part(JITCodeLibrary):  # type: ignore[misc]
    """A function that only compiled code calls: no machine code of its own."""

    @property
    def codegen(self) -> Any:
        """What numba tells of Python's objects that a function needs: a part needs none, and has no place for them."""
        return SimpleNamespace(set_env=lambda name, environment: None)

    def add_llvm_module(self, module: Any) -> None:
        """Taken in as it is: it is optimised with its caller."""
        module.data_layout = self._codegen._data_layout
        self._final_module.link_in(module)

    def finalize(self) -> None:
        """Nothing is done yet."""
        self._raise_if_finalized()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Null: there is none."""
        return 0

    def _get_module_for_linking(self) -> Any:
        """For a caller that numba makes in its own way: with all that it calls."""
        if self._shared_module is None:
            self._finalized = False
            _take_in(self)
            self._finalized = True
        return super()._get_module_for_linking()


class Whole(JITCodeLibrary):  # type: ignore[misc]
    """A function that Python calls, with all its parts."""

    def finalize(self) -> None:
        """Optimise and translate."""
        self._raise_if_finalized()
        _take_in(self)
        super().finalize()

    def _optimize_final_module(self) -> None:
        """Once: numba would do it twice, to find first what need not be counted as a reference."""
        passes = self._codegen._module_pass_manager()
        if isinstance(passes, tuple):
            passes, builder = passes
            passes.run(self._final_module, builder)
        else:  # numba 0.61
            passes.run(self._final_module)


class Alone(Whole):
    """A function with all its parts as an object that needs nothing of numba: `code` is its bytes."""

    code: bytes

    @property
    def codegen(self) -> Any:
        """As of a part: it has no place for objects of Python."""
        return SimpleNamespace(set_env=lambda name, environment: None)

    def _finalize_final_module(self) -> None:
        """Nothing is loaded into numba's own engine."""
        self.code = self._codegen._tm.emit_object(self._final_module)
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Null: it is called otherwise."""
        self._ensure_finalized()
        return 0


def _take_in(library: Any) -> None:
    """Link all parts that a library needs into it, each once; nobody else sees them."""
    own = {function.name for function in library._final_module.functions if not function.is_declaration}
    for other in _needed(library):
        if hasattr(library, "_reload_init"):  # what to do anew with code from the cache: numba 0.61 knows of nothing
            library._reload_init.update(other._reload_init)
        module = other._final_module if isinstance(other, Part) else other._get_module_for_linking()
        library._final_module.link_in(module, preserve=True)
    library._linking_libraries = []
    for function in library._final_module.functions:
        if not function.is_declaration and function.name not in own:
            function.linkage = "internal"


def _needed(library: Any) -> list[Any]:
    """What a library calls, and what that calls."""
    found: dict[Any, None] = {}
    todo = list(library._linking_libraries)
    while todo:
        other = todo.pop()
        if other not in found:
            found[other] = None
            todo += other._linking_libraries if isinstance(other, Part) else ()
    return list(found)


@contextmanager
def making(kind: type[JITCodeLibrary]) -> Iterator[None]:
    """What numba compiles meanwhile is of this kind."""
    codegen = cpu_target.target_context.codegen()
    before = codegen._library_class
    codegen._library_class = kind
    try:
        yield
    finally:
        codegen._library_class = before
