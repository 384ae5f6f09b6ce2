"""Files of products: what their own JSON has, and what may be said of a file."""

from typing import Literal

from recomengine.catalog.columns import plan
from recomengine.catalog.schemas import ItemIn
from recomengine.files.plan import Kind, Options
from recomengine.files.query import FileQuery, Word, mapping_of

Format = Literal["auto", "recomengine", "shopify", "woocommerce", "google", "adobe-commerce"]
ITEMS = Kind(plan, frozenset(ItemIn.__struct_encode_fields__), "productId")


class ItemFileQuery(FileQuery, frozen=True, kw_only=True):
    """The query of POST catalog/import."""

    format: Format = "auto"
    category_separator: Word | None = None

    def options(self) -> Options:
        return Options(
            format=self.format, map=mapping_of(self.map), separator=self.separator, encoding=self.encoding,
            category_separator=self.category_separator,
        )  # fmt: skip
