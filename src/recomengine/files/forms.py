"""Which form the bytes have: said by a content type, or by a file's name and its first bytes."""

import re
from typing import Literal

from recomengine.files.arrays import JsonValues
from recomengine.files.ndjson import NdjsonLines
from recomengine.files.objects import JsonSource
from recomengine.files.plan import Kind, Options
from recomengine.files.source import Source, TableSource, XmlSource
from recomengine.files.table import Table
from recomengine.files.xml import XmlItems

Form = Literal["ndjson", "json", "table", "tsv", "xml"]
JSON_MEDIA: dict[str, Form] = {
    "application/x-ndjson": "ndjson", "application/ndjson": "ndjson", "application/jsonl": "ndjson",
    "application/json": "json",
}  # fmt: skip
TABLE_MEDIA: dict[str, Form] = {"text/csv": "table", "text/tab-separated-values": "tsv"}
XML_MEDIA: dict[str, Form] = {
    "application/xml": "xml", "text/xml": "xml", "application/rss+xml": "xml", "application/atom+xml": "xml"
}  # fmt: skip
MEDIA = JSON_MEDIA | TABLE_MEDIA | XML_MEDIA
BY_END: dict[str, Form] = {
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "table", ".tsv": "tsv", ".tab": "tsv", ".xml": "xml",
    ".rss": "xml", ".atom": "xml",
}  # fmt: skip
_LINE_OF_JSON = re.compile(rb"\{[^\n]*\}\s*(\n|\Z)")


def form_of(name: str, head: bytes) -> Form:
    """Of a file by the end of its name; where that says too little, by its first bytes."""
    end = "." + name.lower().rpartition(".")[2]
    if end in BY_END:
        return BY_END[end]
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if text.startswith(b"{"):
        return "ndjson" if _LINE_OF_JSON.match(text) else "json"
    return "json" if text.startswith(b"[") or end == ".json" else "xml" if text.startswith(b"<") else "table"


def source_of(form: Form, kind: Kind, options: Options) -> Source:
    if form in ("table", "tsv"):
        return TableSource(Table(options, "\t" if form == "tsv" else None), kind, options)
    if form == "xml":
        return XmlSource(XmlItems(options), kind, options)
    return JsonSource(JsonValues() if form == "json" else NdjsonLines(), kind, options)
