"""A complete file in place of the catalog: what it lacks becomes unavailable.

Nothing is written before the file is known to its end. Until then its good lines wait in a compressed file without a
name, and a byte for each product number says which products it has; so memory does not grow with the file.
"""

import io
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import IO
from uuid import UUID

import msgspec
import numpy as np
import zstandard

from recomengine.catalog import queries
from recomengine.catalog.schemas import ItemIn
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.web.problems import Conflict, TooLarge, Unavailable

MAX_SPOOL_BYTES = 4 * 1024**3
"""Compressed; some 10 million products."""
MOST_ABSENT = 3
"""Without force, at most one of so many products that are to be had may be taken away."""
BATCH = 2000
SHOWN_LINES = 5

GoodLine = tuple[int, ItemIn]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(GoodLine).decode


@asynccontextmanager
async def replacement(pool: Pool, tenant_id: UUID) -> "AsyncIterator[Replacement]":
    async with tenant_transaction(pool, tenant_id) as connection:
        size = await queries.catalog_size(connection, tenant_id)
    with tempfile.TemporaryFile() as spool:
        yield Replacement(pool, tenant_id, size, spool)


class Replacement:
    def __init__(self, pool: Pool, tenant_id: UUID, size: int, spool: IO[bytes]) -> None:
        """size: how many product numbers are given; products that come later are not absent."""
        self._pool = pool
        self._tenant_id = tenant_id
        self._present = np.zeros(size, np.uint8)
        self._spool = spool
        self._compressed = zstandard.ZstdCompressor(level=1).stream_writer(spool, closefd=False)
        self._nameless: list[int] = []
        self._nameless_count = 0
        self.good = 0

    async def take(self, good: Sequence[GoodLine], rejected: Sequence[tuple[int, str | None]]) -> None:
        """rejected: line and product id, as far as one can be told: that product is not absent from the file."""
        ids = [item.product_id for _, item in good] + [each for _, each in rejected if each is not None]
        async with tenant_transaction(self._pool, self._tenant_id) as connection:
            known = await queries.known_numbers(connection, self._tenant_id, ids)
        numbers = np.array([number for number, _ in known.values()], np.int64)
        self._present[numbers[numbers < len(self._present)]] = 1
        nameless = [line for line, each in rejected if each is None]
        self._nameless_count += len(nameless)
        self._nameless += nameless[: SHOWN_LINES - len(self._nameless)]
        self.good += len(good)
        self._keep(good)

    def _keep(self, good: Sequence[GoodLine]) -> None:
        with _room():
            self._compressed.write(b"".join(_encode(each) + b"\n" for each in good))
        if self._spool.tell() > MAX_SPOOL_BYTES:
            raise TooLarge(
                f"The file is larger than {MAX_SPOOL_BYTES} bytes, compressed: import it in parts, without replacing. "
                "Nothing was changed."
            )

    async def check(self, *, forced: bool) -> int:
        """How many available products the file lacks; raises Conflict where it cannot be meant, or cannot be told, to
        be complete.
        """
        if not self.good:
            raise _refused("The file has no product that can be taken")
        if self._nameless_count and not forced:
            lines = ", ".join(map(str, self._nameless)) + (", …" if self._nameless_count > SHOWN_LINES else "")
            raise _refused(
                f"Of {self._nameless_count} rejected lines (line {lines}) it cannot be told which product they are "
                "about, so it is not known what the file lacks. Mend them"
            )
        async with tenant_transaction(self._pool, self._tenant_id) as connection:
            available, absent = await queries.count_available(connection, self._tenant_id, *self._bits())
        if absent * MOST_ABSENT > available and not forced:
            raise _refused(
                f"The file lacks {absent} of the {available} products that are to be had, more than a third. If it is "
                "complete, force it (--force, or force=true)"
            )
        return absent

    def good_lines(self) -> Iterator[list[GoodLine]]:
        """In batches, as they were taken."""
        with _room():
            self._compressed.flush(zstandard.FLUSH_FRAME)
            self._spool.seek(0)
        reader = io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(self._spool, closefd=False))
        batch: list[GoodLine] = []
        for line in reader:
            batch.append(_decode(line))
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch

    async def take_away_absent(self, bus: Bus) -> int:
        """How many products that were."""
        async with tenant_transaction(self._pool, self._tenant_id) as connection:
            version, _ = await queries.lock_catalog(connection, self._tenant_id)
            removed = await queries.take_away(connection, self._tenant_id, *self._bits(), version + 1)
            if removed:
                await queries.advance_catalog(connection, self._tenant_id, version + 1, 0)
        if removed:
            await bus.publish("catalog", self._tenant_id)
        return removed

    def _bits(self) -> tuple[bytes, int]:
        """(a bit for each number, how many numbers)."""
        return np.packbits(self._present, bitorder="little").tobytes(), len(self._present)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"The file cannot be kept until its end is known: {error.strerror}. Nothing was changed. Try again when "
            "the server's disk has room."
        ) from error


def _refused(why: str) -> Conflict:
    return Conflict(f"{why}. Nothing was changed.", code="replace_refused")
