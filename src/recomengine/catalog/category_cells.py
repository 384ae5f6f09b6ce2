"""Categories as cells have them: paths with the separators of many shops, several in one cell, entities of HTML."""

import csv
import html
import re
from collections.abc import Sequence

import msgspec

from recomengine.files.cells import Refused, shown

LEVELS = (">", "»")
"""What stands between the levels of a path where nobody says otherwise: it stands within no name."""
DOUBTFUL = ("/", "|")
"""What may stand between them, and within a name as well: Shoes/Running, TV/Audio."""
SEPARATOR = " > "
MAX_CHARS = 10_000
"""Of all paths of a cell."""
_ROOTED = re.compile(r"(?P<root>[^/,]+)/[^,]+(?:,\s*(?P=root)(?:/[^,]*)?)+|Default Category(?:/[^,]+)+")
"""Default Category/Gear,Default Category/New: paths below one root, as Adobe Commerce has them."""


_SLASH = re.compile("/")


class _Category(msgspec.Struct):
    """As other systems' JSON has them."""

    name: str


class CategoryCells:
    """levels: what stands between those of a path. several: between the paths of a cell; empty: as the cell tells."""

    def __init__(self, levels: Sequence[str] = LEVELS, several: str = "") -> None:
        self.levels = levels
        self.several = several
        self.doubtful = ""
        """The first cell that may be a path, and was taken as one name."""
        self._between = re.compile("|".join(map(re.escape, levels)))

    def read(self, cell: str) -> list[str]:
        """Paths in the form "Shoes > Running", each once, and none that leads to another of them; raises Refused."""
        if len(cell) > MAX_CHARS:
            raise Refused(f"expected at most {MAX_CHARS} characters, got {len(cell)}")
        text = html.unescape(cell).strip()
        if not self.several and _ROOTED.fullmatch(text):
            paths, between = re.split(r",\s*", text), _SLASH
        else:
            paths, between = self._paths(text), self._between
        found = dict.fromkeys(path for one in paths if (path := self._path(one, between)))
        return [path for path in found if not any(other.startswith(path + SEPARATOR) for other in found)]

    def _paths(self, text: str) -> list[str]:
        if text.startswith("["):
            return _listed(text)
        if self.several:
            return _unquoted(text, self.several)
        for several in (";", "|"):
            parts = text.split(several)
            if several not in self.levels and len(parts) > 1 and all(map(self._between.search, parts)):
                return parts
        return [text]

    def _path(self, text: str, between: re.Pattern[str]) -> str:
        parts = [part.strip() for part in between.split(text)]
        if text.strip() and not all(parts):
            raise Refused(f"expected a path such as Shoes > Running, got an empty part in {shown(text)}")
        if len(parts) == 1 and not self.doubtful and any(sign in text for sign in DOUBTFUL):
            self.doubtful = text
        return SEPARATOR.join(parts)


def _listed(text: str) -> list[str]:
    """Those of a JSON array, texts or objects with a name; any other text that begins with a bracket is a name."""
    try:
        found = msgspec.json.decode(text, type=list[str | _Category])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return [text]
    return [html.unescape(one if isinstance(one, str) else one.name) for one in found]


def _unquoted(text: str, several: str) -> list[str]:
    """`Tops, "Belts, straps"` and `Tops, Belts\\, straps`."""
    line = text.replace("\r", " ").replace("\n", " ")
    rows = csv.reader([line], delimiter=several, skipinitialspace=True, escapechar="\\")
    return [part for row in rows for part in row]
