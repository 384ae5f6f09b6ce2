"""What a value was to be, and what came, in words: msgspec refuses it and says where; its type says what is allowed.

A pattern says nothing to people, so a type with one says in words what it takes: `Meta(pattern=…, extra={"expected":
"three capital letters, such as EUR"})`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

MAX_SHOWN = 40
"""Characters of a value in a message."""
SECRET = frozenset({"password", "token", "key", "secret"})
"""Members whose values are not repeated."""
UNKNOWN = object()
"""A value that could not be found."""

_FAULT = re.compile(r"^(?P<message>.*?)(?: - at (?:`key` in )?`(?P<path>[^`]*)`)?$", re.DOTALL)
_OWN = re.compile(r"(\w+): (expected .*)", re.DOTALL)
"""What our types say themselves of a member."""
_MEMBER = re.compile(r"\.([^.\[\]]+)|\[([0-9]+|\.\.\.)\]")
_PLAIN = {
    inspect.AnyType: "any value", inspect.RawType: "any value", inspect.NoneType: "null",
    inspect.BoolType: "true or false", inspect.UUIDType: "an id such as 3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f",
    inspect.DateType: "a day such as 2026-01-15", inspect.DictType: "an object", inspect.StructType: "an object",
    inspect.TupleType: "a list",
}  # fmt: skip


class Fault(NamedTuple):
    path: str
    message: str


def fault_of(error: msgspec.ValidationError, wanted: Any, value: Any = UNKNOWN) -> Fault:
    """wanted: the type of the whole; value: the whole as it was decoded without one, or what it was converted from."""
    found = _FAULT.match(str(error))
    assert found is not None  # the pattern takes any text
    path, message = found["path"] or "$", found["message"]
    if own := _OWN.match(message):
        return Fault(f"{path}.{own[1]}", own[2])
    kind, given = _at(type_of(wanted), value, path)
    if message.startswith("Object contains unknown field "):
        name = message[len("Object contains unknown field `") : -1]
        return Fault(path, f"expected {_members(kind)}, got {shown(name)}")
    if message.startswith("Object missing required field "):
        return Fault(path, f"expected a member {message.split('`')[1]}, got none")
    return Fault(path, f"expected {in_words(kind)}{_got(kind, given, path)}")


@cache
def type_of(wanted: Any) -> inspect.Type:
    return inspect.type_info(wanted)


def in_words(kind: inspect.Type) -> str:
    """What values of the type are."""
    if isinstance(kind, inspect.Metadata):
        return str((kind.extra or {}).get("expected") or in_words(kind.type))
    if isinstance(kind, inspect.UnionType):
        return " or ".join(in_words(one) for one in kind.types)
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(map(str, kind.values))
    if isinstance(kind, inspect.StrType):
        return "text" + _bounds(kind.min_length, kind.max_length, "characters")
    if isinstance(kind, inspect.IntType):
        return "a whole number" + _bounds(kind.ge, kind.le)
    if isinstance(kind, inspect.FloatType):
        return "a number" + _bounds(kind.ge, kind.le)
    if isinstance(kind, inspect.DecimalType):
        return "a number"
    if isinstance(kind, inspect.DateTimeType):
        return "a time with zone, such as 2026-01-15T09:30:00Z"
    if isinstance(kind, inspect.CollectionType):
        return "a list" + _bounds(kind.min_length, kind.max_length, "elements")
    return next((words for plain, words in _PLAIN.items() if isinstance(kind, plain)), "another value")


def shown(value: Any) -> str:
    """A value as a message repeats it."""
    if isinstance(value, str):
        return repr(value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "…")
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _bounds(least: float | None, most: float | None, unit: str = "") -> str:
    if unit and not least:
        least = None  # of nothing there is no less
    if least is None and most is None:
        return ""
    span = f"at most {most}" if least is None else f"at least {least}" if most is None else f"{least} to {most}"
    return f" of {span} {unit}" if unit else f" ({span})"


def _got(kind: inspect.Type, value: Any, path: str) -> str:
    if value is UNKNOWN:
        return ""
    if path.rpartition(".")[2].lower() in SECRET and isinstance(value, str | int | float):
        value = "…"
    for one in _choices(kind):
        if isinstance(one, inspect.StrType) and isinstance(value, str) and _is_out(len(value), one):
            return f", got {len(value)} characters"
        if isinstance(one, inspect.CollectionType) and isinstance(value, list) and _is_out(len(value), one):
            return f", got {len(value)} elements"
    return f", got {shown(value)}"


def _is_out(length: int, kind: "inspect.StrType | inspect.CollectionType") -> bool:
    return length < (kind.min_length or 0) or (kind.max_length is not None and length > kind.max_length)


def _members(kind: inspect.Type) -> str:
    names = [field.encode_name for one in _choices(kind) for field in getattr(one, "fields", ())]
    return f"only the members {', '.join(names)}" if names else "no such member"


def _choices(kind: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a value may have."""
    if isinstance(kind, inspect.Metadata):
        yield from _choices(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _choices(one)
    else:
        yield kind


def _at(kind: inspect.Type, value: Any, path: str) -> tuple[inspect.Type, Any]:
    """The type and the value at the path, as far as they can be told."""
    for name, index in _MEMBER.findall(path):
        kind = next(filter(None, (_inner(one, name, index) for one in _choices(kind))), inspect.AnyType())
        value = _value_in(value, name, index)
    return kind, value


def _inner(kind: inspect.Type, name: str, index: str) -> inspect.Type | None:
    if name:
        fields: Sequence[inspect.Field] = getattr(kind, "fields", ())
        return next((field.type for field in fields if field.encode_name == name), None)
    if isinstance(kind, inspect.DictType):
        return kind.value_type
    return getattr(kind, "item_type", None)


def _value_in(value: Any, name: str, index: str) -> Any:
    if name and isinstance(value, Mapping):
        return value.get(name, UNKNOWN)
    if index.isdigit() and isinstance(value, list | tuple) and int(index) < len(value):
        return value[int(index)]
    return UNKNOWN
