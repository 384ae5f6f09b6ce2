"""Files by name in an object store (s3://bucket/prefix, through obstore) or in a folder (file://). Blocking: call it
from a thread.

In a folder what was put outlives a power cut.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlparse

import obstore
from obstore.store import from_url

CHUNK_BYTES = 8 << 20


def folder_of(url: str) -> Path | None:
    """The folder that the URL names; None: an object store."""
    parts = urlparse(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


class ObjectStore:
    """What is not there raises FileNotFoundError."""

    def __init__(self, url: str) -> None:
        self._folder = folder_of(url)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._store = from_url(url)

    def put(self, name: str, content: bytes | Path) -> None:
        obstore.put(self._store, name, content)
        if self._folder is not None:
            for path in (self._folder / name, (self._folder / name).parent, self._folder):
                _flush(path)

    def read(self, name: str) -> bytes:
        return bytes(obstore.get(self._store, name).bytes())

    def fetch(self, name: str, file: Path) -> None:
        """Copy it into `file`, piece by piece."""
        with file.open("wb") as out:
            for chunk in obstore.get(self._store, name).stream(min_chunk_size=CHUNK_BYTES):
                out.write(chunk)

    def require(self, name: str) -> None:
        """Raises FileNotFoundError."""
        obstore.head(self._store, name)

    def names(self, prefix: str | None = None) -> list[str]:
        return list(self.sizes(prefix))

    def sizes(self, prefix: str | None = None) -> dict[str, int]:
        """Bytes by name."""
        return {meta["path"]: meta["size"] for batch in obstore.list(self._store, prefix) for meta in batch}

    def remove(self, names: str | Sequence[str]) -> None:
        obstore.delete(self._store, names)


def _flush(path: Path) -> None:
    """To the disk: a file, or the names in a folder."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
