"""Adobe Commerce's (Magento 2's) product export. A configurable product says the SKUs of its variants, which are rows
of their own that are not visible individually; rows of a store view repeat a product in another language.
"""

import re

from recomengine.catalog.formats.format import Cells, Family, Format

_SKU = re.compile(r"(?:^|\|)\s*(?:[^|]*,)?sku=([^,|]+)")
HIDDEN = frozenset({"not visible individually", "1"})
_ENABLED = {"2": False, "0": False, "disabled": False}


def _family(cells: Cells) -> Family:
    if cells.get("storeviewcode"):
        return Family("translation")
    children = [sku.strip() for sku in _SKU.findall(cells.get("configurablevariations", ""))]
    if children:
        return Family("head", children=children)
    return Family("variant", hidden=True) if cells.get("visibility", "").casefold() in HIDDEN else Family()


ADOBE_COMMERCE = Format(
    name="adobe-commerce",
    title="Adobe Commerce's product export",
    marks=frozenset({
        "attributesetcode", "storeviewcode", "productwebsites", "productonline", "configurablevariations", "urlkey",
        "baseimage", "isinstock", "additionalattributes", "taxclassname", "producttype", "displayproductoptionsin",
        "specialprice", "visibility", "thumbnailimage", "smallimage",
    }),
    names={
        "productId": ("sku",),
        "name": ("name",),
        "description": ("description", "shortdescription"),
        "price": ("price",),
        "salePrice": ("specialprice",),
        "saleStarts": ("specialpricefromdate",),
        "saleEnds": ("specialpricetodate",),
        "imageUrl": ("baseimage", "image", "smallimage", "thumbnailimage"),
        "available": ("isinstock",),
        "stock": ("qty",),
        "brand": ("brand", "manufacturer"),
    },
    fallbacks=frozenset({"description", "imageUrl"}),
    listed={"productonline": _ENABLED, "status": _ENABLED, "visibility": {}},
    levels=("/",),
    several=",",
    ignored=re.compile(
        "storeviewcode|attributesetcode|producttype|productwebsites|tax.*|(small|thumbnail|swatch|additional)image.*"
        "|baseimagelabel|createdat|updatedat|newfromdate|newtodate|display.*|mapprice|msrp.*|gift.*|custom.*|page.*"
        "|outofstockqty|useconfig.*|isqtydecimal|allowbackorders|min.*|max.*|notifyonstockbelow|managestock|qty"
        "|enableqtyincrements|qtyincrements|websiteid|related.*|crosssell.*|upsell.*|configurablevariation.*|bundle.*"
        "|associatedskus|hidefromproductpage|isdecimaldivided|weight|urlkey|meta.*"
    ),
    family=_family,
)  # fmt: skip
