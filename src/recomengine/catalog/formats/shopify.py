"""Shopify's product export: a row a variant or picture, texts in the first row of a Handle only. The columns have been
renamed over the years ("Variant Price" is "Price" now); both are known.
"""

import re

from recomengine.catalog.formats.format import Cells, Format
from recomengine.files.cells import named
from recomengine.files.numbers import read_whole

LISTED = {"draft": False, "archived": False, "unlisted": False}
QUANTITIES = {"variantinventoryqty": "Variant Inventory Qty", "inventoryquantity": "Inventory quantity"}


def _stock(cells: Cells) -> bool | None:
    """Whether the row's variant can be bought; None of a row that is only a picture, or says nothing."""
    if not any(cells.get(name) for name in ("variantprice", "price", "variantsku", "sku")):
        return None
    policy = cells.get("variantinventorypolicy") or cells.get("continuesellingwhenoutofstock") or ""
    tracker = cells.get("variantinventorytracker", cells.get("inventorytracker"))
    if tracker == "" or policy.casefold() in ("continue", "true"):
        return True
    for name, column in QUANTITIES.items():
        if quantity := cells.get(name):
            return named(column, read_whole, quantity) > 0
    return None


SHOPIFY = Format(
    name="shopify",
    title="Shopify's product export",
    marks=frozenset({
        "variantsku", "variantprice", "variantinventoryqty", "variantinventorytracker", "variantinventorypolicy",
        "variantgrams", "variantcompareatprice", "variantfulfillmentservice", "variantbarcode", "option1name",
        "option1value", "imageposition", "urlhandle", "productimageurl", "publishedononlinestore",
        "continuesellingwhenoutofstock", "compareatprice", "inventorytracker",
    }),
    names={
        "productId": ("handle", "urlhandle"),
        "name": ("title",),
        "description": ("body", "bodyhtml", "description"),
        "brand": ("vendor",),
        "category": ("productcategory", "standardizedproducttype", "type", "customproducttype"),
        "price": ("variantprice", "price"),
        "imageUrl": ("imagesrc", "productimageurl"),
    },
    fallbacks=frozenset({"category"}),
    listed={"status": LISTED, "published": {"false": False}, "publishedononlinestore": {"false": False}},
    stock=_stock,
    ignored=re.compile(
        "variant(grams|inventory.*|fulfillmentservice|requiresshipping|taxable|weightunit|taxcode|compareatprice|image.*)"
        "|seo.*|googleshopping.*|giftcard|costperitem|imageposition|imagealttext|inventory.*|continueselling.*|"
        "chargetax|taxcode|weight.*|requiresshipping|fulfillmentservice|compareatprice.*|price(?!$).*|included.*"
        "|option.*linkedto|unitprice.*"
    ),
    follows=("handle", "urlhandle"),
)  # fmt: skip
