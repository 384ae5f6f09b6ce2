"""Shopify's product export: a row a variant or picture, texts in the first row of a Handle only. The columns have been
renamed over the years ("Variant Price" is "Price" now); both are known.
"""

import re

from recomengine.catalog.formats.format import Cells, Format
from recomengine.files.numbers import read_whole

LISTED = {"draft": False, "archived": False, "unlisted": False}


def _stock(cells: Cells) -> bool | None:
    """Whether the row's variant can be bought; None of a row that is only a picture, or says nothing."""
    if not any(cells.get(name) for name in ("variantprice", "price", "variantsku", "sku")):
        return None
    policy = cells.get("variantinventorypolicy") or cells.get("continuesellingwhenoutofstock") or ""
    tracker = cells.get("variantinventorytracker", cells.get("inventorytracker"))
    if tracker == "" or policy.casefold() in ("continue", "true"):
        return True
    quantity = cells.get("variantinventoryqty") or cells.get("inventoryquantity")
    return read_whole(quantity) > 0 if quantity else None


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
    follows=True,
)  # fmt: skip
