"""Where archived months lie: ARCHIVE_STORE, a folder or an object store (`infra/object_store.py`).

A month is <month>.json, which names its file <month>/<name>.parquet and says what must be in it. The file is put first
and the JSON last, so a month that is there is whole.
"""

from pathlib import Path
from uuid import uuid4

import msgspec

from recomengine.infra.object_store import ObjectStore


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
        self._store = ObjectStore(url)

    def put(self, month: str, file: Path) -> str:
        """Store the file; the name by which it is found. Nothing leads to it before `publish`."""
        name = f"{month}/{uuid4().hex}.parquet"
        self._store.put(name, file)
        return name

    def fetch(self, name: str, file: Path) -> None:
        """Raises FileNotFoundError."""
        self._store.fetch(name, file)

    def publish(self, month: Month) -> None:
        """From now on this is the month; files of it from before are deleted."""
        self._store.put(f"{month.month}.json", msgspec.json.encode(month))
        self._store.remove([name for name in self._store.names(f"{month.month}/") if name != month.file])

    def find(self, month: str) -> Month:
        """Raises MonthMissing."""
        try:
            return _decode(self._store.read(f"{month}.json"))
        except FileNotFoundError:
            raise MonthMissing(
                f"The archive has no month {month}. `recomengine archive list` shows what there is."
            ) from None

    def months(self) -> list[Month]:
        """The oldest first."""
        return [self.find(name.removesuffix(".json")) for name in sorted(self._store.names()) if name.endswith(".json")]
