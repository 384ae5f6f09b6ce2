"""WooCommerce's product export. A product is known by its SKU, or else by its ID. A variable product and its variations
are rows of their own, which name each other by SKU or as id:41.
"""

import re

from recomengine.catalog.formats.format import Cells, Family, Format


def _family(cells: Cells) -> Family:
    kinds = cells.get("type", "").casefold()
    if "variation" in kinds:
        return Family("variant", cells.get("parent", ""))
    return Family("head") if "variable" in kinds else Family()


WOOCOMMERCE = Format(
    name="woocommerce",
    title="WooCommerce's product export",
    marks=frozenset({
        "type", "published", "isfeatured", "visibilityincatalog", "shortdescription", "saleprice", "regularprice",
        "backordersallowed", "soldindividually", "taxstatus", "taxclass", "parent", "groupedproducts", "upsells",
        "crosssells", "externalurl", "buttontext", "allowcustomerreviews", "purchasenote", "attribute1name",
        "datesalepricestarts", "datesalepriceends", "lowstockamount",
    }),
    least=4,
    names={
        "productId": ("sku", "id"),
        "name": ("name",),
        "price": ("regularprice",),
        "salePrice": ("saleprice",),
        "saleStarts": ("datesalepricestarts",),
        "saleEnds": ("datesalepriceends",),
        "description": ("description", "shortdescription"),
        "available": ("instock",),
        "stock": ("stock",),
        "imageUrl": ("images",),
        "brand": ("brands",),
        "url": ("permalink", "externalurl"),
    },
    fallbacks=frozenset({"productId", "description"}),
    listed={"published": {"0": False, "-1": False}, "visibilityincatalog": {"hidden": False}},
    line_break="\\n",
    levels=(">",),
    several=",",
    ignored=re.compile(
        r"type|isfeatured|tax.*|backordersallowed|soldindividually|lowstockamount|weight.*|length.*|width.*|height.*"
        r"|allowcustomerreviews|purchasenote|shippingclass|download.*|parent|groupedproducts|upsells|crosssells"
        r"|buttontext|position|attribute\d+(visible|global|default)|meta.*"
    ),
    family=_family,
)  # fmt: skip
