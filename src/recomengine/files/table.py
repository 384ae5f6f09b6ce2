"""The records of a table: CSV, TSV and their kin, of any usual separator and encoding."""

from collections.abc import Iterable, Iterator, Sequence

from recomengine.files.bounds import Substance
from recomengine.files.encodings import ESCAPED, Decoding
from recomengine.files.plan import Broken, Options, Record
from recomengine.files.rows import Row, Rows
from recomengine.web.problems import FieldError, Invalid, invalid

NAMED_SEPARATORS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}
MAX_SHOWN_NAMES = 30


def refused(message: str) -> Invalid:
    """The problem of a whole file."""
    return Invalid(message, errors=[FieldError("$", message)])


def shown_names(names: Sequence[str]) -> str:
    more = "" if len(names) <= MAX_SHOWN_NAMES else f" and {len(names) - MAX_SHOWN_NAMES} more"
    return ", ".join(name[:60] for name in names[:MAX_SHOWN_NAMES]) + more


def known_separator(separator: str | None) -> str | None:
    if separator is None:
        return None
    separator = NAMED_SEPARATORS.get(separator.lower(), separator)
    if len(separator) != 1 or separator in '"\r\n':
        raise invalid("$.separator", f"expected one character, or tab, got {separator[:40]!r}")
    return separator


class Table:
    def __init__(self, options: Options, separator: str | None = None) -> None:
        self.header: list[str] | None = None
        self.ignored: list[str] = []
        """Columns that have no name."""
        self.substance = Substance()
        self.failure = None
        self._decoding = Decoding(options.encoding)
        self._rows = Rows(known_separator(options.separator) or separator)
        self._names: list[str] = []
        self._named: list[int] | None = None
        """Positions of the columns that have a name; None: all have."""
        self._rows_in_cells: list[int] = []
        self._has_rows = False

    @property
    def notes(self) -> list[str]:
        separator = "tabs" if self._rows.separator == "\t" else self._rows.separator
        notes = [f"Read as {self._decoding.shown}, separated by {separator}"]
        if self._rows_in_cells:
            notes.append(
                f"Line {self._rows_in_cells[0]} holds a quoted cell over several lines that look like rows of their "
                f"own ({len(self._rows_in_cells)} such in all). If they are, close the quote before them."
            )
        return notes

    def feed(self, piece: bytes) -> list[Record | Broken]:
        self.substance.bytes += len(piece)
        return self._read(self._decoding.feed(piece), final=False)

    def close(self) -> list[Record | Broken]:
        """The rest; raises Invalid where nothing came that could be a row."""
        records = self._read(self._decoding.feed(b"", final=True), final=True)
        if self.header is None:
            raise refused("The file is empty. Expected a line with the names of the columns, and below it the rows.")
        if not self._has_rows:
            raise refused(f"The file has no rows below its header ({shown_names(self.header)}).")
        return records

    def _read(self, text: str, *, final: bool) -> list[Record | Broken]:
        if self.header is None:
            self._take_header(self._rows.feed(text, final=final, most=1))
            text = ""
        if self.header is None:
            return []
        records = list(self._records(self._rows.feed(text, final=final)))
        self.substance.lines = self._rows.lines
        self.substance.taken_lines += len(records)
        self._has_rows = self._has_rows or bool(records)
        return records

    def _take_header(self, rows: Sequence[Row | Broken]) -> None:
        for row in rows:
            if isinstance(row, Broken):
                raise refused(f"The header in line {row.line} cannot be read. {row.why}")
            names = [name.strip() for name in row.cells]
            named = [position for position, name in enumerate(names) if name]
            self.ignored = [f"column {number}, which has no name" for number, name in enumerate(names, 1) if not name]
            self._named = named if self.ignored else None
            self._names = [names[position] for position in named]
            twice = sorted({name for name in self._names if self._names.count(name) > 1})
            if twice:
                raise refused(
                    f"The header names a column twice: {shown_names(twice)}. It has {shown_names(self._names)}. Rename "
                    f"one, or leave it out."
                )
            self.header, self._rows.width = self._names, len(names)

    def _records(self, rows: Iterable[Row | Broken]) -> Iterator[Record | Broken]:
        names, named = self._names, self._named
        for row in rows:
            if isinstance(row, Broken):
                yield row
            elif any(row.cells):  # programs write rows of separators alone below a table
                why = self._why_unreadable(row)
                if why is not None:
                    yield Broken(row.line, why)
                    continue
                cells = row.cells if named is None else [row.cells[position] for position in named]
                self.substance.taken_bytes += sum(map(len, cells))
                yield Record(row.line, dict(zip(names, cells, strict=False)))

    def _why_unreadable(self, row: Row) -> str | None:
        line, cells, lines = row
        width, got = self._rows.width or 0, len(cells)
        if got != width and (got < width or any(cells[width:])):
            remedy = (
                "A cell with a line break in it must stand in quotes"
                if got < width
                else f"A cell that holds the separator, {self._rows.separator!r}, must stand in quotes"
            )
            return f"Expected {width} cells as in the header, got {got}. {remedy}."
        if self._decoding.damaged and any(map(ESCAPED.search, cells)):
            return f"The row is not {self._decoding.shown}. Save the file as UTF-8, or name its encoding."
        if lines > 2 and any(self._look_like_rows(cell) for cell in cells):
            self._rows_in_cells.append(line)
        return None

    def _look_like_rows(self, cell: str) -> bool:
        """Whether a line within the cell has as many cells as the header."""
        width = self._rows.width or 0
        return width > 2 and any(line.count(self._rows.separator) == width - 1 for line in cell.splitlines()[1:-1])
