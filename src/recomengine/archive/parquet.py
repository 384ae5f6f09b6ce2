"""A month of events as a Parquet file: one row group for each group of rows, zstd, and a SHA-256 over the values.

The digest is taken of the rows as PostgreSQL gives them, and again of the file as it is read: columns of a group, in
MessagePack.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

GROUP = 50_000
GROUP_CHARACTERS = 64 * 1024 * 1024
"""Of metadata, after which a group ends: a group is in memory as a whole."""
TIME = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([
    ("id", pa.binary(16)), ("tenant_id", pa.binary(16)), ("event_type", pa.string()), ("user_id", pa.string()),
    ("product_id", pa.string()),
    ("session_id", pa.string()), ("client_event_id", pa.string()), ("metadata", pa.string()), ("timestamp", TIME),
    ("created_at", TIME),
])  # fmt: skip
EPOCH_2000_US = 946_684_800_000_000

_encode = msgspec.msgpack.Encoder().encode
Columns = Sequence[Sequence[Any]]


class Writer:
    """Takes groups of rows; `events` and `digest` say what was written. Blocking: call it from a thread."""

    def __init__(self, path: Path) -> None:
        self.events = 0
        self._hash = hashlib.sha256()
        self._file = pq.ParquetWriter(path, SCHEMA, compression="zstd")

    def add(self, rows: Iterable[Iterable[Any]]) -> None:
        """rows: in the order of SCHEMA, ids as 16 bytes, times in microseconds."""
        columns = list(zip(*rows, strict=True))
        arrays = [_array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), row_group_size=len(columns[0]))
        self._hash.update(_encode(columns))
        self.events += len(columns[0])

    def close(self) -> None:
        self._file.close()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _array(column: Sequence[Any], kind: Any) -> Any:
    return pa.array(column, pa.int64()).cast(kind) if kind == TIME else pa.array(column, kind)


def groups_of(path: Path) -> Iterator[Columns]:
    """The columns of each group, as they were given to the writer."""
    with pq.ParquetFile(path) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            yield [(column.cast(pa.int64()) if column.type == TIME else column).to_pylist() for column in table.columns]


def examine(path: Path) -> tuple[int, str]:
    """(events, digest) of a file."""
    events, digest = 0, hashlib.sha256()
    for columns in groups_of(path):
        events += len(columns[0])
        digest.update(_encode(columns))
    return events, digest.hexdigest()


def as_records(columns: Columns) -> list[tuple[Any, ...]]:
    """Rows as PostgreSQL takes them: times in microseconds since 2000."""
    ids, tenants, *texts, times, moments = columns
    return list(
        zip(
            map(_uuid, ids),
            map(_uuid, tenants),
            *texts,
            map(_since_2000, times),
            map(_since_2000, moments),
            strict=True,
        )
    )


def _uuid(identity: bytes) -> UUID:
    return UUID(bytes=identity)


def _since_2000(microseconds: int) -> int:
    return microseconds - EPOCH_2000_US
