"""Product exports of well-known systems, each described by a table of its columns' names and words."""

from collections.abc import Sequence

from recomengine.catalog.formats.adobe_commerce import ADOBE_COMMERCE
from recomengine.catalog.formats.format import Format
from recomengine.catalog.formats.google import GOOGLE
from recomengine.catalog.formats.shopify import SHOPIFY
from recomengine.catalog.formats.woocommerce import WOOCOMMERCE
from recomengine.files.cells import plain
from recomengine.web.problems import invalid

FORMATS = (SHOPIFY, WOOCOMMERCE, ADOBE_COMMERCE, GOOGLE)
_OFF = dict.fromkeys(("0", "false", "f", "no", "n", "off"), False)
_OVER = dict.fromkeys(("draft", "archived", "inactive", "disabled", "hidden", "discontinued", "deleted"), False)
ANY = Format(
    name="auto",
    title="",
    listed={
        **dict.fromkeys(("active", "isactive", "enabled", "isenabled", "visible", "isvisible", "productvisible"), _OFF),
        "status": _OVER, "productstatus": _OVER,
    },
)  # fmt: skip
OWN = Format(name="recomengine", title="")


def chosen(name: str, header: Sequence[str]) -> Format:
    """The format of that name; of "auto", the one that most of its marks stand in the header of. Raises Invalid."""
    if name == ANY.name:
        return _recognised({plain(column) for column in header})
    for known in (*FORMATS, OWN):
        if known.name == name:
            return known
    names = ", ".join(known.name for known in (ANY, OWN, *FORMATS))
    raise invalid("format", f"expected one of {names}, got {name[:40]}")


def _recognised(columns: set[str]) -> Format:
    found = [(len(known.marks & columns) / known.least, known) for known in FORMATS]
    share, best = max(found, key=lambda one: one[0])
    return best if share >= 1 else ANY
