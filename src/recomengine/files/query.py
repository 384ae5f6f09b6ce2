"""What the query string of an import may say of its body."""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta
from starlette.requests import Request

from recomengine.web.paging import convert_query, query_pairs
from recomengine.web.problems import invalid

MAX_MAPPED = 200
FormatName = Literal["auto", "recomengine", "shopify", "woocommerce", "google", "adobe-commerce"]
Word = Annotated[str, Meta(min_length=1, max_length=40)]


class FileQuery(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    format: FormatName = "auto"
    map: Annotated[list[Annotated[str, Meta(min_length=3, max_length=300)]], Meta(max_length=MAX_MAPPED)] = []
    separator: Word | None = None
    encoding: Word | None = None


Q = TypeVar("Q", bound=FileQuery)


def read_file_query(request: Request, kind: type[Q]) -> Q:
    """Raises Invalid."""
    fields: dict[str, str | list[str]] = {}
    mapped: list[str] = []
    for name, value in query_pairs(request.scope["query_string"]):
        if name == "map":
            mapped.append(value)
            fields[name] = mapped
        elif name in fields:
            raise invalid(f"$.{name}", "expected once, got it twice. Send one value")
        else:
            fields[name] = value
    return convert_query(fields, kind)


def mapping_of(pairs: Sequence[str]) -> dict[str, str]:
    """From FROM=TO, a column's name and a field's. Raises Invalid."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        column, mark, field = pair.rpartition("=")
        if not (mark and column.strip() and field.strip()):
            raise invalid("$.map", f"expected a column and a field, as in Title=name, got {pair[:40]}")
        mapping[column.strip()] = field.strip()
    return mapping
