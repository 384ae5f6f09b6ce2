"""Lines that say some of a product's fields: a file without a column for the others leaves them as they are stored."""

from collections.abc import Mapping
from typing import Any

import msgspec

from recomengine.catalog.schemas import ItemIn

CATEGORY_FIELDS = frozenset({"category", "categories"})
"""One of them says both."""
ATTRIBUTE = "attributes."
_names = dict(zip(ItemIn.__struct_fields__, ItemIn.__struct_encode_fields__, strict=True))


def filled_up(item: ItemIn, stored: Mapping[str, Any] | None, fields: frozenset[str]) -> ItemIn:
    """`item` with what is stored for all that the file has no column for. stored: by ItemIn's names; None: nothing yet.

    fields: names in JSON, such as price and imageUrl; attributes.colour is a column of one attribute, which an empty
    cell takes away. Attributes without a column of their own stay, or are replaced by those of the same name.
    """
    if stored is None:
        return item
    fields = fields | CATEGORY_FIELDS if fields & CATEGORY_FIELDS else fields
    kept = {name: stored[name] for name, shown in _names.items() if shown not in fields and name in stored}
    kept["attributes"] = {
        name: value for name, value in stored["attributes"].items() if ATTRIBUTE + name not in fields
    } | item.attributes
    return msgspec.structs.replace(item, **kept)
