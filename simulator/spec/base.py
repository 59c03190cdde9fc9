"""What all models share: camelCase keys, no unknown ones, frozen values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import ClassVar, NoReturn, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from .mistakes import Mistake, Source, describe, did_you_mean, listed, nearest

V = TypeVar("V")

EXTENSION = "x-"
"""How a key begins that the file keeps for itself, as in Compose: a place for anchors."""


_EMPTY = Mistake("expected a value, found nothing; without one, leave the key out")
_EMPTY_BLOCK = Mistake("expected a mapping, found nothing; write `{}` for its defaults, or leave the key out")


class FrozenDict(dict[str, V]):
    """A dict that refuses to change, so that frozen models are frozen all the way down."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a topology does not change; use replace")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict[V]], tuple[dict[str, V]]]:
        return type(self), (dict(self),)


class Model(BaseModel):
    """Base of everything in a topology.

    `later` names the keys of the language that are not built yet, `shorthands` the keys that a file may have and
    that `normalise` turns into fields, `hidden` the fields that no file may write, `meant` the key that a bare value in
    the place of the whole is likely to be meant for.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        defer_build=True,  # the schema of the whole is built once, at the first topology
    )

    later: ClassVar[frozenset[str]] = frozenset()
    shorthands: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[frozenset[str]] = frozenset()
    meant: ClassVar[str] = ""

    @classmethod
    def known_keys(cls) -> list[str]:
        """Return the keys that a file may have here, in order."""
        return list(_known(cls))

    @classmethod
    def is_known(cls, key: str) -> bool:
        """Whether a file may have this key here."""
        return key in _known(cls)

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Return the mapping with its shorthands written out; mistakes may take the place of values."""
        return data

    @classmethod
    def _misplaced(cls, key: str, value: object) -> Mistake | None:
        """Return what is wrong with a key that has nothing behind it, or a bare value instead of a block."""
        if value is None:
            return cls._empty(key)
        meant = _meant_keys(cls).get(key, "")
        if not meant or not isinstance(value, str | int | float) or describe(value).strip("`") != str(value):
            return None
        return Mistake(f"expected a mapping, found {describe(value)}: write `{key}: {{{meant}: {value}}}`")

    @classmethod
    def _empty(cls, key: str) -> Mistake:
        """Return what is wrong with a key that has nothing behind it."""
        for name, field in cls.model_fields.items():
            if key == (field.alias or name):
                blocks = [one for one in get_args(field.annotation) if isinstance(one, type) and issubclass(one, Model)]
                if blocks and not any(each.is_required() for one in blocks for each in one.model_fields.values()):
                    return _EMPTY_BLOCK
        return _EMPTY

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: object, info: ValidationInfo) -> object:
        if not isinstance(data, Mapping):
            return data
        if isinstance(info.context, Source):
            source, values = info.context, {str(key): value for key, value in data.items()}
        else:  # made in Python, by keyword: attributes are as good as keys
            aliases = {name: field.alias or name for name, field in cls.model_fields.items()}
            source, values = Source(), {aliases.get(str(key), str(key)): value for key, value in data.items()}
            values = {key: value for key, value in values.items() if value is not None}
        return cls._checked(values, source)

    @classmethod
    def _checked(cls, values: dict[str, object], source: Source) -> dict[str, object]:
        foreign = {key: cls._foreign(key) for key in values if not cls.is_known(key)}
        wrong = {key: cls._misplaced(key, value) for key, value in values.items() if key not in foreign}
        meant = {word for key in foreign for word in cls._meant(key)}
        known = cls.normalise({key: mistake or values[key] for key, mistake in wrong.items()}, source)
        for key, missing in cls._missing(known).items():
            # a misspelt key is one mistake, not an unknown key and a missing one
            known.setdefault(key, Mistake("", "key") if meant & cls._means(key) else missing)
        return {**known, **foreign}

    @classmethod
    def _missing(cls, data: dict[str, object]) -> dict[str, Mistake]:
        """Return what should be there and is not, by key."""
        return {key: Mistake(f"missing key `{key}`", "key") for key in _required(cls) if key not in data}

    @classmethod
    def _means(cls, key: str) -> set[str]:
        """Return the keys of a file that would have given this one."""
        return {key}

    @classmethod
    def _meant(cls, key: str) -> set[str]:
        """Return the keys that an unknown one may stand for, so that none of them is said to be missing too."""
        return {nearest(key, cls.known_keys())}

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        if key in cls.later:
            return Mistake(f"`{key}` is not supported yet", "key")
        if key.startswith(EXTENSION):
            return Mistake(f"`{key}`: only the top of the file may have keys that begin with `{EXTENSION}`", "key")
        for owner, keys, example in cls._blocks():
            if key in keys:
                block = example.format(f"{{{key}: ...}}")
                return Mistake(f"`{key}` belongs into `{owner}`: write `{owner}: {block}`", "key")
        known = cls.known_keys()
        hint = did_you_mean(key, known) or (f"; expected {listed(known)}" if known else "; it has no keys")
        return Mistake(f"unknown key `{key}`{hint}", "key")

    @classmethod
    def _blocks(cls) -> Iterator[tuple[str, list[str], str]]:
        """Yield the keys that hold mappings with keys of their own, those keys, and how one of them is written."""
        for name, field in cls.model_fields.items():
            example = "[{}]" if get_origin(field.annotation) is tuple else "{}"
            for kind in (field.annotation, *get_args(field.annotation)):
                if get_origin(field.annotation) is not dict and isinstance(kind, type) and issubclass(kind, Model):
                    yield field.alias or name, kind.known_keys(), example


@cache
def _known(model: type[Model]) -> dict[str, None]:
    """The keys that a file may have in a block, in order; a file may have a hundred thousand blocks."""
    fields = [field.alias or name for name, field in model.model_fields.items() if name not in model.hidden]
    return dict.fromkeys([*model.shorthands, *fields])


@cache
def _meant_keys(model: type[Model]) -> dict[str, str]:
    """By key of a block the key inside it that a bare value is likely to be meant for."""
    fields = [(field.alias or name, field.annotation) for name, field in model.model_fields.items()]
    kinds = ((key, kind) for key, annotation in fields for kind in (annotation, *get_args(annotation)))
    return {key: kind.meant for key, kind in kinds if isinstance(kind, type) and issubclass(kind, Model) and kind.meant}


@cache
def _required(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items() if field.is_required())
