"""What a product must be beyond its types; each fault is a problem that names the path."""

import re
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec

from recomengine.catalog.categories import SEPARATOR, parts_of
from recomengine.catalog.schemas import MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_DEPTH, ItemIn, ItemPatch
from recomengine.shop import MAX_PRICE, without_noise
from recomengine.web.codec import decode
from recomengine.web.free_json import read_free
from recomengine.web.problems import Invalid, invalid
from recomengine.wording import shown

T = TypeVar("T")
ASCII = "".join(map(chr, range(0x21, 0x7F)))
_HOST = re.compile("https?://[^/?#]+")
_SECOND_LINK = re.compile(r"[,;| ] *(?:https?:)?//")
_item = msgspec.json.Decoder(ItemIn)
_patch = msgspec.json.Decoder(ItemPatch)
_encode = msgspec.json.Encoder().encode


class _Price(msgspec.Struct):
    """Decimals may be text in JSON; a price may not."""

    price: float | None = None


_price = msgspec.json.Decoder(_Price)


class ReadItem(NamedTuple):
    item: ItemIn
    trimmed: bool
    """Whether outer blanks of its id were cut off."""


def read_item(body: "bytes | msgspec.Raw") -> ReadItem:
    item = _decode(_item, body)
    if item.price is not None:
        decode(_price, body)
    given = item.product_id
    return ReadItem(check_item(item), item.product_id != given)


def read_patch(body: bytes) -> ItemPatch:
    patch = _decode(_patch, body)
    if isinstance(patch.price, Decimal):
        decode(_price, body)
    return patch


def _decode(decoder: "msgspec.json.Decoder[T]", body: "bytes | msgspec.Raw") -> T:
    try:
        return decode(decoder, body)
    except Invalid as problem:
        error = problem.errors[0]
        if error.path == "$.category" and error.message.endswith("got a list"):
            raise invalid(error.path, f"{error.message}. Send several as categories") from None
        raise


def check_item(item: ItemIn) -> ItemIn:
    """`item` with its id, categories, links, price and attributes as they are stored; raises Invalid."""
    item.product_id = item.product_id.strip()
    if not item.product_id:
        raise invalid("$.productId", "expected an id, got only blanks")
    for name in ("name", "description", "brand", "url", "image_url"):
        _check_text(getattr(item, name), f"$.{name}" if name != "image_url" else "$.imageUrl")
    if not item.name.strip():
        raise invalid("$.name", "expected a name, got only spaces")
    item.url, item.image_url = _checked_link(item.url, "$.url"), _checked_link(item.image_url, "$.imageUrl")
    item.price = _checked_price(item.price)
    item.attributes = _checked_attributes(item.attributes)
    main = normal_category(item.category)
    others = [normal_category(path, f"$.categories[{at}]") for at, path in enumerate(item.categories or ())]
    item.categories = [path for path in dict.fromkeys([main, *others]) if path is not None]
    item.category = item.categories[0] if item.categories else None
    return item


def normal_category(path: str | None, at: str = "$.category") -> str | None:
    """ "Shoes >Running " as "Shoes > Running"; None for an empty path."""
    _check_text(path, at)
    if path is None or not path.strip():
        return None
    parts = parts_of(path)
    if not all(parts):
        raise invalid(at, f"expected a path such as Shoes > Running, got an empty part in {shown(path)}")
    return SEPARATOR.join(parts)


def _checked_link(link: str | None, at: str) -> str | None:
    """`//host/path`, which takes the scheme of the page that shows it, as https://host/path; blanks and what is not
    ASCII behind the host as browsers ask for it.
    """
    if link is None:
        return None
    link = link.strip(" ")
    if _SECOND_LINK.search(link):
        raise invalid(at, f"expected one link, got several, {shown(link)}. Send one of them")
    link = f"https:{link}" if link.startswith("//") else link
    host = _HOST.match(link)
    behind = host.end() if host else 0
    return link[:behind] + quote(link[behind:], safe=ASCII)


def _check_text(text: str | None, path: str) -> None:
    if text is not None and "\0" in text:
        raise invalid(path, "holds the character U+0000, which cannot be stored. Remove it")


def _checked_price(price: Decimal | None) -> Decimal | None:
    """The price with two decimal places: PostgreSQL takes no exponent like that of 0e999999999."""
    if price is None:
        return None
    if not (price.is_finite() and 0 <= price <= MAX_PRICE):
        raise invalid("$.price", f"expected 0 to {MAX_PRICE}, got {str(price)[:40]}")
    price = without_noise(price or Decimal())
    cents = round(price, 2)
    if price != cents:
        raise invalid("$.price", f"expected at most 2 decimal places, got {str(price)[:40]}. Round it")
    return cents


def _checked_attributes(attributes: dict[str, Any]) -> dict[str, Any]:
    """As they are stored."""
    checked: dict[str, Any] = (
        read_free(_encode(attributes), "$.attributes", MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_DEPTH)[0]
        if attributes
        else {}
    )
    return checked
