"""Trails that Redis has lost, from PostgreSQL where it answers soon: no recommendation waits for a database that
hangs.
"""

from time import monotonic
from uuid import UUID

from recomengine.events.joined import JoinedIds
from recomengine.events.trail import TRAIL_LENGTH, Trail, recent_from_database
from recomengine.infra.database import DATABASE_AWAY, Pool
from recomengine.infra.metrics import FALLBACKS

LIMIT_S = 0.25
DOUBT_S = 0.1
"""After so long with one request, the others go on without; at once where the last one asked in vain."""


class LostTrails:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asked_at: dict[object, float] = {}
        """Of each request that waits, the oldest first."""
        self._in_vain = False

    async def read(self, tenant_id: UUID, user_id: str) -> tuple[JoinedIds, list[Trail]] | None:
        """Whose the id is, and the shopper's newest events; None where PostgreSQL does not say so within LIMIT_S."""
        FALLBACKS.labels("recents").inc()
        if self._doubtful():
            FALLBACKS.labels("trails").inc()
            return None
        this = object()
        self._asked_at[this] = monotonic()
        try:
            found = await recent_from_database(self._pool, tenant_id, user_id, TRAIL_LENGTH, LIMIT_S)
            self._in_vain = False
        except DATABASE_AWAY:
            self._in_vain = True
            FALLBACKS.labels("trails").inc()
            return None
        finally:
            del self._asked_at[this]
        return found

    def _doubtful(self) -> bool:
        oldest = next(iter(self._asked_at.values()), None)
        return oldest is not None and (self._in_vain or monotonic() - oldest > DOUBT_S)
