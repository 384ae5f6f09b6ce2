"""The names of a file's columns, and which field each is for: compared without case, blanks and signs, well-known names
of other systems included.
"""

import re
from collections.abc import Mapping, Sequence

from recomengine.files.cells import plain
from recomengine.files.numbers import currency_named
from recomengine.files.plan import Options
from recomengine.web.problems import Invalid

Names = Mapping[str, Sequence[str]]
"""For each field the names of its columns as cells.plain has them, the best first."""
IGNORED = "ignore"
"""Said in place of a field's name: that column is not taken."""
MAX_COLUMNS = 2000
"""Of a file whose records say their columns themselves."""
MAX_NAMED = 30
"""Columns in a message."""
MAX_SHOWN = 60
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "pipes", ",": "commas"}
_MISREAD = re.compile("\ufffd|\0|Ã[\x80-\xbf]|ï»¿|ÿþ|þÿ")
_UNIT = re.compile(r"[(\[]\s*([^)\]]*?)\s*[)\]]\s*$|[\s_-]([A-Za-z]{3}|\W{1,2})\s*$")


class Header:
    """Which columns a file has, and what is taken for what: `columns_of` has for each field its columns, the best
    first. Raises Invalid where a name in `Options.map` is none.
    """

    def __init__(self, columns: Sequence[str], names: Names, mapped: Mapping[str, str]) -> None:
        self.columns = [column for column in columns if column.strip()]
        self.blank = [column for column in columns if not column.strip()]
        self._named = {name: field for field in names for name in (plain(field), field)}
        chosen = {self._column(column): self._field(column, field) for column, field in mapped.items()}
        self.ignored = [column for column, field in chosen.items() if field == IGNORED]
        self.taken = [column for column in self.columns if column not in self.ignored]
        by_name = {_name_of(column): column for column in reversed(self.columns) if column not in chosen}
        self.columns_of: dict[str, list[str]] = {}
        for field, known in names.items():
            found = [column for column, to in chosen.items() if to == field]
            found += [by_name[name] for name in known if name in by_name and by_name[name] not in found]
            if found:
                self.columns_of[field] = found

    def _column(self, name: str) -> str:
        found = [column for column in self.columns if column == name] or [
            column for column in self.columns if plain(column) == plain(name)
        ]
        if not found:
            raise Invalid(f"map: there is no column {name}. Found: {listed(self.columns)}.")
        return found[0]

    def _field(self, column: str, name: str) -> str:
        if name == IGNORED or name in self._named:
            return self._named.get(name, name)
        if plain(name) not in self._named:
            raise Invalid(
                f"map: there is no field {name} that {column} could be for. "
                f"Expected one of {', '.join(sorted({*self._named.values()}))}, or {IGNORED}."
            )
        return self._named[plain(name)]


def currency_of(column: str) -> str | None:
    """The currency that a column's name ends with: EUR of "Price (EUR)", "price_eur" and "Preis €"."""
    found = _UNIT.search(column)
    return None if found is None else currency_named(found[1] or found[2] or "")


def _name_of(column: str) -> str:
    found = _UNIT.search(column)
    return plain(column[: found.start()] if found is not None and currency_of(column) else column)


def missing(needed: Mapping[str, Sequence[str]], header: Header, options: Options) -> Invalid:
    """The one refusal of a file that lacks columns; needed: for each field in words, names that would do."""
    wanted = " and ".join(f"{field} ({', '.join(names)} …)" for field, names in needed.items())
    taken = {column for columns in header.columns_of.values() for column in columns}
    left = [column for column in header.columns if column not in taken] or ["COLUMN"]
    target = next(iter(needed.values()))[0]
    return Invalid(
        f"The file has no column for {wanted}. Columns found: {listed(header.columns)}. {suspected(header, options)}"
        f"Name the column in the file's first line, or say which one it is: --map '{left[0][:MAX_SHOWN]}={target}'."
    )


def suspected(header: Header, options: Options) -> str:
    """A sentence about the separator or encoding that the columns' names speak of; else empty."""
    if _MISREAD.search("".join(header.columns)):
        return "They look misread: say the file's encoding, such as --encoding windows-1252 or utf-16. "
    within = "".join(header.columns) if len(header.columns) < 3 else ""
    for separator, name in SEPARATORS.items():
        if within.count(separator) > 1 and separator != options.separator:
            shown = "tab" if separator == "\t" else separator
            return f"They look separated by {name}: try --separator '{shown}'. "
    return ""


def listed(columns: Sequence[str]) -> str:
    named = ", ".join(column.strip()[:MAX_SHOWN] for column in columns[:MAX_NAMED])
    more = len(columns) - MAX_NAMED
    return (named or "none") + (f" and {more} more" if more > 0 else "")
