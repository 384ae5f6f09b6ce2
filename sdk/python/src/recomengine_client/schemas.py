"""What is sent and what is answered. Names are the API's, in Python's spelling; an answer may have more members than
these know, so that an older client goes on with a newer server.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

T = TypeVar("T")
Strategy = Literal[
    "auto", "collaborative", "content_based", "trending", "frequently_bought_together",
    "recently_viewed", "buy_again", "new_arrivals", "popular",
]  # fmt: skip
EventType = Literal[
    "impression", "click", "view", "add_to_cart", "remove_from_cart", "wishlist", "purchase", "search", "return",
    "dislike",
]  # fmt: skip
PageContext = Literal["home", "product", "cart"]
Scalar = bool | int | float | str | None


class Data(Struct, Generic[T]):
    """`{"data": …}`"""

    data: T


class Event(Struct, rename="camel", omit_defaults=True, frozen=True, gc=False):
    """What a shopper did. timestamp: when, with a zone, or in milliseconds since 1970; now where it is left out."""

    event_type: EventType
    user_id: str
    product_id: str | None = None
    session_id: str | None = None
    timestamp: datetime | int | None = None
    event_id: str | None = None
    metadata: dict[str, Any] | None = None


class Rejection(Struct):
    """Why one of many was refused. path: of the member that is wrong."""

    code: str
    message: str
    path: str | None = None


class StoredEvent(Struct, rename="camel"):
    """differs: what a duplicate says otherwise than the event that is stored, which stays."""

    event_id: str
    status: Literal["accepted", "duplicate"]
    differs: Sequence[str] = ()


class EventResult(Struct, rename="camel"):
    index: int
    status: Literal["accepted", "duplicate", "rejected"]
    event_id: str | None = None
    error: Rejection | None = None
    differs: Sequence[str] = ()


class EventResults(Struct):
    """results: of each event, in their order."""

    accepted: int
    duplicates: int
    rejected: int
    results: list[EventResult]


class LineError(Struct):
    line: int
    message: str


class Columns(Struct):
    """What became of the columns of a table or feed. used: the field that is made of each."""

    used: dict[str, str] = {}
    kept: list[str] = []
    ignored: list[str] = []


class EventImport(Struct):
    """errors: of the first lines that were rejected; notes: of the first that were taken otherwise than they stand
    there; reading: what is to be said of the file as a whole.
    """

    accepted: int
    duplicates: int
    rejected: int
    errors: list[LineError]
    notes: list[LineError] = []
    columns: Columns | None = None
    reading: list[str] = []


class CatalogImport(Struct):
    """repeated: lines of a product that stood in an earlier one; removed: products that a complete file lacks, and that
    are unavailable now. The rest as in EventImport.
    """

    created: int
    changed: int
    unchanged: int
    repeated: int
    rejected: int
    removed: int
    errors: list[LineError]
    notes: list[LineError] = []
    columns: Columns | None = None
    reading: list[str] = []


class Product(Struct, rename="camel", omit_defaults=True, frozen=True, kw_only=True):
    """category: a path, as in "Shoes > Running"; categories: all of them, the main one first."""

    product_id: str
    name: str
    category: str | None = None
    categories: list[str] | None = None
    price: Decimal | None = None
    currency: str | None = None
    image_url: str | None = None
    url: str | None = None
    description: str | None = None
    brand: str | None = None
    attributes: dict[str, Any] = {}
    available: bool = True


class StoredProduct(Product, frozen=True, kw_only=True):
    created_at: datetime
    updated_at: datetime


class ProductPatch(Struct, rename="camel", omit_defaults=True, frozen=True, kw_only=True):
    """What is to change; None clears what may be absent."""

    name: str | UnsetType = UNSET
    category: str | UnsetType | None = UNSET
    categories: list[str] | UnsetType | None = UNSET
    price: Decimal | UnsetType | None = UNSET
    currency: str | UnsetType | None = UNSET
    image_url: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    brand: str | UnsetType | None = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET
    available: bool | UnsetType = UNSET


class ProductResult(Struct, rename="camel"):
    index: int
    status: Literal["created", "updated", "unchanged", "rejected"]
    product_id: str | None = None
    error: Rejection | None = None


class ProductResults(Struct):
    """results: of each product, in their order."""

    accepted: int
    rejected: int
    results: list[ProductResult]


class Query(Struct, rename="camel", omit_defaults=True, frozen=True, kw_only=True):
    """For whom and where a list is. product_id: of the page, or all of the cart; category: any of them."""

    user_id: str | None = None
    session_id: str | None = None
    placement_id: str | None = None
    product_id: str | list[str] = []
    strategy: Strategy | None = None
    limit: int | None = None
    category: str | list[str] | None = None
    min_price: float | None = None
    max_price: float | None = None
    exclude: str | list[str] = []
    context: PageContext | None = None
    exclude_purchased: bool | None = None
    diversity: float | None = None


class Evidence(Struct, rename="camel"):
    """count: of a pair, how many orders or visits hold both; of the shopper's own, how many times they did it; of what
    is popular, how many shoppers had to do with it. lift: of a pair, how many times more often than by chance.
    """

    kind: str
    product_ids: list[str]
    count: int | None = None
    lift: float | None = None


class Recommendation(Struct, rename="camel"):
    product_id: str
    name: str
    image_url: str | None
    url: str | None
    category: str | None
    price: Decimal | None
    currency: str | None
    score: float
    reason: str
    evidence: Evidence
    variant: str | None = None
    """Whose pick it is, in a list of an interleaving experiment."""


class ListMeta(Struct, rename="camel"):
    """Events about the list carry recommendation_id, strategy, experiment_id and variant in their metadata."""

    recommendation_id: str
    strategy: str
    requested_strategy: str
    experiment_id: str | None
    variant: str | None
    cached: bool
    model_version: str | None
    fallback: bool


class Recommendations(Struct):
    data: list[Recommendation]
    meta: ListMeta


class ExportedEvent(Struct, rename="camel"):
    event_id: str
    event_type: str
    product_id: str | None
    timestamp: datetime
    metadata: dict[str, Any] | None
    session_id: str | None
    user_id: str
    received_at: datetime


class User(Struct, rename="camel"):
    user_id: str
    aliases: list[str]
    properties: dict[str, Scalar]
    events: list[ExportedEvent]


class Cursor(Struct, rename="camel"):
    next_cursor: str | None


class UserPage(Struct):
    """What is stored of a shopper: a page of the events, and the cursor of the next one."""

    data: User
    meta: Cursor


class Erasure(Struct, rename="camel"):
    receipt_id: str
    user_id: str
    aliases: list[str]
    erased_at: datetime
    kept: str


class UserProperties(Struct, rename="camel"):
    user_id: str
    properties: dict[str, Scalar]


class Person(Struct, rename="camel"):
    """A shopper and the other ids of theirs."""

    user_id: str
    aliases: list[str]


class QueuedBuild(Struct, rename="camel"):
    status: str
    already_queued: bool


class Model(Struct, rename="camel"):
    """status is the newest build's; the figures are those of the model that is served."""

    status: Literal["none", "building", "ready", "failed"]
    version: str | None
    built_at: datetime | None
    events: int
    users: int
    items: int
    build_seconds: float | None
    strategies: dict[str, Any]
    error: str | None = None


encode = msgspec.json.Encoder(decimal_format="number").encode
