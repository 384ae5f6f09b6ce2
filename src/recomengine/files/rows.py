"""Text to the rows of a table, with lines numbered as an editor counts them.

A cell that begins with a quote ends with a quote, behind which stands a separator or the line's end; in between, "" is
a quote, and lines may break. Where no such end comes, or comes lines later in a row that has not as many cells as the
header, the quote was never closed: its line is Broken, and reading goes on with the next one. In a table separated by
tabs such a quote is text, as most programs that write them mean it. A cell with text behind its closing quote is taken
as it stands, quotes included.

Cost: one `split` of a line without quotes, and one match of each cell of another. Behind a quote that stays open lines
are read a second time, at most as far as the next such quote, which ends the search for its end.
"""

import re
from typing import NamedTuple

from recomengine.files.plan import Broken
from recomengine.web.ndjson import LINE_TOO_LONG, MAX_LINE_BYTES

SEPARATORS = (",", ";", "\t", "|")
OPEN_QUOTE = 'A quote (") is opened and never closed in this row. Close it, or write "" where a quote is text.'
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")
_INSIDE = re.compile(r'(?:[^"]++|"")*+')
_EXCEL = re.compile(r"sep=(.)\s*", re.IGNORECASE)
"""The line before the header by which Excel is told the separator."""


class Row(NamedTuple):
    line: int
    cells: list[str]
    lines: int = 1


class _Grammar:
    """What a cell may be, with a separator."""

    def __init__(self, separator: str) -> None:
        mark, end = re.escape(separator), r"\r\n|\r|\n|\Z"
        self.separator = separator
        self.quotes_are_text = separator == "\t"
        self.cell = re.compile(rf' *+"((?:[^"]++|"")*+)" *+({mark}|{end})|([^{mark}\r\n]*+)({mark}|{end})')
        self.opened = re.compile(r' *+"((?:[^"]++|"")*+)\Z')
        self.closing = re.compile(rf'" *+({mark}|{end})')


def separator_of(header: str) -> str:
    """The one that stands most often between the names of a header's line; a comma where none does."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=bare.count)


class Rows:
    def __init__(self, separator: str | None) -> None:
        self.width: int | None = None
        """Cells of the header, once they are known."""
        self.lines = 0
        """That were read, with blank ones and without those that are held."""
        self._grammar = None if separator is None else _Grammar(separator)
        self._tail = ""
        self._held: list[str] = []

    @property
    def separator(self) -> str:
        return "," if self._grammar is None else self._grammar.separator

    def feed(self, text: str, *, final: bool = False, most: int | None = None) -> list[Row | Broken]:
        """The rows that are whole now, at most `most` of them; the next call goes on behind them."""
        lines = self._held + self._cut(text, final=final)
        found: list[Row | Broken] = []
        separator, width, at = self.separator, self.width, 0
        while at < len(lines) and (most is None or len(found) < most):
            line = lines[at]
            if width is not None and '"' not in line and len(line) <= MAX_LINE_BYTES:  # as nearly all lines are
                cells = line.rstrip("\r\n").split(separator)
                if len(cells) == width:
                    self.lines += 1
                    at += 1
                    found.append(Row(self.lines, cells))
                    continue
            row, used = self._read(lines, at, final=final)
            if not used:
                break
            if row is not None:
                found.append(row)
            self.lines += used
            at += used
        self._held = lines[at:]
        return found

    def _cut(self, text: str, *, final: bool) -> list[str]:
        """The whole lines, each with its end. Of one that is too long to be taken only as much stays as tells it."""
        text = self._tail + text
        end = max(text.rfind("\n"), text.rfind("\r", 0, None if final else -1)) + 1
        self._tail = text[end:][: MAX_LINE_BYTES + 1]
        lines: list[str] = _LINE.findall(text[:end])
        if final and self._tail:
            lines.append(self._tail)
            self._tail = ""
        return lines

    def _read(self, lines: list[str], at: int, *, final: bool) -> tuple[Row | Broken | None, int]:
        """(what begins at a line, None if it is blank; the number of lines that it takes, 0 where more are needed)."""
        line, number = lines[at], self.lines + 1
        if len(line) > MAX_LINE_BYTES:
            return Broken(number, LINE_TOO_LONG.decode()), 1
        if not line.strip() or (self.width is None and self._names_separator(line)):
            return None, 1
        if self._grammar is None:
            self._grammar = _Grammar(separator_of(line))
        if '"' not in line:
            return Row(number, line.rstrip("\r\n").split(self._grammar.separator)), 1
        cells, used = self._quoted(self._grammar, lines, at, final=final)
        if cells is not None and (used == 1 or self.width is None or len(cells) == self.width):
            return Row(number, cells, used), used
        if used == 0:
            return None, 0
        if self._grammar.quotes_are_text:
            return Row(number, line.rstrip("\r\n").split(self._grammar.separator)), 1
        return Broken(number, OPEN_QUOTE), 1

    def _names_separator(self, line: str) -> bool:
        named = _EXCEL.fullmatch(line)
        if named is not None and self._grammar is None:
            self._grammar = _Grammar(named[1])
        return named is not None

    def _quoted(self, grammar: _Grammar, lines: list[str], at: int, *, final: bool) -> tuple[list[str] | None, int]:
        """(cells, None where a quote stays open; lines that they take, 0 where more are needed)."""
        cells: list[str] = []
        line, used, start = lines[at], 1, 0
        while True:
            cell = grammar.cell.match(line, start)
            assert cell is not None  # the pattern takes any text, and none
            quoted, end, plain, plain_end = cell.groups()
            if quoted is None and '"' in plain and (opened := grammar.opened.match(line, start)):
                closed = self._close(grammar, lines, at + used, opened[1], final=final)
                if isinstance(closed, int):
                    return None, closed
                quoted, end, start, more = closed
                used += more
                line = lines[at + used - 1]
            else:
                start = cell.end()
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            if (end or plain_end) != grammar.separator:
                return cells, used

    def _close(
        self, grammar: _Grammar, lines: list[str], at: int, begun: str, *, final: bool
    ) -> tuple[str, str, int, int] | int:
        """(a cell that goes on in the line `at`, what ends it, where that ends in its line, the number of its further
        lines); 1 where it is never closed, 0 where more lines are needed.
        """
        parts, size = [begun], len(begun)
        for position in range(at, len(lines)):
            line = lines[position]
            inside = _INSIDE.match(line)
            assert inside is not None
            size += len(line)
            if size > MAX_LINE_BYTES:
                return 1
            parts.append(inside[0])
            if inside.end() == len(line):
                continue
            closing = grammar.closing.match(line, inside.end())
            return 1 if closing is None else ("".join(parts), closing[1], closing.end(), position - at + 1)
        return 1 if final else 0
