"""What messages say of an order that is stored already: all of it comes back, or it became another.

Lines of one product count together, and a return carries no price: it is worth its share of what the product brought
(analytics).
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from recomengine.segment.ecommerce import Spec
from recomengine.segment.mapping import (
    Draft,
    Fields,
    Members,
    amounts_of,
    common_of,
    named,
    product_id_of,
    products_of,
    text_of,
)
from recomengine.segment.schemas import Message
from recomengine.web.problems import invalid

Stored = Mapping[str, int]
"""Of an order: how many of each product were bought and not returned yet."""
UNKNOWN = "there is no such order here. Send Order Completed first, or the products that come back"
NO_ORDER = "expected order_id, got none"


def order_of(properties: Members) -> str:
    order_id = text_of(properties.get("orderid"))
    if order_id is None:
        raise invalid("$.metadata.orderId", NO_ORDER)
    return order_id


def returns_of(spec: Spec, message: Message, order_id: str, stored: Stored) -> Iterator[Draft]:
    """Of all that the order has left; raises a Problem where there is no such order."""
    if not stored:
        raise invalid("$.metadata.orderId", UNKNOWN)
    common = common_of(message, spec)
    yield from named(message, [_return(common, order_id, each, left) for each, left in stored.items() if left])


def changes_of(spec: Spec, message: Message, properties: Members, stored: Stored) -> Iterator[Draft]:
    """What brings the order to what the message says of it: further purchases, and returns."""
    order_id, common = order_of(properties), common_of(message, spec)
    wanted, lines = Counter[str](), dict[str, Fields]()
    for _, product in products_of(properties):
        product_id, amounts = product_id_of(product), amounts_of(product, back=False)
        wanted[product_id] += _whole(amounts.pop("quantity", 1))
        lines.setdefault(product_id, amounts)
    drafts = []
    for product_id in sorted({*wanted, *stored}):
        more = wanted[product_id] - stored.get(product_id, 0)
        if more > 0:
            change = {"orderId": order_id, "quantity": more, "lineId": f"from {stored.get(product_id, 0)}"}
            metadata = common["metadata"] | lines[product_id] | change
            drafts.append(Draft("", common | {"productId": product_id, "metadata": metadata}))
        elif more < 0:
            drafts.append(_return(common, order_id, product_id, -more))
    yield from named(message, drafts)


def _whole(quantity: float) -> int:
    if quantity < 0 or quantity != int(quantity):
        raise invalid("$.metadata.quantity", f"expected a whole number from 0, got {quantity:.12g}")
    return int(quantity)


def _return(common: Fields, order_id: str, product_id: str, quantity: int) -> Draft:
    metadata = common["metadata"] | {"orderId": order_id, "quantity": quantity}
    return Draft("", common | {"eventType": "return", "productId": product_id, "metadata": metadata})
