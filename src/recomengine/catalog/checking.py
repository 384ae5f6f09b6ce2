"""What a product must be beyond its types; each fault is a problem that names the path."""

from decimal import Decimal
from typing import Any

import msgspec

from recomengine.catalog.schemas import MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_DEPTH, MAX_PRICE, ItemIn, ItemPatch
from recomengine.web.codec import decode
from recomengine.web.problems import invalid

_item = msgspec.json.Decoder(ItemIn)
_patch = msgspec.json.Decoder(ItemPatch)
_encode = msgspec.json.Encoder().encode
SEPARATOR = " > "


class _Price(msgspec.Struct):
    """Decimals may be text in JSON; a price may not."""

    price: float | None = None


_price = msgspec.json.Decoder(_Price)


def read_item(body: "bytes | msgspec.Raw") -> ItemIn:
    item = decode(_item, body)
    if item.price is not None:
        decode(_price, body)
    return check_item(item)


def read_patch(body: bytes) -> ItemPatch:
    patch = decode(_patch, body)
    if patch.price:
        decode(_price, body)
    return patch


def check_item(item: ItemIn) -> ItemIn:
    """`item` with its category and links normalised; raises Invalid."""
    for name in ("name", "description", "brand", "url", "image_url"):
        _check_text(getattr(item, name), f"$.{name}" if name != "image_url" else "$.imageUrl")
    if not item.name.strip():
        raise invalid("$.name", "expected a name, got only spaces")
    item.url, item.image_url = _absolute(item.url), _absolute(item.image_url)
    _check_price(item.price)
    _check_attributes(item.attributes)
    item.category = normal_category(item.category)
    return item


def normal_category(path: str | None) -> str | None:
    """"Shoes >Running " as "Shoes > Running"; None for an empty path."""
    _check_text(path, "$.category")
    if path is None or not path.strip():
        return None
    parts = [part.strip() for part in path.split(">")]
    if not all(parts):
        raise invalid("$.category", f"expected a path such as Shoes > Running, got an empty part in {path!r}")
    return SEPARATOR.join(parts)


def _absolute(link: str | None) -> str | None:
    """`//host/path`, which takes the scheme of the page that shows it, as https://host/path."""
    return f"https:{link}" if link is not None and link.startswith("//") else link


def _check_text(text: str | None, path: str) -> None:
    if text is not None and "\0" in text:
        raise invalid(path, "holds the character U+0000, which cannot be stored. Remove it")


def _check_price(price: Decimal | None) -> None:
    if price is None:
        return
    if not (price.is_finite() and 0 <= price <= MAX_PRICE):
        raise invalid("$.price", f"expected 0 to {MAX_PRICE}, got {str(price)[:40]}")
    if price != round(price, 2):
        raise invalid("$.price", f"expected at most 2 decimal places, got {str(price)[:40]}. Round it")


def _check_attributes(attributes: dict[str, Any]) -> None:
    encoded = _encode(attributes)
    if len(encoded) > MAX_ATTRIBUTE_BYTES:
        raise invalid("$.attributes", f"expected at most {MAX_ATTRIBUTE_BYTES} bytes, got {len(encoded)}")
    _check_tree(attributes, "$.attributes", 1)


def _check_tree(value: object, path: str, depth: int) -> None:
    if depth > MAX_ATTRIBUTE_DEPTH:
        raise invalid("$.attributes", f"is nested deeper than {MAX_ATTRIBUTE_DEPTH} levels. Flatten it")
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_text(name, path)
            _check_tree(member, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _check_tree(member, f"{path}[{index}]", depth + 1)
