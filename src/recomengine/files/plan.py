"""What files and domains say to each other: a file has records, and a domain's plan makes JSON lines of them.

`files` reads bytes and knows no product; a plan knows products or events and no bytes.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from recomengine.web.ndjson import Lines


class Record(NamedTuple):
    """A row of a table, an object of JSON or an item of XML.

    A cell is text as it stands there, which may be empty; a list where an element or a member of JSON is one. Of JSON,
    numbers and truth come as they are written, null as an empty text, what is nested as JSON.
    """

    line: int
    """Of its beginning."""
    cells: dict[str, str | list[str]]


class Broken(NamedTuple):
    """What stands where a record should, and cannot be read."""

    line: int
    why: str


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What who imports says of a file; None and "auto": to be found."""

    format: str = "auto"
    map: dict[str, str] = {}
    """From a column's name, as it stands in the file, to a field's name."""
    separator: str | None = None
    encoding: str | None = None
    category_separator: str | None = None


class Columns(msgspec.Struct):
    """What became of a file's columns."""

    used: dict[str, str] = {}
    """From a column's name to that of the field that is made of it."""
    kept: list[str] = []
    """As attributes of products, or metadata of events."""
    ignored: list[str] = []


class Plan(Protocol):
    """How one file is read."""

    @property
    def columns(self) -> Columns: ...
    @property
    def fields(self) -> frozenset[str] | None:
        """The fields, by their JSON names, that the file has columns for; None where each record says so itself."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about the whole file, to be said when it has been read."""

    def read(self, records: Sequence[Record]) -> Lines:
        """JSON by the number of its line; web/ndjson.py: Unreadable for what cannot be read, which says why."""

    def end(self) -> Lines:
        """What is still held, such as a product of several rows whose last one came."""


Planner = Callable[[Sequence[str], Options], Plan]
"""A domain's `plan(header, options)`: it judges a header before any record is read, and raises web/problems.py:
Invalid, which says what was found, what is needed and what to do. Of JSON and XML the header is the names in the first
records, in their order; later records may have others, which are taken as they come.
"""


class Kind(NamedTuple):
    """What the records of an import are."""

    plan: Planner
    own: frozenset[str]
    """Names of the domain's own JSON: an object of them alone, or with `identity`, is taken as it stands."""
    identity: str
