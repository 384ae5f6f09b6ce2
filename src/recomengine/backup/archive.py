"""The files of a backup: one directory with manifest.json and <table>.copy.zst for each table, in PostgreSQL's COPY
text.

The directory appears whole, by a rename. Only its owner can read it: it holds shoppers' events and password hashes.
"""

import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec
import zstandard

FORMAT = 1
MANIFEST = "manifest.json"
STEP = 1 << 20


class BackupError(Exception):
    """The backup cannot be made or used; the message says why and what to do."""


class TableFile(msgspec.Struct, rename="camel"):
    """rows, checksum: of the table, whatever its order. sha256: of the file. bound, parent: of a partition."""

    name: str
    columns: list[str]
    rows: int
    checksum: str
    sha256: str
    bound: str | None = None
    parent: str | None = None


class Manifest(msgspec.Struct, rename="camel"):
    format: int
    program: str
    server: str
    taken_at: datetime
    migrations: dict[str, str]
    tables: list[TableFile]
    sequences: dict[str, int]


class Writer:
    """Takes what COPY gives, and compresses and digests it on the way to its file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._compressor = zstandard.ZstdCompressor(level=3).compressobj()
        self._digest = hashlib.sha256()

    async def write(self, data: bytes) -> None:
        self._put(self._compressor.compress(data))

    def finish(self) -> str:
        """Once all is written: the digest of the file, which is on the disk."""
        self._put(self._compressor.flush())
        _sync(self._file)
        return self._digest.hexdigest()

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


@contextmanager
def open_table(folder: Path, table: str) -> Iterator[Writer]:
    with _open_private(folder / _name(table)) as file:
        yield Writer(file)


async def read_table(folder: Path, table: TableFile) -> AsyncIterator[bytes]:
    """What COPY gave. Raises BackupError when the file is not the one that was written."""
    path, digest = folder / _name(table.name), hashlib.sha256()
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    try:
        with path.open("rb") as file:
            while chunk := file.read(STEP):
                digest.update(chunk)
                yield decompressor.decompress(chunk)
    except FileNotFoundError:
        raise BackupError(f"{path} is missing. Copy the whole backup again.") from None
    except zstandard.ZstdError:
        raise _damaged(path) from None
    if digest.hexdigest() != table.sha256:
        raise _damaged(path)


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError):
        raise BackupError(
            f"{folder} is no backup: it has no {MANIFEST}. Name the directory that `recomengine backup` made."
        ) from None
    except msgspec.MsgspecError as error:
        raise BackupError(f"{path} cannot be read: {error}. Copy the whole backup again.") from error
    if manifest.format != FORMAT:
        raise BackupError(
            f"{path} has format {manifest.format}, this version reads {FORMAT}. Restore with the version "
            f"{manifest.program}."
        )
    return manifest


@contextmanager
def new_archive(folder: Path) -> Iterator[Path]:
    """A directory to write to, which becomes `folder` at the end; after an error nothing is left."""
    new = folder.with_name(f".{folder.name}.partial")
    if folder.exists():
        raise BackupError(f"{folder} exists. Name a directory that does not: a backup is never overwritten.")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(mode=0o700)
    except FileNotFoundError:
        raise BackupError(f"{folder.parent} is no directory. Make it first.") from None
    try:
        yield new
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise


def write_manifest(folder: Path, manifest: Manifest) -> None:
    with _open_private(folder / MANIFEST) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        _sync(file)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _open_private(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _name(table: str) -> str:
    return f"{table}.copy.zst"


def _damaged(path: Path) -> BackupError:
    return BackupError(
        f"{path} is damaged: it is not what was written. Nothing was restored. Copy it again, or take another backup."
    )
