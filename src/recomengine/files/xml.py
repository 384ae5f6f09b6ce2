"""The items of an XML feed: `item` of RSS, `entry` of Atom, `product` and their kin, as records of the elements within.

Read by expat as it comes, one item in memory. A feed can neither grow while it is read nor reach outside: entities may
not be declared, no document type elsewhere is named, and nothing is ever fetched.
"""

from typing import Any
from xml.parsers import expat

from recomengine.files.bounds import Substance
from recomengine.files.encodings import known_encoding
from recomengine.files.plan import Broken, Options, Record
from recomengine.files.table import refused
from recomengine.web.ndjson import MAX_LINE_BYTES, TAKEN
from recomengine.web.problems import MalformedBody

ITEMS = frozenset({"item", "entry", "product", "offer", "shopitem", "listing", "row", "record"})
"""Local names of elements that are a record, in lower case; the first of them that comes decides for a feed."""
MAX_DEPTH = 100
ADDRESSES = ("href", "term", "url", "src")
"""Attributes that stand for the text of an element without one: <link href="…"/>, <category term="…"/>."""
NOT_WELL_FORMED = {
    3: "It ends before its last element is closed, so it was cut short. Send all of it",
    4: "A character there can stand in no XML: < and & are written &lt; and &amp;; or the file is in another encoding "
    "than it says",
    5: "It ends within an element, so it was cut short. Send all of it",
    7: "An element there is closed by another's name",
    8: "An element there has one attribute twice",
    9: "Something stands behind the feed's last element",
    11: "An entity there is not one of XML's own (&amp; &lt; &gt; &quot; &apos;). Write the character itself",
    18: "Its encoding is not known. Save it as UTF-8",
    19: "It is in another encoding than it says. Save it as UTF-8",
    20: "It ends within a CDATA section, so it was cut short. Send all of it",
}
"""By expat's codes of errors."""


class _Element:
    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.parts: list[str] = []
        self.has_children = False

    def text(self) -> str:
        text = "".join(self.parts).strip()
        return text or next((self.attributes[name] for name in ADDRESSES if name in self.attributes), "")


class XmlItems:
    def __init__(self, options: Options) -> None:
        self.substance = Substance()
        self.failure: MalformedBody | None = None
        if options.encoding is not None:
            known_encoding(options.encoding)
        self._parser = expat.ParserCreate(options.encoding)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.StartDoctypeDeclHandler = self._check_doctype
        self._found: list[Record | Broken] = []
        self._depth = 0
        self._item_name = ""
        self._item_depth = 0
        """Zero between items."""
        self._line = 0
        self._size = 0
        self._cells: dict[str, str | list[str]] = {}
        self._prefixes: dict[str, str] = {}
        self._open: list[_Element] = []
        self._silent_bytes = 0
        self._root = ""

    def feed(self, piece: bytes) -> list[Record | Broken]:
        """The items that are whole now. After a failure nothing is read."""
        self._silent_bytes += len(piece)
        self.substance.bytes += len(piece)
        return self._parse(piece, final=False)

    def close(self) -> list[Record | Broken]:
        found = self._parse(b"", final=True)
        if self.failure is None and not self._item_name:
            raise refused(
                f"Expected item or entry elements as in RSS and Atom, or product elements, got none of them in "
                f"{self._root}."
            )
        return found

    def _parse(self, piece: bytes, *, final: bool) -> list[Record | Broken]:
        if self.failure is None:
            try:
                self._parser.Parse(piece, final)
                if self._silent_bytes > MAX_LINE_BYTES:
                    self._fail(self._parser.CurrentLineNumber, f"A part there is longer than {MAX_LINE_BYTES} bytes")
            except expat.ExpatError as error:
                self._fail(error.lineno, NOT_WELL_FORMED.get(error.code, "It is not well-formed there"))
            except MalformedBody as refusal:
                self.failure = refusal
        found, self._found = self._found, []
        return found

    def _fail(self, line: int, why: str) -> None:
        self.failure = MalformedBody(f"The XML cannot be read beyond line {line}. {why}. {TAKEN}")

    def _refuse_entity(self, name: str, *_: Any) -> None:
        raise MalformedBody(
            f"The XML declares an entity, {name[:40]}, which could make it grow without end or fetch other files. "
            f"Write the text itself, and leave the declaration out."
        )

    def _check_doctype(self, name: str, system_id: str | None, public_id: str | None, _has_subset: int) -> None:
        if system_id or public_id:
            raise MalformedBody(
                f"The XML names a document type elsewhere ({(system_id or public_id or '')[:100]}), and nothing "
                f"outside is read. Leave the DOCTYPE line out."
            )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._silent_bytes = 0
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise MalformedBody(f"The XML is nested more than {MAX_DEPTH} elements deep. Flatten it.")
        local = name.rpartition(":")[2]
        if self._item_depth:
            if self._open:
                self._open[-1].has_children = True
            self._open.append(_Element(name, attributes))
        elif self._depth > 1 and (local == self._item_name or (not self._item_name and local.lower() in ITEMS)):
            self._item_name, self._item_depth = local, self._depth
            self._line, self._size = self._parser.CurrentLineNumber, 0
            self._cells = {name: value for name, value in attributes.items() if ":" not in name}
            self._prefixes = {}
        elif self._depth == 1:
            self._root = local[:100]

    def _text(self, text: str) -> None:
        self._silent_bytes = 0
        if self._open:
            self._size += len(text)
            if self._size <= MAX_LINE_BYTES:
                self._open[-1].parts.append(text)

    def _end(self, _name: str) -> None:
        self._silent_bytes = 0
        if self._depth == self._item_depth:
            self._finish()
        elif self._open:
            self._add(self._open[-1])
            self._open.pop()
        self._depth -= 1

    def _finish(self) -> None:
        self._item_depth = 0
        self.substance.taken_bytes += self._size
        if self._size > MAX_LINE_BYTES:
            self._found.append(Broken(self._line, f"The item is longer than {MAX_LINE_BYTES} bytes. Shorten it."))
        else:
            self._found.append(Record(self._line, self._cells))

    def _add(self, element: _Element) -> None:
        """One element of an item, by its local name, of nested ones by their path. Of elements whose names differ only
        in their namespace, such as title and g:title, the one with a prefix is the shop's answer; repeated ones are a
        list.
        """
        if element.has_children:
            return
        key = ".".join(one.name.rpartition(":")[2] for one in self._open)
        prefix, text, there = element.name.rpartition(":")[0], element.text(), self._cells.get(key)
        self._size += len(key)
        if there is None or (prefix and not self._prefixes.get(key)):
            self._cells[key], self._prefixes[key] = text, prefix
        elif prefix == self._prefixes.get(key, prefix):
            self._cells[key] = [*([there] if isinstance(there, str) else there), text]
