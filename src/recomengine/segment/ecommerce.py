"""The events of Segment's e-commerce spec (version 2, and the names of version 1), with RudderStack's spellings, and
what each is here; and a dislike, for which the spec has no name.

Names are compared as files/cells.py: plain has them: "Product Viewed" and "product_viewed" are one.
"""

from typing import Literal, NamedTuple

from recomengine.files.cells import plain
from recomengine.shop import EventType

Way = Literal["products", "order", "return", "update", "search"]
"""How events are made of it: one for each product; the same as lines of an order; a return of each, or of all that the
order has left; what brings the order to what is said; one without a product."""


class Spec(NamedTuple):
    name: str
    way: Way
    event_type: EventType


def _spec(name: str, event_type: EventType, *spellings: str, way: Way = "products") -> dict[str, Spec]:
    return {plain(word): Spec(name, way, event_type) for word in (name, *spellings)}


EVENTS = {
    **_spec("Product Viewed", "view", "Viewed Product"),
    **_spec("Product Clicked", "click", "Clicked Product"),
    **_spec("Product List Viewed", "impression"),
    **_spec("Product List Filtered", "impression"),
    **_spec(
        "Product Added", "add_to_cart", "Added Product", "Product Added to Cart", "Wishlist Product Added to Cart"
    ),
    **_spec("Product Removed", "remove_from_cart", "Removed Product", "Product Removed from Cart"),
    **_spec(
        "Product Added to Wishlist", "wishlist", "Added to Wishlist", "Added Product to Wishlist",
        "Product Added to Wish List", "Wishlist Product Added",
    ),
    **_spec("Product Disliked", "dislike", "Disliked Product", "Product Not Interested", "Product Hidden"),
    **_spec("Checkout Started", "add_to_cart", "Started Checkout", "Checkout Initiated"),
    **_spec("Order Completed", "purchase", "Completed Order", way="order"),
    **_spec("Order Updated", "purchase", "Updated Order", way="update"),
    **_spec("Order Refunded", "return", "Refunded Order", way="return"),
    **_spec("Order Cancelled", "return", "Order Canceled", "Cancelled Order", "Canceled Order", way="return"),
    **_spec("Products Searched", "search", "Searched Products", "Product Searched", way="search"),
}  # fmt: skip
NOT_STORED = {
    plain(name): name
    for name in (
        "Cart Viewed", "Viewed Cart", "Product Removed from Wishlist", "Removed from Wishlist",
        "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Promotion Viewed",
        "Promotion Clicked", "Coupon Entered", "Coupon Applied", "Coupon Denied", "Coupon Removed", "Product Shared",
        "Cart Shared", "Product Reviewed", "Viewed Product Category",
    )
}  # fmt: skip
"""Of the same spec, and nothing that a shopper did with a product which is not told by another event."""
