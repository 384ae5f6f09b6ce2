"""Files of products: what their own JSON has, and what may be said of a file."""

from typing import Literal

from recomengine.catalog.column_names import OWN_NAMES
from recomengine.catalog.columns import plan
from recomengine.catalog.importing import Replace
from recomengine.catalog.schemas import ItemIn
from recomengine.files.plan import Kind, Options
from recomengine.files.query import FileQuery, Word, mapping_of

FIELDS = list(OWN_NAMES)
"""What a column may be said to be."""
ITEMS = Kind(plan, frozenset(ItemIn.__struct_encode_fields__), "productId")


class ItemFileQuery(FileQuery, frozen=True, kw_only=True):
    """The query of POST catalog/import. mode `replace`: what is not in the body becomes unavailable."""

    category_separator: Word | None = None
    mode: Literal["add", "replace"] = "add"
    force: bool = False

    def options(self) -> Options:
        return Options(
            format=self.format, map=mapping_of(self.map), separator=self.separator, encoding=self.encoding,
            category_separator=self.category_separator,
        )  # fmt: skip

    @property
    def replace(self) -> Replace:
        return "no" if self.mode == "add" else "force" if self.force else "yes"


class ItemPreviewQuery(ItemFileQuery, frozen=True, kw_only=True):
    """The query of POST catalog/import/preview. whole: whether the body is the file to its end."""

    whole: bool = True
