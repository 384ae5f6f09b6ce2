"""Query strings as structs."""

from typing import Literal

import msgspec
import pytest

from recomengine.web.paging import MAX_FIELDS, Page, convert_query, query_pairs
from recomengine.web.problems import Invalid, MalformedBody


class Asked(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    kind_of: Literal["a", "b"] | None = None
    text: str | None = None
    only_new: bool | None = None


@pytest.mark.parametrize(
    ("fields", "path"), [({"kindOf": "null"}, "$.kindOf"), ({"text": "null", "onlyNew": "NULL"}, "$.onlyNew")]
)
def test_the_word_null_is_no_value(fields: dict[str, str], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        convert_query(fields, Asked)
    assert caught.value.errors[0].path == path


def test_a_list_does_not_begin_again_at_a_cursor_of_null() -> None:
    with pytest.raises(Invalid):
        convert_query({"cursor": "null"}, Page)


def test_null_is_a_text_like_another() -> None:
    assert convert_query({"text": "null", "kindOf": "b"}, Asked) == Asked("b", "null")


@pytest.mark.parametrize(
    ("text", "byte"), [(b"q=%ff", "0xff"), ("q=ü".encode(), "0xc3"), (b"q=%ed%a0%80", "0xed"), (b"%80=q", "0x80")]
)
def test_a_query_that_is_no_text_is_refused_with_the_byte_that_is_none(text: bytes, byte: str) -> None:
    with pytest.raises(MalformedBody, match=f"UTF-8, percent-encoded, got the byte {byte}"):
        query_pairs(text)


def test_too_many_parameters_are_counted_in_the_refusal() -> None:
    assert len(query_pairs(b"&".join([b"a=b"] * MAX_FIELDS))) == MAX_FIELDS
    with pytest.raises(
        Invalid, match=f"expected at most {MAX_FIELDS} parameters in the query string, got {MAX_FIELDS + 1}"
    ):
        query_pairs(b"&".join([b"a=b"] * (MAX_FIELDS + 1)))
