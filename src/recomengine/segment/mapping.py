"""From a message to the fields of events, as /api/v1/events takes them. What cannot be taken raises a Problem whose
path names the event's member, or "$.products".
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar

from recomengine.files.cells import Refused, plain
from recomengine.files.numbers import currency_named, read_price, read_whole
from recomengine.files.times import read_time
from recomengine.segment.ecommerce import Spec
from recomengine.segment.schemas import Message
from recomengine.shop import MAX_PRICE
from recomengine.web.problems import Problem, invalid

T = TypeVar("T")
Members = Mapping[str, Any]
"""Of an object, by their names as `plain` has them: product_id and productId are productid."""
Fields = dict[str, Any]
PRODUCT_ID = ("productid", "sku", "id")
SHARED = ("currency", "orderid", "placementid", "listid", "recommendationid", "strategy", "experimentid", "variant")
"""What a message says of all its products; they may say otherwise."""
TEXTS = {
    "orderId": ("orderid",), "lineId": ("lineid",), "placementId": ("placementid", "listid"),
    "recommendationId": ("recommendationid",), "strategy": ("strategy",), "experimentId": ("experimentid",),
}  # fmt: skip
QUERIES = ("query", "searchquery", "searchterm")
MAX_AGENT = 500
TOO_MUCH = MAX_PRICE + 1
"""In place of any price above it, which no double might hold."""
MAX_EVENT_ID = 128
OF_NOBODY = "expected userId or anonymousId, got neither"
NO_PRODUCT = "expected product_id, productId, sku or id, got none"
NO_PRODUCTS = "expected products, each with its product_id, or one product_id; got none"


class Draft(NamedTuple):
    """An event to be, or why it cannot be one."""

    at: str
    """Of several the product that it is about, as messages begin with it."""
    made: Fields | Problem


def members_of(value: Any) -> dict[str, Any]:
    """Those that say something; what is no object says nothing."""
    given = value.items() if isinstance(value, dict) else ()
    found: dict[str, Any] = {}
    for name, member in given:
        if member is not None and member != "":
            found.setdefault(plain(name), member)
    return found


def text_of(value: Any) -> str | None:
    """An id or a word, which may come as a number; None of anything else, and of blanks."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None


def shopper_of(message: Message) -> str:
    shopper = text_of(message.user_id) or text_of(message.anonymous_id)
    if shopper is None:
        raise invalid("$.userId", OF_NOBODY)
    return shopper


def drafts_of(spec: Spec, message: Message, properties: Members) -> Iterator[Draft]:
    """Of all that the message itself says, in order; raises what is wrong with all of them."""
    common = common_of(message, spec)
    if spec.way == "search":
        yield from named(message, [Draft("", _search(common, properties))])
        return
    products = products_of(properties)
    if not products:
        raise invalid("$.productId", NO_PRODUCTS)
    lines: Counter[str] = Counter()
    drafts = [Draft(at, _line(spec, common, product, lines)) for at, product in products]
    yield from drafts if spec.way == "order" and "orderid" in properties else named(message, drafts)


def common_of(message: Message, spec: Spec) -> Fields:
    """What all events of the message have."""
    fields: Fields = {"eventType": spec.event_type, "userId": shopper_of(message)}
    context = members_of(message.context)
    given = message.original_timestamp if message.timestamp in (None, "") else message.timestamp
    if given not in (None, ""):
        fields["timestamp"] = _time(given)
    if session := text_of(context.get("sessionid")):
        fields["sessionId"] = session
    agent = context.get("useragent")
    fields["metadata"] = {"userAgent": agent[:MAX_AGENT]} if isinstance(agent, str) else {}
    return fields


def products_of(properties: Members) -> list[tuple[str, Members]]:
    """(where it stands, what is said of it); a message of one product says it of itself."""
    products = properties.get("products")
    if isinstance(products, list) and products:
        shared = {name: properties[name] for name in SHARED if name in properties}
        return [(f"products[{index}]: ", shared | members_of(each)) for index, each in enumerate(products)]
    return [("", properties)] if any(name in properties for name in PRODUCT_ID) else []


def named(message: Message, drafts: Sequence[Draft]) -> Iterator[Draft]:
    """Give the events the message's name: the same message again is the same events."""
    message_id = text_of(message.message_id)
    for index, draft in enumerate(drafts):
        if message_id is not None and not isinstance(draft.made, Problem):
            draft.made["eventId"] = _event_id(message_id, f":{index}" if len(drafts) > 1 else "")
        yield draft


def _event_id(message_id: str, suffix: str) -> str:
    if len(message_id) + len(suffix) > MAX_EVENT_ID:
        message_id = sha256(message_id.encode()).hexdigest()
    return message_id + suffix


def _search(common: Fields, properties: Members) -> Fields:
    query = next((text for name in QUERIES if (text := text_of(properties.get(name)))), None)
    return common if query is None else common | {"metadata": common["metadata"] | {"query": query}}


def _line(spec: Spec, common: Fields, product: Members, lines: "Counter[str]") -> Fields | Problem:
    try:
        metadata = common["metadata"] | _facts(spec, product)
        product_id = product_id_of(product)
    except Problem as problem:
        return problem
    if spec.way == "order":
        _tell_apart(product_id, metadata, lines)
    return common | {"productId": product_id, "metadata": metadata}


def product_id_of(product: Members) -> str:
    product_id = next((text for name in PRODUCT_ID if (text := text_of(product.get(name)))), None)
    if product_id is None:
        raise invalid("$.productId", NO_PRODUCT)
    return product_id


def _tell_apart(product_id: str, metadata: Fields, lines: "Counter[str]") -> None:
    """Give a line of an order that looks like one before it a name of its own."""
    look = repr((product_id, *(metadata.get(name) for name in ("lineId", "variantId", "price", "quantity"))))
    lines[look] += 1
    if lines[look] > 1:
        metadata["lineId"] = str(lines[look])


def _facts(spec: Spec, product: Members) -> Fields:
    facts = {field: text for field, names in TEXTS.items() if (text := _first_text(product, field, names)) is not None}
    of_experiment = "experimentId" in facts
    if variant := _first_text(product, "variantId", ("variant",) if of_experiment else ("variantid", "variant")):
        facts["variant" if of_experiment else "variantId"] = variant
    return facts | amounts_of(product, back=spec.event_type == "return")


def _first_text(members: Members, field: str, names: Sequence[str]) -> str | None:
    given = next((members[name] for name in names if name in members), None)
    text = text_of(given)
    if given is not None and text is None:
        raise invalid(f"$.metadata.{field}", "expected text")
    return text


def amounts_of(product: Members, *, back: bool) -> Fields:
    """Price, currency and quantity. back: of what comes back, which some send below nothing."""
    amounts: Fields = {}
    if (price := product.get("price")) is not None:
        amounts["price"], currency = _price(price, back=back)
        if currency is not None:
            amounts["currency"] = currency
    if (currency := product.get("currency")) is not None:
        amounts["currency"] = _currency(currency)
    if (quantity := product.get("quantity")) is not None:
        amounts["quantity"] = _quantity(quantity, back=back)
    return amounts


def _price(given: Any, *, back: bool) -> tuple[float, str | None]:
    if isinstance(given, str):
        text = given.strip()
        amount = _read("price", partial(read_price, text.removeprefix("-") if back else text))
        return float(min(amount.value, TOO_MUCH)), amount.currency
    return _number("price", given, back=back), None


def _quantity(given: Any, *, back: bool) -> float:
    number = _read("quantity", partial(read_whole, given.strip())) if isinstance(given, str) else given
    return _number("quantity", number, back=back)


def _number(field: str, given: Any, *, back: bool) -> float:
    """What it may be is checked with the event."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise invalid(f"$.metadata.{field}", "expected a number, or one as text")
    return abs(given) if back else given


def _currency(given: Any) -> str:
    if not isinstance(given, str):
        raise invalid("$.metadata.currency", "expected a currency such as EUR")
    return currency_named(given) or given.strip().upper()


def _time(given: Any) -> int | str:
    if isinstance(given, int | float) and not isinstance(given, bool) and given == int(given):
        return int(given)
    if not isinstance(given, str):
        raise invalid("$.timestamp", "expected a time such as 2026-01-15T09:30:00Z")
    return _read("timestamp", lambda: read_time(given.strip()).value)


def _read(field: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except Refused as refused:
        path = field if field == "timestamp" else f"metadata.{field}"
        raise invalid(f"$.{path}", str(refused)) from None
