"""Query strings as structs."""

from typing import Literal

import msgspec
import pytest

from recomengine.web.paging import Page, convert_query
from recomengine.web.problems import Invalid


class Asked(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    kind_of: Literal["a", "b"] | None = None
    text: str | None = None
    only_new: bool | None = None


@pytest.mark.parametrize(("fields", "path"), [({"kindOf": "null"}, "$.kindOf"), ({"text": "null", "onlyNew": "NULL"}, "$.onlyNew")])
def test_the_word_null_is_no_value(fields: dict[str, str], path: str) -> None:
    with pytest.raises(Invalid) as caught:
        convert_query(fields, Asked)
    assert caught.value.errors[0].path == path


def test_a_list_does_not_begin_again_at_a_cursor_of_null() -> None:
    with pytest.raises(Invalid):
        convert_query({"cursor": "null"}, Page)


def test_null_is_a_text_like_another() -> None:
    assert convert_query({"text": "null", "kindOf": "b"}, Asked) == Asked("b", "null")
