"""What numba knows of records: one is the pointer to its memory and the number of its first word, a field a load or a
store at a constant distance. So a record costs no more than its words by themselves."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import float64, int64, types
from numba.core.imputils import lower_constant
from numba.core.typeconv import Conversion
from numba.core.typing import signature
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    lower_builtin,
    lower_cast,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
    type_callable,
    typeof_impl,
)

from .fields import (
    NEXT,
    Field,
    Flag,
    Float,
    Kind,
    Nobody,
    Reference,
    Table,
    Within,
    fields_of,
    free_list,
    resets_of,
    size_of,
    watch,
    world_of,
)
from .records import prefetch, put_back, take

if TYPE_CHECKING:
    from .records import Record

WORD = ir.IntType(64)
ZERO = ir.Constant(WORD, 0)
INTEGERS, FLOATS = types.CPointer(int64), types.CPointer(float64)


class RecordType(types.Type):  # type: ignore[misc]
    """A record of a kind."""

    def __init__(self, record: type[Record]) -> None:
        self.record = record
        super().__init__(record.__name__)

    @property
    def key(self) -> Any:
        """What makes it this type."""
        return self.record

    def can_convert_to(self, _context: Any, other: Any) -> Any:
        """Only to what it is a kind of."""
        if isinstance(other, RecordType) and issubclass(self.record, other.record):
            return Conversion.safe
        return None

    def unify(self, _context: Any, other: Any) -> Any:
        """With nobody it is what it is."""
        return self if isinstance(other, NobodyType) else None


class RowsType(types.Type):  # type: ignore[misc]
    """Rows of a kind."""

    def __init__(self, row: Kind) -> None:
        self.row = row
        super().__init__(f"rows of {type_of(row)}")

    @property
    def key(self) -> Any:
        """What makes it this type."""
        return self.row


class NobodyType(types.Opaque):  # type: ignore[misc]
    """No record, of whatever kind."""

    def can_convert_to(self, _context: Any, other: Any) -> Any:
        """To any record."""
        return Conversion.promote if isinstance(other, RecordType) else None


NOBODY = NobodyType("nobody")


def type_of(kind: Kind) -> Any:
    """What a field is to numba."""
    if isinstance(kind, (Reference, Within)):
        return RecordType(kind.record)
    if isinstance(kind, Table):
        return RowsType(kind.row)
    return types.boolean if isinstance(kind, Flag) else float64 if isinstance(kind, Float) else int64


register_model(NobodyType)(models.OpaqueModel)


@register_model(RowsType)
@register_model(RecordType)
class RecordModel(models.StructModel):  # type: ignore[misc]
    """A pointer and a number."""

    def __init__(self, manager: Any, of: Any) -> None:
        super().__init__(manager, of, [("memory", INTEGERS), ("index", int64)])


def make(builder: Any, memory: Any, index: Any) -> Any:
    """A record, or rows, at a place."""
    value = ir.Constant(ir.LiteralStructType([memory.type, WORD]), ir.Undefined)
    return builder.insert_value(builder.insert_value(value, memory, 0), index, 1)


def memory_of(builder: Any, value: Any) -> Any:
    """The pointer of a record or of rows."""
    return builder.extract_value(value, 0)


def index_of(builder: Any, value: Any) -> Any:
    """The number of the first word of a record or of rows."""
    return builder.extract_value(value, 1)


def word_at(builder: Any, memory: Any, index: Any, offset: int) -> Any:
    """The pointer to one word."""
    return builder.gep(builder.gep(memory, [index]), [ir.Constant(WORD, offset)])


def load(builder: Any, kind: Kind, memory: Any, index: Any, offset: int) -> Any:
    """The value of a field."""
    if isinstance(kind, Within):
        return make(builder, memory, builder.add(index, ir.Constant(WORD, offset)))
    place = word_at(builder, memory, index, offset)
    if isinstance(kind, Float):
        return builder.load(builder.bitcast(place, ir.DoubleType().as_pointer()))
    word = builder.load(place)
    if isinstance(kind, Flag):
        return builder.icmp_signed("!=", word, ZERO)
    return make(builder, memory, word) if isinstance(kind, (Reference, Table)) else word


def store(builder: Any, kind: Kind, memory: Any, index: Any, offset: int, value: Any) -> None:
    """Write a field."""
    place = word_at(builder, memory, index, offset)
    if isinstance(kind, Float):
        place = builder.bitcast(place, ir.DoubleType().as_pointer())
    elif isinstance(kind, Flag):
        value = builder.zext(value, WORD)
    elif isinstance(kind, Reference):
        value = index_of(builder, value)
    builder.store(value, place)


# -- records and their fields


def introduce(record: type[Record]) -> None:
    """Let kernels know a kind of records, as what makes one of the record at a place."""
    own = RecordType(record)

    @type_callable(record)
    def type_record(_context: Any) -> Callable[..., Any]:
        return lambda memory, index=None: own

    @lower_builtin(record, types.Array)
    def first_of_array(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        return make(builder, builder.bitcast(data, context.get_value_type(INTEGERS)), ZERO)

    @lower_builtin(record, INTEGERS, types.Integer)
    def at_place(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return make(builder, args[0], context.cast(builder, args[1], sig.args[1], int64))

    @lower_builtin(record, RecordType, types.Integer)
    def at_place_beside(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return at_place(context, builder, sig, (memory_of(builder, args[0]), args[1]))

    @lower_builtin(record, RecordType)
    def same_place(_context: Any, _builder: Any, _sig: Any, args: Any) -> Any:
        return args[0]


@infer_getattr
class Attributes(AttributeTemplate):  # type: ignore[misc]
    """The types of what a record has."""

    key = RecordType

    def generic_resolve(self, of: RecordType, name: str) -> Any:  # type: ignore[override]
        """That of a field, or of what every record has."""
        if name in fields_of(of.record):
            return type_of(fields_of(of.record)[name].kind)
        every = {"index": int64, "integers": INTEGERS, "floats": FLOATS, "following": of}
        return RecordType(world_of(of.record)) if name == "world" else every.get(name)


@lower_getattr_generic(RecordType)
def get(_context: Any, builder: Any, of: RecordType, value: Any, name: str) -> Any:
    """A field, or what every record has."""
    memory, index = memory_of(builder, value), _index(builder, of, value)
    if name in fields_of(of.record):
        one = fields_of(of.record)[name]
        return load(builder, one.kind, memory, index, one.offset)
    if name == "world":
        return make(builder, memory, ZERO)
    if name == "following":
        return make(builder, memory, builder.add(index, ir.Constant(WORD, size_of(of.record))))
    if name == "floats":
        return builder.bitcast(memory, ir.DoubleType().as_pointer())
    return memory if name == "integers" else index


@lower_setattr_generic(RecordType)
def set_(_context: Any, builder: Any, sig: Any, args: Any, name: str) -> None:
    """Write a field."""
    of, value = sig.args[0], args[0]
    one: Field = fields_of(of.record)[name]
    store(builder, one.kind, memory_of(builder, value), _index(builder, of, value), one.offset, args[1])


def _index(builder: Any, of: RecordType, value: Any) -> Any:
    """The first word of a record; of the world it is always 0."""
    return ZERO if of.record is world_of(of.record) else index_of(builder, value)


# -- rows


@type_callable(operator.getitem)
def type_row(_context: Any) -> Callable[..., Any]:
    """Of a row."""
    return lambda rows, row: (
        type_of(rows.row) if isinstance(rows, RowsType) and isinstance(row, types.Integer) else None
    )


@type_callable(operator.setitem)
def type_new_row(_context: Any) -> Callable[..., Any]:
    """Of a word that is written."""

    def typed(rows: Any, row: Any, _value: Any) -> Any:
        if isinstance(rows, RowsType) and not isinstance(rows.row, (Within, Table)):
            return signature(types.void, rows, row, type_of(rows.row))
        return None

    return typed


def _place_of_row(context: Any, builder: Any, sig: Any, args: Any) -> tuple[Kind, Any, Any]:
    """Its kind, and where it is."""
    kind = sig.args[0].row
    row = context.cast(builder, args[1], sig.args[1], int64)
    distance = builder.mul(row, ir.Constant(WORD, kind.size))
    return kind, memory_of(builder, args[0]), builder.add(index_of(builder, args[0]), distance)


@lower_builtin(operator.getitem, RowsType, types.Integer)
def get_row(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """A row."""
    return load(builder, *_place_of_row(context, builder, sig, args), 0)


@lower_builtin(operator.setitem, RowsType, types.Integer, types.Any)
def set_row(context: Any, builder: Any, sig: Any, args: Any) -> None:
    """Write a row of one word."""
    store(builder, *_place_of_row(context, builder, sig, args), 0, args[2])


# -- somebody and nobody


@lower_cast(RecordType, RecordType)
def widen(_context: Any, _builder: Any, of: RecordType, to: RecordType, value: Any) -> Any:
    """A record as what it is a kind of."""
    if not issubclass(of.record, to.record):
        raise TypeError(f"a {of} is no {to}")
    return value


@lower_cast(NobodyType, RecordType)
def as_record(context: Any, builder: Any, _of: Any, _to: Any, _value: Any) -> Any:
    """Nobody, in no memory."""
    return make(builder, ir.Constant(context.get_value_type(INTEGERS), ir.Undefined), ZERO)


@lower_constant(NobodyType)
def constant_nobody(context: Any, _builder: Any, _of: Any, _value: Any) -> Any:
    """There is nothing to it."""
    return context.get_dummy_value()


@type_callable(bool)
def type_bool(_context: Any) -> Callable[..., Any]:
    """Whether there is somebody."""
    return lambda value: types.boolean if isinstance(value, (RecordType, RowsType)) else None


@type_callable(operator.not_)
def type_not(_context: Any) -> Callable[..., Any]:
    """Whether there is nobody."""
    return lambda value: types.boolean if isinstance(value, (RecordType, RowsType)) else None


def _compare_with_nobody(sign: str) -> Callable[..., Any]:
    return lambda _context, builder, _sig, args: builder.icmp_signed(sign, index_of(builder, args[0]), ZERO)


for _kind in (RecordType, RowsType):
    lower_builtin(bool, _kind)(_compare_with_nobody("!="))
    lower_builtin(operator.not_, _kind)(_compare_with_nobody("=="))


def _introduce_comparison(operation: Any, sign: str) -> None:
    """Two records are one if they are at one place."""

    @type_callable(operation)
    def type_comparison(_context: Any) -> Callable[..., Any]:
        return lambda one, other: (
            types.boolean if isinstance(one, RecordType) and isinstance(other, RecordType) else None
        )

    @lower_builtin(operation, RecordType, RecordType)
    def compare(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.icmp_signed(sign, index_of(builder, args[0]), index_of(builder, args[1]))


_introduce_comparison(operator.eq, "==")
_introduce_comparison(operator.ne, "!=")


# -- records that come and go


def _take(_context: Any, builder: Any, sig: Any, args: Any) -> Any:
    record, memory = sig.return_type.record, memory_of(builder, args[0])
    head = word_at(builder, memory, ZERO, free_list(record))
    free = builder.load(head)
    with builder.if_else(builder.icmp_signed("!=", free, ZERO)) as (there_is_one, there_is_none):
        with there_is_one:
            builder.store(builder.load(word_at(builder, memory, free, NEXT)), head)
            from_list = builder.block
        with there_is_none:
            top = word_at(builder, memory, ZERO, fields_of(world_of(record))["top"].offset)
            new = builder.load(top)
            builder.store(builder.add(new, ir.Constant(WORD, size_of(record))), top)
            from_top = builder.block
    index = builder.phi(WORD)
    index.add_incoming(free, from_list)
    index.add_incoming(new, from_top)
    for offset, value in resets_of(record).items():
        builder.store(ir.Constant(WORD, value), word_at(builder, memory, index, offset))
    return make(builder, memory, index)


def _put_back(_context: Any, builder: Any, sig: Any, args: Any) -> Any:
    memory, index = memory_of(builder, args[0]), index_of(builder, args[0])
    generation = word_at(builder, memory, index, 0)
    builder.store(builder.add(builder.load(generation), ir.Constant(WORD, 1)), generation)
    head = word_at(builder, memory, ZERO, free_list(sig.args[0].record))
    builder.store(builder.load(head), word_at(builder, memory, index, NEXT))
    builder.store(index, head)


def _prefetch(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    number = ir.IntType(32)
    distance = context.cast(builder, args[1], sig.args[1], int64)
    place = builder.gep(builder.gep(memory_of(builder, args[0]), [index_of(builder, args[0])]), [distance])
    place = builder.bitcast(place, ir.IntType(8).as_pointer())
    takes = ir.FunctionType(ir.VoidType(), [place.type, number, number, number])
    fetch = builder.module.declare_intrinsic("llvm.prefetch", [place.type], takes)
    # To be read (0) and kept near (3), of data (1).
    builder.call(fetch, [place, number(0), number(3), number(1)])


typeof_impl.register(Nobody)(lambda _value, _context: NOBODY)
type_callable(take)(lambda _context: lambda world, kind: RecordType(kind.typing_key))
type_callable(put_back)(lambda _context: lambda record: types.void)
type_callable(prefetch)(lambda _context: lambda record, words: types.void)
lower_builtin(take, RecordType, types.Function)(_take)
lower_builtin(put_back, RecordType)(_put_back)
lower_builtin(prefetch, RecordType, types.Integer)(_prefetch)
watch(introduce)
