"""A product as it arrives and as it is answered."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from recomengine.files.plan import Columns
from recomengine.shop import MAX_PRICE, Currency
from recomengine.web.fields import PLAIN, Id, Link
from recomengine.web.ndjson import LineError
from recomengine.web.problems import Rejection

# Patterns are for the document; checking.py says more of what is wrong.
INK = r"[^\s\x00\x1c-\x1f\x85]"
Name = Annotated[str, Meta(min_length=1, max_length=500, extra_json_schema={"pattern": rf"^[^\x00]*{INK}[^\x00]*$"})]
PART = r"[^\x00>]*[^>\s\x00\x1c-\x1f\x85][^\x00>]*"
CATEGORY = rf"^({PART}(>{PART})*|\s*)$"
Category = Annotated[str, Meta(max_length=500, extra_json_schema={"pattern": CATEGORY})]
MAX_CATEGORIES = 50
Categories = Annotated[list[Category], Meta(max_length=MAX_CATEGORIES)]
Description = Annotated[str, Meta(max_length=20_000, extra_json_schema={"pattern": PLAIN})]
Brand = Annotated[str, Meta(max_length=200, extra_json_schema={"pattern": PLAIN})]
Attributes = dict[str, Any]
MAX_BATCH = 1000
MAX_ATTRIBUTE_BYTES = 16 * 1024
MAX_ATTRIBUTE_DEPTH = 16
Price = Annotated[Decimal, Meta(extra_json_schema={"minimum": 0, "maximum": float(MAX_PRICE), "multipleOf": 0.01})]


class ItemFields(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A product without its id, as a PUT has it, whose path carries the id."""

    name: Name
    category: Category | None = None
    categories: Categories | None = None
    price: Price | None = None
    currency: Currency | None = None
    image_url: Link | None = None
    url: Link | None = None
    description: Description | None = None
    brand: Brand | None = None
    attributes: Attributes = {}
    available: bool = True


class ItemIn(ItemFields, kw_only=True):
    product_id: Id


class ItemPatch(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Any of an item's fields; null clears those that may be absent."""

    name: Name | UnsetType = UNSET
    category: Category | UnsetType | None = UNSET
    categories: Categories | UnsetType | None = UNSET
    price: Price | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    image_url: Link | UnsetType | None = UNSET
    url: Link | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET
    brand: Brand | UnsetType | None = UNSET
    attributes: Attributes | UnsetType = UNSET
    available: bool | UnsetType = UNSET


class ItemOut(msgspec.Struct, rename="camel"):
    product_id: str
    name: str
    category: str | None
    categories: list[str]
    price: Price | None
    currency: str | None
    image_url: str | None
    url: str | None
    description: str | None
    brand: str | None
    attributes: Attributes
    available: bool
    created_at: datetime
    updated_at: datetime


class ItemBatch(msgspec.Struct, forbid_unknown_fields=True):
    items: Annotated[
        list[msgspec.Raw],
        Meta(min_length=1, max_length=MAX_BATCH, extra_json_schema={"items": {"$ref": "#/components/schemas/ItemIn"}}),
    ]


class ItemResult(msgspec.Struct, rename="camel", omit_defaults=True):
    """trimmed: whether outer blanks of the id were cut off."""

    index: int
    status: Literal["created", "updated", "unchanged", "rejected"]
    product_id: str | None = None
    trimmed: bool = False
    error: Rejection | None = None


class ItemBatchResult(msgspec.Struct):
    accepted: int
    rejected: int
    results: list[ItemResult]


class ItemImportResult(msgspec.Struct, omit_defaults=True):
    """created, changed, unchanged count products; repeated: lines of a product that stood in an earlier one, of which
    the last counts; removed: products that are unavailable now, because a complete file lacks them; trimmed: ids whose
    outer blanks were cut off. errors: of the first lines that were rejected; notes: on the first that were taken
    otherwise than they stand there. columns: what became of those of a table or feed; reading: what is to be said of
    the whole of it.
    """

    created: int
    changed: int
    unchanged: int
    repeated: int
    rejected: int
    removed: int
    trimmed: int
    errors: list[LineError]
    notes: list[LineError]
    columns: Columns | None = None
    reading: list[str] | None = None


class Search(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """The query of GET catalog."""

    q: Annotated[str, Meta(max_length=200, extra_json_schema={"pattern": PLAIN})] | None = None
    category: Annotated[str, Meta(min_length=1, max_length=500, extra_json_schema={"pattern": CATEGORY})] | None = None
    available: bool | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=500)] | None = None
