"""A month before this one, for events that come twice in two months."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest


@pytest.fixture
async def former_month(database_url: str) -> AsyncIterator[datetime]:
    """The month before this one has a partition; its last millisecond is the fixture."""
    this = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    former = this.replace(year=this.year - (this.month == 1), month=(this.month - 2) % 12 + 1)
    table = former.strftime("events_%Y_%m")
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        f"CREATE TABLE {table} PARTITION OF events FOR VALUES FROM ('{former:%Y-%m-%d}Z') TO ('{this:%Y-%m-%d}Z')"
    )
    await owner.execute(f"CREATE UNIQUE INDEX {table}_id_key ON {table} (id)")
    yield former
    await owner.execute(f"DROP TABLE {table}")
    await owner.close()
