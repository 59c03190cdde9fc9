"""YAML 1.2 text to a plain tree, with the place of every key and value.

The tree is built from the parser's events rather than by PyYAML's loaders, which speak YAML 1.1 (`on` and `yes`
are booleans, 1:30 is a number), let a later duplicate key win and can make Python objects.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

import yaml

from ..errors import Problem, TopologyError
from ..garbage import uncollected
from .csvfiles import packed_as
from .mistakes import Location, Mistake, describe, dotted, near_file
from .values import WrittenFloat, WrittenInt

Mark = tuple[int, int]
Positions = dict[Location, tuple[Mark, Mark]]

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MERGE = "<<"
_DEEPEST = 100  # levels; more is no topology, and would exhaust the stack
_MOST = 200_000  # nodes that aliases may stand for in all: a few lines of them can otherwise fill the memory

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"^[-+]?[0-9]+$")
_OCTAL = re.compile(r"^0o[0-7]+$")
_HEX = re.compile(r"^0x[0-9a-fA-F]+$")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_SPECIAL = re.compile(r"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$")
_CONTENT = re.compile(r"\s*[^\s#]")
_DASH = re.compile(r"\s*-\s+")
_GLUED = re.compile(r"\s*(?:-\s+)?([A-Za-z][\w.-]*):([^\s:/\\][^#]*?)\s*(?:#.*)?$")
_LONGEST = 100  # digits; Python refuses to convert very long ones, and no quantity has them


class Text:
    """A document: its lines, its tree and where everything stands in it."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = _BREAK.split(text)
        self.positions: Positions = {}
        self.problems: list[Problem] = []
        self._text = text
        self._events: list[yaml.Event] = []
        self._next = 0
        self._anchors: dict[str, int] = {}
        self._open: set[int] = set()
        self._aliased = 0
        self._in_alias = 0

    @uncollected
    def read(self) -> object:
        """Return the tree of the only document.

        What is wrong with one value (a duplicate key, a tag) is left in `problems`.

        Raises
        ------
        TopologyError
            If the text is not one YAML document.
        """
        if found := _UNPRINTABLE.search(self._text):
            before = _BREAK.split(self._text[: found.start()])
            where = (len(before), len(before[-1]) + 1)
            self._fail(f"not valid YAML: the character U+{ord(found[0]):04X} is not allowed", where)
        self._parse()
        documents = [event for event in self._events if isinstance(event, yaml.DocumentStartEvent)]
        if not documents:
            self._fail("the file is empty; expected a mapping with `services` and `workload`", (1, 1))
        if len(documents) > 1:
            self._fail("expected one YAML document, found a second one", _mark(documents[1]))
        self._next = 2  # past the start of the stream and of the document
        return self._node((), _mark(self._events[2]), 0)

    def _parse(self) -> None:
        loader = _Loader(self._text)
        depth = 0
        try:
            while loader.check_event():
                event = loader.get_event()
                self._events.append(event)
                depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
                if depth > _DEEPEST:  # here rather than later, since the parser's own time grows with the depth
                    self._fail(f"nested deeper than {_DEEPEST} levels", _mark(event))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._fail(f"not valid YAML: {_explain(error, self.lines, where)}", where)
        except (yaml.YAMLError, RecursionError) as error:
            self._fail(f"not valid YAML: {error}", (1, 1))
        finally:
            loader.dispose()

    def _node(self, path: Location, key: Mark, depth: int) -> object:
        """Read the node that begins at the next event."""
        index = self._next
        event = self._events[index]
        self._next += 1
        self.positions.setdefault(path, (key, _mark(event)))
        if depth > _DEEPEST:
            self._fail(f"nested deeper than {_DEEPEST} levels", _mark(event))
        if self._in_alias:
            self._aliased += 1
            if self._aliased > _MOST:
                self._fail(f"aliases stand for more than {_MOST} values", _mark(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path, key, depth)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.anchor:
            self._anchors[event.anchor] = index
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._problem(path, f"tags such as `{tag}` are not allowed; write the plain value", _mark(event))
        if isinstance(event, yaml.ScalarEvent):
            return Mistake("") if event.tag is not None else self._scalar(event, path)
        self._open.add(index)
        mapping = isinstance(event, yaml.MappingStartEvent)
        node = self._mapping(path, depth) if mapping else self._sequence(path, depth)
        self._open.discard(index)
        return Mistake("") if event.tag is not None else node

    def _alias(self, event: yaml.AliasEvent, path: Location, key: Mark, depth: int) -> object:
        if event.anchor not in self._anchors:
            self._fail(f"unknown alias `*{event.anchor}`", _mark(event))
        index = self._anchors[event.anchor]
        if index in self._open:
            self._fail(f"the alias `*{event.anchor}` contains itself", _mark(event))
        back, self._next = self._next, index
        del self.positions[path]  # what is wrong stands where the anchor is
        self._in_alias += 1
        anchors = dict(self._anchors)
        node = self._node(path, key, depth)
        self._anchors = anchors
        self._in_alias -= 1
        self._next = back
        return node

    def _mapping(self, path: Location, depth: int) -> dict[str, object]:
        tree: dict[str, object] = {}
        merged: dict[str, object] | None = None
        places: Positions = {}
        while not isinstance(self._events[self._next], yaml.MappingEndEvent):
            event = self._events[self._next]
            if not isinstance(event, yaml.ScalarEvent):
                self._fail("a key must be plain text", _mark(event))
            self._next += 1
            if event.anchor:
                self._anchors[event.anchor] = self._next - 1
            here = (*path, event.value)
            merge = event.value == MERGE and event.implicit[0]
            if (merged is not None) if merge else event.value in tree:
                first = self.positions[here][0][0]
                self._problem(here, f"duplicate key `{event.value}`; it is also on line {first}", _mark(event))
                kept = self.positions
                self.positions = {}
                self._node(here, _mark(event), depth + 1)
                self.positions = kept
            elif merge:
                merged, places = self._merge(here, _mark(event), depth + 1)
            else:
                tree[event.value] = self._node(here, _mark(event), depth + 1)
        self._next += 1
        if merged is None:
            return tree
        self.positions.update({place: at for place, at in places.items() if place[len(path)] not in tree})
        return {**merged, **tree}

    def _merge(self, path: Location, key: Mark, depth: int) -> tuple[dict[str, object], Positions]:
        """Read what `<<` brings in, a mapping or several, of which the first counts; and where all of it stands."""
        value = _mark(self._events[self._next])
        outer, self.positions = self.positions, {}
        node = self._node(path, key, depth)
        found, self.positions = self.positions, outer
        self.positions[path] = (key, value)
        merged: dict[str, object] = {}
        source: dict[object, int | None] = {}
        for index, one in enumerate(node if isinstance(node, list) else [node]):
            if not isinstance(one, dict):
                if not isinstance(one, Mistake):
                    told = f"`{MERGE}` takes a mapping or a list of mappings, as in `{MERGE}: *common`"
                    self._problem(path, f"{told}, not {describe(one)}", value)
                return {}, {}
            source = {**dict.fromkeys(one, index if isinstance(node, list) else None), **source}
            merged = {**one, **merged}
        return merged, {
            (*path[:-1], *below): at
            for place, at in found.items()
            if (below := place[len(path) + isinstance(node, list) :])
            and source.get(below[0], -1) == (place[len(path)] if isinstance(node, list) else None)
        }

    def _sequence(self, path: Location, depth: int) -> list[object]:
        tree: list[object] = []
        while not isinstance(self._events[self._next], yaml.SequenceEndEvent):
            tree.append(self._node((*path, len(tree)), _mark(self._events[self._next]), depth + 1))
        self._next += 1
        return tree

    def _scalar(self, event: yaml.ScalarEvent, path: Location) -> object:
        value = event.value
        if not event.implicit[0]:  # quoted, or a block
            return value
        try:
            return resolve(value)
        except ValueError as error:
            self._problem(path, str(error), _mark(event))
            return Mistake("")

    def _problem(self, path: Location, message: str, where: Mark) -> None:
        line, column = where
        source = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        problem = Problem(dotted(path), message, self.file, line, column, source)
        if problem not in self.problems:
            self.problems.append(problem)

    def _fail(self, message: str, where: Mark) -> NoReturn:
        self._problem((), message, where)
        raise TopologyError(self.problems)


def resolve(value: str) -> object:
    """Return the value of a plain scalar in the core schema of YAML 1.2.

    Raises
    ------
    ValueError
        If it is a number with more digits than any quantity has.
    """
    if value in _NULL:
        return None
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if value[0] not in "0123456789+-.":
        return value
    if len(value) > _LONGEST and _FLOAT.match(value):
        raise ValueError(f"expected a number of at most {_LONGEST} digits, found {len(value)}")
    if _INT.match(value):
        return WrittenInt(value)
    if _OCTAL.match(value):
        return WrittenInt(int(value[2:], 8))
    if _HEX.match(value) and len(value) <= _LONGEST:
        return WrittenInt(int(value[2:], 16))
    if _FLOAT.match(value):
        return WrittenFloat(value)
    if _SPECIAL.match(value):
        return WrittenFloat(value.replace(".", "").lower())
    return value


def read_text(file: str) -> str:
    """Return the text of a file.

    Raises
    ------
    TopologyError
        If it cannot be read, or is not UTF-8.
    """
    try:
        content = Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if Path(file).is_dir():
            reason = "it is a folder: name a file"
        elif "://" in str(file):
            reason = "it is an address: save what is there as a file first"
        elif isinstance(error, FileNotFoundError):
            reason += near_file(str(file))
        raise TopologyError([Problem("", f"cannot read `{file}`: {reason}", file)]) from None
    return decode(content, file)


def decode(content: bytes, file: str) -> str:
    """Return the text of a file's bytes.

    Raises
    ------
    TopologyError
        If they are not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if packed := packed_as(content):
            raise TopologyError([Problem("", f"`{file}` is {packed}, not text: unpack it first", file, 1, 1)]) from None
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        lines = _BREAK.split(before)
        problem = Problem(
            "", f"not UTF-8 text: byte 0x{content[error.start]:02X}", file, len(lines), len(lines[-1]) + 1
        )
        raise TopologyError([problem]) from None


def _mark(event: yaml.Event) -> Mark:
    mark = event.start_mark
    assert mark is not None
    return (mark.line + 1, mark.column + 1)


def _explain(error: yaml.MarkedYAMLError, lines: list[str], where: Mark) -> str:
    line, column = where
    source = lines[line - 1] if line <= len(lines) else ""
    if source[: column - 1].strip() == "" and source[column - 1 : column] == "\t":
        return "a tab cannot indent; use spaces"
    told = ", ".join(str(part) for part in (error.context, error.problem) if part)
    return told + _look_at(error, lines, where)


def _look_at(error: yaml.MarkedYAMLError, lines: list[str], where: Mark) -> str:
    """What to look at: the parser says what it had not expected, and seldom why."""
    context, problem = error.context or "", error.problem or ""
    if context.startswith("while parsing a flow") and error.context_mark:
        return f": look for what is opened on line {error.context_mark.line + 1} and not closed, or for a missing comma"
    if not context.startswith("while parsing a block") and not problem.startswith("mapping values"):
        return ""
    line, column = where
    if problem.startswith("mapping values") and ": " in lines[line - 1][: column - 1]:
        return ": put a value that has a colon and a space in it into quotes"
    above = next((at for at in range(line - 1, 0, -1) if _CONTENT.match(lines[at - 1])), 0)
    if not above:
        return ""
    if glued := _GLUED.match(lines[above - 1]):
        return f": a colon needs a space after it, on line {above} `{glued[1]}: {glued[2]}`"
    return (
        f": look at the indentation: line {above} begins in {_columns(lines[above - 1])}, line {line} in "
        f"{_columns(lines[line - 1])}; keys of one block begin in the same column"
    )


def _columns(line: str) -> str:
    """Where a line begins, and what stands behind a dash."""
    begins = len(line) - len(line.lstrip()) + 1
    dash = _DASH.match(line)
    return f"column {begins}" + (f", after its `-` in column {len(dash[0]) + 1}" if dash else "")
