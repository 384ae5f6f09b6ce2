"""Refusals in words: what was allowed and what came, without a word of a parser, a pattern or Python."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, inspect

from recomengine.app import all_routes
from recomengine.events.schemas import EventIn, KnownMetadata
from recomengine.settings import Settings
from recomengine.shop import TenantConfig
from recomengine.web.operations import Operation
from recomengine.wording import UNKNOWN, fault_of, in_words, type_of

JARGON = re.compile(r"regex|`|\^|\\|\bstr\b|\bint\b|\bfloat\b|\bbool\b|\barray\b|\bobject missing|Invalid|\$\(")
BAD_VALUES: list[Any] = [
    7, -1, 10**20, 1.5, "", "x", "x" * 30_000, "\t", "a\nb", "//", "ftp://a", True, None, [], ["x" * 3000], [7],
    [None] * 2000, {}, {"x": 1}, {"name": 7, "config": 7}, [{}],
]  # fmt: skip


def wanted_types() -> list[Any]:
    operations = [route for route in all_routes() if isinstance(route, Operation)]
    wanted = [kind for one in operations for kind in (one.body, one.lines, one.query) if kind is not None]
    return list(dict.fromkeys([*wanted, EventIn, KnownMetadata, TenantConfig, Settings]))


def inner_types(kind: inspect.Type, seen: set[type]) -> Iterator[inspect.Type]:
    yield kind
    if isinstance(kind, inspect.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        for field in kind.fields:
            yield from inner_types(field.type, seen)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from inner_types(one, seen)
    elif isinstance(kind, inspect.Metadata):
        yield from inner_types(kind.type, seen)
    elif isinstance(kind, inspect.ListType | inspect.VarTupleType):
        yield from inner_types(kind.item_type, seen)


@pytest.mark.parametrize("wanted", wanted_types(), ids=lambda kind: getattr(kind, "__name__", str(kind)))
def test_every_pattern_says_in_words_what_it_takes(wanted: Any) -> None:
    kinds = list(inner_types(type_of(wanted), set()))
    explained = {
        id(one.type) for one in kinds if isinstance(one, inspect.Metadata) and (one.extra or {}).get("expected")
    }
    assert not [one for one in kinds if isinstance(one, inspect.StrType) and one.pattern and id(one) not in explained]


@pytest.mark.parametrize("wanted", wanted_types(), ids=lambda kind: getattr(kind, "__name__", str(kind)))
def test_whatever_is_refused_is_refused_in_words(wanted: Any) -> None:
    kind = type_of(wanted)
    names = [field.encode_name for field in kind.fields] if isinstance(kind, inspect.StructType) else []
    for name in [*names, "nonsense"]:
        for value in BAD_VALUES:
            body = {name: value}
            try:
                msgspec.convert(body, wanted, dec_hook=lambda kind, value: kind(value))
            except msgspec.ValidationError as error:
                path, message = fault_of(error, wanted, body)
                assert not JARGON.search(message.partition(", got ")[0]), (name, value, message)
                assert message.startswith("expected "), message
                assert path.startswith("$"), path


class Shelf(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    code: Annotated[str, Meta(pattern="^[A-Z]{3}$", extra={"expected": "three capital letters, such as EUR"})] = "EUR"
    title: Annotated[str, Meta(min_length=1, max_length=5)] = "x"
    count: Annotated[int, Meta(ge=1, le=9)] | None = None
    share: Annotated[float, Meta(ge=0)] = 0.0
    kind: Literal["big", "small"] = "big"
    since: datetime | None = None
    day: date | None = None
    price: Decimal | None = None
    open_now: bool = True
    owner: UUID | None = None
    tags: Annotated[list[Annotated[str, Meta(max_length=3)]], Meta(max_length=2)] = []
    inner: "Shelf | None" = None
    free: dict[str, int] = {}
    password: int = 0


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        ({"code": "eur"}, "$.code", "expected three capital letters, such as EUR, got 'eur'"),
        ({"title": "toolong"}, "$.title", "expected text of 1 to 5 characters, got 7 characters"),
        ({"title": ""}, "$.title", "expected text of 1 to 5 characters, got 0 characters"),
        ({"title": None}, "$.title", "expected text of 1 to 5 characters, got null"),
        ({"count": 10}, "$.count", "expected a whole number (1 to 9) or null, got 10"),
        ({"count": 1.5}, "$.count", "expected a whole number (1 to 9) or null, got 1.5"),
        ({"share": -0.5}, "$.share", "expected a number (at least 0), got -0.5"),
        ({"kind": "huge"}, "$.kind", "expected one of big, small, got 'huge'"),
        ({"since": "soon"}, "$.since", "expected a time with zone, such as 2026-01-15T09:30:00Z or null, got 'soon'"),
        ({"day": "soon"}, "$.day", "expected a day such as 2026-01-15 or null, got 'soon'"),
        ({"price": "x" * 60}, "$.price", f"expected a number or null, got '{'x' * 40}…'"),
        ({"openNow": "yes"}, "$.openNow", "expected true or false, got 'yes'"),
        ({"owner": "ann"}, "$.owner",
         "expected an id such as 3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f or null, got 'ann'"),
        ({"tags": ["a", "b", "c"]}, "$.tags", "expected a list of at most 2 elements, got 3 elements"),
        ({"tags": ["a", "long"]}, "$.tags[1]", "expected text of at most 3 characters, got 4 characters"),
        ({"tags": {"a": 1}}, "$.tags", "expected a list of at most 2 elements, got an object"),
        ({"inner": {"inner": {"openNow": [1]}}}, "$.inner.inner.openNow", "expected true or false, got a list"),
        ({"free": {"a": "b"}}, "$.free[...]", "expected a whole number"),
        ({"password": "hunter2"}, "$.password", "expected a whole number, got '…'"),
        ([], "$", "expected an object, got a list"),
        ({"inner": {"colour": 1}}, "$.inner",
         "expected only the members code, title, count, share, kind, since, day, price, openNow, owner, tags, inner, "
         "free, password, got 'colour'"),
    ],
)  # fmt: skip
def test_a_refusal_names_what_is_allowed_and_what_came(body: Any, path: str, message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(body, Shelf, strict=True)
    assert tuple(fault_of(caught.value, Shelf, body)) == (path, message)


def test_a_member_that_is_missing_is_named() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"userId": "ann"}, EventIn)
    assert fault_of(caught.value, EventIn).message == "expected a member eventType, got none"


def test_a_value_that_is_not_known_is_not_shown() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"kind": "huge"}, Shelf)
    assert fault_of(caught.value, Shelf, UNKNOWN).message == "expected one of big, small"


def test_any_type_has_words() -> None:
    assert in_words(type_of(Any)) == "any value"
    assert in_words(type_of(tuple[int, str])) == "a list"
    assert in_words(type_of(bytes)) == "another value"
