"""Google Merchant Center's product feeds, as TSV or XML; Meta's and many others' have the same columns."""

import re

from recomengine.catalog.formats.format import Format

GOOGLE = Format(
    name="google",
    title="a Google Merchant Center feed",
    marks=frozenset({
        "imagelink", "availability", "googleproductcategory", "producttype", "itemgroupid", "identifierexists",
        "additionalimagelink", "salepriceeffectivedate", "condition", "mpn", "shippinglabel",
    }),
    names={
        "productId": ("id",),
        "name": ("title",),
        "url": ("link",),
        "imageUrl": ("imagelink",),
        "category": ("producttype", "googleproductcategory"),
        "available": ("availability",),
        "salePrice": ("saleprice",),
        "saleDates": ("salepriceeffectivedate",),
    },
    fallbacks=frozenset({"category"}),
    ignored=re.compile("shipping.*|tax.*|adsredirect|customlabel.*|excludeddestination|includeddestination|transittime.*"),
)  # fmt: skip
