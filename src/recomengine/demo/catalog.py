"""The demo shop's catalog in the shape that the catalog API takes."""

import re
import unicodedata
from typing import Any

from recomengine.demo.home_goods import HOME_AISLES
from recomengine.demo.outdoor_goods import OUTDOOR_AISLES, Aisle

Product = dict[str, Any]


def demo_products() -> list[Product]:
    """All 240 products, aisle by aisle, the same at every call."""
    return [product for aisle in (*OUTDOOR_AISLES, *HOME_AISLES) for product in _products_of(aisle)]


def product_id(name: str) -> str:
    """`Cafetière, Six Cups` is `cafetiere-six-cups`: readable in links, and stable while the name is."""
    plain = unicodedata.normalize("NFKD", name.replace("'", "")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _products_of(aisle: Aisle) -> list[Product]:
    return [_product(aisle, position, line) for position, line in enumerate(aisle.goods.strip().splitlines())]


def _product(aisle: Aisle, position: int, line: str) -> Product:
    name, price, material, colour, special = line.split(" | ")
    key = product_id(name)
    return {
        "productId": key,
        "name": name,
        "category": aisle.category,
        "price": float(price),
        "currency": "USD",
        "imageUrl": f"/shop/pictures/{key}.svg",
        "url": f"/shop/products/{key}",
        "description": f"{special}. {aisle.note}",
        "brand": aisle.brands[position % len(aisle.brands)],
        "attributes": {"material": material, "colour": colour, "use": aisle.use},
        "available": True,
    }
