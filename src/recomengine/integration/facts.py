"""What the checks look at, read in one go: figures, counts of samples, and what was noted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import asyncpg
import msgspec

from recomengine.infra.database import Connection
from recomengine.integration import queries
from recomengine.integration.queries import Sampling
from recomengine.shop import TenantConfig
from recomengine.web.notes import NoteKind

SLICES, OF_SLICE = 14, 1000
"""A sample of 14,000 events at most."""
MAX_PURCHASES = 5000
MAX_PLACEMENTS = 200
MAX_KEYS = 200
PLACEHOLDERS = (
    "undefined", "null", "none", "nil", "nan", "false", "true", "[object object]", "guest", "anonymous", "anon",
    "unknown", "user", "test", "0", "-1", "-", "n/a", "{{userid}}", "{user_id}", "%user_id%",
)  # fmt: skip
"""What programs send as an id where they have none; in small letters."""


Row: TypeAlias = Mapping[str, Any]


class Note(NamedTuple):
    times: int
    last_at: datetime


class Placement(NamedTuple):
    placement_id: str
    impressions: int
    clicks: int


class Facts(msgspec.Struct, frozen=True):
    config: TenantConfig
    events: Row
    people: Row
    purchases: Row
    placements: Sequence[Placement]
    """Those of the events, the most seen first; "" for events that name none."""
    feeds: Row
    keys: Sequence[Row]
    notes: Mapping[str, Mapping[str, Note]]
    products: Row

    def noted(self, kind: NoteKind) -> Mapping[str, Note]:
        """By subject, the most frequent first."""
        return self.notes.get(kind, {})

    def times(self, kind: NoteKind) -> int:
        return sum(note.times for note in self.noted(kind).values())


async def read_facts(connection: Connection, config: TenantConfig, sampling: Sampling) -> Facts:
    tenant_id, since = sampling.tenant_id, sampling.since
    return Facts(
        config,
        dict(await queries.sample_counts(connection, sampling)),
        dict(await queries.sample_people(connection, sampling, PLACEHOLDERS)),
        dict(await queries.purchases(connection, tenant_id, since, MAX_PURCHASES, config.currency)),
        [Placement(*row) for row in await queries.placements(connection, sampling, MAX_PLACEMENTS)],
        dict(await queries.feeds(connection, tenant_id)),
        [dict(row) for row in await queries.keys_in_force(connection, tenant_id, MAX_KEYS)],
        _by_kind(await queries.notes_of(connection, tenant_id, since.date())),
        dict(await queries.sample_products(connection, sampling, config.currency)),
    )


def _by_kind(rows: Sequence[asyncpg.Record]) -> dict[str, dict[str, Note]]:
    notes: dict[str, dict[str, Note]] = {}
    for row in rows:
        notes.setdefault(row["kind"], {})[row["subject"]] = Note(row["count"], row["last_at"])
    return notes
