"""Every call of the API, once. `Client` and `AsyncClient` (client.py) have a method of each.

All of them may be sent again: reads; events by their identity; products, properties and joins of ids because the second
time changes nothing. An import whose bytes cannot be read twice is the one exception.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote
from uuid import uuid4

import msgspec

from recomengine_client.call import Call, constant, data_of, nothing, pairs_of, whole
from recomengine_client.schemas import (
    CatalogImport,
    Erasure,
    Event,
    EventImport,
    EventResults,
    Model,
    Person,
    Product,
    ProductPatch,
    ProductResults,
    Query,
    QueuedBuild,
    Recommendations,
    Scalar,
    StoredEvent,
    StoredProduct,
    UserPage,
    UserProperties,
    encode,
)
from recomengine_client.upload import Source, content_of
from recomengine_client.version import VERSION

CLIENT = encode({"name": "python", "version": VERSION})
LINES_OF_AN_ORDER = frozenset({"purchase", "return"})

_recommendations = whole(Recommendations)
_lists = data_of(list[Recommendations])
_stored = data_of(StoredEvent)
_event_results = data_of(EventResults)
_event_import = data_of(EventImport)
_product = data_of(StoredProduct)
_product_results = data_of(ProductResults)
_catalog_import = data_of(CatalogImport)
_user_page = whole(UserPage)
_erasure = data_of(Erasure)
_properties = data_of(UserProperties)
_person = data_of(Person)
_model = data_of(Model)
_queued = data_of(QueuedBuild)


def recommend(query: Query) -> Call[Recommendations]:
    """A list of products."""
    return Call(method="POST", path="/recommendations", read=_recommendations, content=constant(encode(query)))


def recommend_batch(queries: Sequence[Query]) -> Call[list[Recommendations]]:
    """Up to 100 lists."""
    body = encode({"requests": queries})
    return Call(method="POST", path="/recommendations/batch", read=_lists, content=constant(body))


def send_event(event: Event) -> Call[StoredEvent]:
    """Store one event; answered after the commit that holds it."""
    return Call(method="POST", path="/events", read=_stored, content=constant(encode(identified(event))))


def send_events(events: Sequence[Event]) -> Call[EventResults]:
    """Store up to 1,000 events; what became of each stands in `results`."""
    return send_encoded([encode(identified(event)) for event in events])


def send_encoded(events: Sequence[bytes]) -> Call[EventResults]:
    """As `send_events`, of events with an identity in JSON."""
    joined = b",".join(events)

    def content() -> bytes:
        sent_ms = time.time_ns() // 1_000_000  # of this attempt: the server tells by it whether our clock is right
        return b'{"events":[%b],"sentAt":%d,"client":%b}' % (joined, sent_ms, CLIENT)

    return Call(method="POST", path="/events/batch", read=_event_results, content=content)


def identified(event: Event) -> Event:
    """With an identity of its own, by which the server knows it when it comes again.

    An event with a moment has one already, and so has a line of an order: these stay the same when a program that
    sends them is run again, which an id made here would not. Any other gets an eventId, and the moment, which must not
    be that of a later attempt.
    """
    if event.event_id is not None or event.timestamp is not None:
        return event
    now_ms = time.time_ns() // 1_000_000
    if event.event_type in LINES_OF_AN_ORDER and (event.metadata or {}).get("orderId"):
        return msgspec.structs.replace(event, timestamp=now_ms)
    return msgspec.structs.replace(event, timestamp=now_ms, event_id=uuid4().hex)


def import_events(
    source: Source, *, media: str | None = None, encoding: str | None = None, format: str | None = None,
    map: Mapping[str, str] | None = None, separator: str | None = None, charset: str | None = None,
) -> Call[EventImport]:  # fmt: skip
    """Store events of a file, of bytes or of pieces of them, of any length: NDJSON, JSON, CSV or TSV. A file says by
    its name what it is, else `media` does (a content type) and `encoding` (gzip or zstd). Importing again adds nothing.
    """
    upload = content_of(source, media, encoding)
    query = (*pairs_of(format=format, separator=separator, encoding=charset), *_mapped(map))
    return Call(
        method="POST", path="/events/import", read=_event_import, query=query, content=upload.content,
        media=upload.media, encoding=upload.encoding, repeatable=upload.repeatable, unhurried=True,
    )  # fmt: skip


def get_product(product_id: str) -> Call[StoredProduct]:
    return Call(method="GET", path=_product_path(product_id), read=_product)


def put_product(product: Product) -> Call[StoredProduct]:
    """Make or replace a product."""
    body = constant(encode(product))
    return Call(method="PUT", path=_product_path(product.product_id), read=_product, content=body)


def patch_product(product_id: str, changes: ProductPatch) -> Call[StoredProduct]:
    """Change some members of a product."""
    return Call(method="PATCH", path=_product_path(product_id), read=_product, content=constant(encode(changes)))


def delete_product(product_id: str) -> Call[None]:
    return Call(method="DELETE", path=_product_path(product_id), read=nothing, absent_is_done=True)


def put_products(products: Sequence[Product]) -> Call[ProductResults]:
    """Make or replace up to 1,000 products; what became of each stands in `results`."""
    body = constant(encode({"items": products}))
    return Call(method="POST", path="/catalog/batch", read=_product_results, content=body)


def import_catalog(
    source: Source, *, media: str | None = None, encoding: str | None = None, format: str | None = None,
    map: Mapping[str, str] | None = None, separator: str | None = None, charset: str | None = None,
    category_separator: str | None = None, replace: bool = False, force: bool = False,
) -> Call[CatalogImport]:  # fmt: skip
    """Write products of a file, of bytes or of pieces of them, as `import_events` does; XML too. replace: what it lacks
    becomes unavailable; force: however much that is.
    """
    upload = content_of(source, media, encoding)
    query = pairs_of(
        format=format, separator=separator, encoding=charset, categorySeparator=category_separator,
        mode="replace" if replace else None, force=force,
    )  # fmt: skip
    return Call(
        method="POST", path="/catalog/import", read=_catalog_import, query=(*query, *_mapped(map)),
        content=upload.content, media=upload.media, encoding=upload.encoding, repeatable=upload.repeatable,
        unhurried=True,
    )  # fmt: skip


def get_user(user_id: str, *, cursor: str | None = None) -> Call[UserPage]:
    """What is stored of a shopper; `meta.next_cursor` asks for the next page of events."""
    return Call(method="GET", path=_user_path(user_id), read=_user_page, query=pairs_of(cursor=cursor))


def delete_user(user_id: str) -> Call[Erasure]:
    """Erase a shopper."""
    return Call(method="DELETE", path=_user_path(user_id), read=_erasure)


def put_properties(user_id: str, properties: Mapping[str, Scalar]) -> Call[UserProperties]:
    """Say what is known of a shopper: up to 20 facts, in place of those said before."""
    body = constant(encode(dict(properties)))
    return Call(method="PUT", path=f"{_user_path(user_id)}/properties", read=_properties, content=body)


def add_alias(user_id: str, anonymous_id: str) -> Call[Person]:
    """Join what an anonymous id did with the shopper."""
    body = constant(encode({"anonymousId": anonymous_id}))
    return Call(method="POST", path=f"{_user_path(user_id)}/aliases", read=_person, content=body)


def undo_alias(user_id: str, anonymous_id: str) -> Call[None]:
    path = f"{_user_path(user_id)}/aliases/{_segment(anonymous_id)}"
    return Call(method="DELETE", path=path, read=nothing, absent_is_done=True)


def get_model(tenant_id: str) -> Call[Model]:
    """How the model stands: of the newest build, and of what is served."""
    return Call(method="GET", path=_model_path(tenant_id), read=_model)


def refresh_model(tenant_id: str) -> Call[QueuedBuild]:
    """Have the model built now; once, however often it is asked for until it begins."""
    return Call(method="POST", path=f"{_model_path(tenant_id)}/refresh", read=_queued)


def _segment(identity: str) -> str:
    """An id within a path. One of dots alone would be taken for a way up."""
    return quote(identity, safe="").replace(".", "%2E")


def _product_path(product_id: str) -> str:
    return f"/catalog/{_segment(product_id)}"


def _user_path(user_id: str) -> str:
    return f"/users/{_segment(user_id)}"


def _model_path(tenant_id: str) -> str:
    return f"/tenants/{_segment(tenant_id)}/model"


def _mapped(columns: Mapping[str, str] | None) -> Iterable[tuple[str, str]]:
    return [("map", f"{column}={field}") for column, field in (columns or {}).items()]
