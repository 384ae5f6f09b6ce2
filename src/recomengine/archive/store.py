"""Where archived months lie: ARCHIVE_STORE, a folder (file://) or an object store (s3://bucket/prefix), through obstore.

A month is <month>.json, which names its file <month>/<name>.parquet and says what must be in it. The file is put first and the
JSON last, so a month that is there is whole; and a folder is flushed to the disk before anything is relied on.
"""

import os
from pathlib import Path
from urllib.parse import unquote, urlparse
from uuid import uuid4

import msgspec
import obstore
from obstore.store import ObjectStore, from_url

CHUNK_BYTES = 8 << 20


class Month(msgspec.Struct, rename="camel", frozen=True):
    """month: as 2026-01; digest: see parquet.py."""

    month: str
    file: str
    events: int
    digest: str
    bytes: int
    archived_at: str


class MonthMissing(Exception):
    """The month is not in the archive."""


_decode = msgspec.json.Decoder(Month).decode


class ArchiveStore:
    """Blocking: call it from a thread."""

    def __init__(self, url: str) -> None:
        parts = urlparse(url)
        self._root = Path(unquote(parts.path)) if parts.scheme == "file" else None
        if self._root is not None:
            self._root.mkdir(parents=True, exist_ok=True)
        self._store: ObjectStore = from_url(url)

    def put(self, month: str, file: Path) -> str:
        """Store the file; the name by which it is found. Nothing leads to it before `publish`."""
        name = f"{month}/{uuid4().hex}.parquet"
        obstore.put(self._store, name, file)
        self._flush(name)
        return name

    def fetch(self, name: str, file: Path) -> None:
        """Raises FileNotFoundError."""
        with file.open("wb") as out:
            for chunk in obstore.get(self._store, name).stream(min_chunk_size=CHUNK_BYTES):
                out.write(chunk)

    def publish(self, month: Month) -> None:
        """From now on this is the month; files of it from before are deleted."""
        obstore.put(self._store, f"{month.month}.json", msgspec.json.encode(month))
        self._flush(f"{month.month}.json")
        old = [meta["path"] for batch in obstore.list(self._store, f"{month.month}/") for meta in batch if meta["path"] != month.file]
        for path in old:
            obstore.delete(self._store, path)

    def find(self, month: str) -> Month:
        """Raises MonthMissing."""
        try:
            return _decode(bytes(obstore.get(self._store, f"{month}.json").bytes()))
        except FileNotFoundError:
            raise MonthMissing(f"The archive has no month {month}. `recomengine archive list` shows what there is.") from None

    def months(self) -> list[Month]:
        """The oldest first."""
        names = [meta["path"] for batch in obstore.list(self._store) for meta in batch if meta["path"].endswith(".json")]
        return [self.find(name.removesuffix(".json")) for name in sorted(names)]

    def _flush(self, name: str) -> None:
        """In a folder: the file, its name, and the name of the month's folder outlive a power cut."""
        if self._root is None:
            return
        for path in (self._root / name, (self._root / name).parent, self._root):
            opened = os.open(path, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
