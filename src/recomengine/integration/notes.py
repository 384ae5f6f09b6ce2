"""What requests note of a shop's integration, counted by day in memory and written down in the background.

A note is of what leaves nothing else behind: a refused origin, a rejected event, the version of an SDK. Counts go into
`integration_notes` and are kept for KEPT_DAYS; the last receipts of foreign events and the last events that were
refused, which are worth less, into Redis.
What there is no room for, or what the database is away too long for, is dropped and counted.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec
import structlog

from recomengine.events.noted import MAX_SENT, RejectedEvent, rejected_key
from recomengine.infra.database import DATABASE_AWAY, Pool, tenant_transaction
from recomengine.infra.logs import PREFIX_OF_KEY, said
from recomengine.infra.metrics import FALLBACKS, NOTES_DROPPED
from recomengine.infra.redis import Command, RedisClient, RedisUnavailable
from recomengine.integration import queries
from recomengine.integration.schemas import Receipt
from recomengine.web.notes import NoteKind
from recomengine.web.problems import Problem

FLUSH_EVERY_S = 3.0
FLUSH_LIMIT_S = 5.0
KEPT_DAYS = 30
MAX_KEPT = 10_000
"""Counts, and receipts, that wait in memory; of all tenants."""
MAX_SUBJECTS = 200
"""Of a tenant, a day and a kind; all others are counted as one."""
OTHERS = "(others)"
MAX_CHARACTERS = 128
RECEIPTS = REJECTED = 100
"""Of a tenant."""
LISTED_TTL_S = 7 * 86_400
MAX_REJECTING = 100
"""Tenants whose refused events wait in memory."""
DAY_S = 86_400
EPOCH_DAY = date(1970, 1, 1).toordinal()

log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_receipt = msgspec.json.Decoder(Receipt)
_rejected = msgspec.json.Decoder(RejectedEvent)


class Group(NamedTuple):
    """Whose subjects are bounded together. day: since 1970."""

    tenant_id: str
    day: int
    kind: NoteKind


class Counted(NamedTuple):
    times: int
    last_s: float


Counts: TypeAlias = dict[Group, dict[str, Counted]]


class Notes:
    def __init__(self, pool: Pool, redis: RedisClient) -> None:
        self._pool = pool
        self._redis = redis
        self._counts: Counts = {}
        self._kept = 0
        self._receipts: deque[tuple[str, Receipt]] = deque()
        self._rejected: dict[str, deque[RejectedEvent]] = {}

    def count(self, tenant_id: str, kind: NoteKind, subject: str, times: int = 1) -> None:
        """Never raises, never waits. The subject holds nothing that tells a shopper."""
        now_s = time.time()
        subjects = self._counts.get((tenant_id, int(now_s) // DAY_S, kind))  # type: ignore[call-overload]
        if subjects is not None and (before := subjects.get(subject)) is not None:
            subjects[subject] = Counted(before.times + times, now_s)
            return
        self._add(Group(tenant_id, int(now_s) // DAY_S, kind), _cleaned(subject), Counted(times, now_s), "full")

    def receipt(self, tenant_id: str, source: str, event: str, message_id: str, outcome: str) -> None:
        """That a foreign event came, and what became of it. Never raises, never waits."""
        if len(self._receipts) >= MAX_KEPT:
            NOTES_DROPPED.labels("full").inc()
            return
        kept = Receipt(datetime.now(UTC), *map(_cleaned, (source, event, message_id, outcome)))
        self._receipts.append((tenant_id, kept))

    def rejected(self, tenant_id: str, source: str, problem: Problem, sent: bytes) -> None:
        """What was sent, and why it was refused, for the tenant's own eyes. Never raises, never waits."""
        waiting = self._rejected.get(tenant_id)
        if waiting is None:
            if len(self._rejected) >= MAX_REJECTING:
                NOTES_DROPPED.labels("full").inc()
                return
            waiting = self._rejected[tenant_id] = deque(maxlen=REJECTED)  # of a flood the newest stay
        path = problem.errors[0].path if problem.errors else None
        shown = PREFIX_OF_KEY.sub(r"\1_…", sent[: 4 * MAX_SENT].decode(errors="replace"))[:MAX_SENT]
        now = datetime.now(UTC)
        waiting.append(RejectedEvent(now, source, problem.problem_code, path, problem.detail[:MAX_SENT], shown))

    async def flush(self) -> None:
        """Write down what was noted; called now and then, by who reads the notes, and at the end."""
        await self._flush_lists()
        counts, self._counts, self._kept = self._counts, {}, 0
        if not counts:
            return
        try:
            await self._write(counts)
        except asyncio.CancelledError:
            self._take_back(counts)
            raise
        except DATABASE_AWAY as error:
            FALLBACKS.labels("notes").inc()
            log.warning("notes not written", error=said(error))
            self._take_back(counts)

    async def receipts(self, tenant_id: UUID) -> list[Receipt]:
        """The newest first; raises RedisUnavailable."""
        [found] = await self._redis.call(("LRANGE", receipts_key(str(tenant_id)), 0, RECEIPTS - 1))
        return [_receipt.decode(each) for each in found]

    async def rejected_of(self, tenant_id: UUID) -> list[RejectedEvent]:
        """The newest first; raises RedisUnavailable."""
        [found] = await self._redis.call(("LRANGE", rejected_key(str(tenant_id)), 0, REJECTED - 1))
        return [_rejected.decode(each) for each in found]

    def _add(self, group: Group, subject: str, counted: Counted, else_dropped: str) -> None:
        """else_dropped: the reason that is counted where there is no room."""
        subjects = self._counts.get(group)
        if subjects is not None and subject not in subjects and len(subjects) >= MAX_SUBJECTS:
            subject = OTHERS
        before = None if subjects is None else subjects.get(subject)
        if before is None:
            if self._kept >= MAX_KEPT:
                NOTES_DROPPED.labels(else_dropped).inc(counted.times)
                return
            self._kept += 1
            self._counts.setdefault(group, {})[subject] = counted
        else:
            self._counts[group][subject] = Counted(before.times + counted.times, max(before.last_s, counted.last_s))

    def _take_back(self, counts: Counts) -> None:
        """Keep them for the next time, beside what was noted meanwhile."""
        for group, subjects in counts.items():
            for subject, counted in subjects.items():
                self._add(group, subject, counted, "database")

    async def _write(self, counts: Counts) -> None:
        rows = [
            (UUID(group.tenant_id), date.fromordinal(EPOCH_DAY + group.day), group.kind, subject, counted.times,
             datetime.fromtimestamp(counted.last_s, UTC))
            for group, subjects in counts.items() for subject, counted in subjects.items()
        ]  # fmt: skip
        tenants = {row[0] for row in rows}
        async with tenant_transaction(self._pool, *tenants, limit_s=FLUSH_LIMIT_S) as connection:
            await queries.add_notes(connection, list(zip(*rows, strict=True)), MAX_SUBJECTS, OTHERS)

    async def _flush_lists(self) -> None:
        receipts, self._receipts = self._receipts, deque()
        rejected, self._rejected = self._rejected, {}
        lists: dict[str, list[bytes]] = {}
        for tenant_id, receipt in receipts:
            lists.setdefault(receipts_key(tenant_id), []).append(_encode(receipt))
        for tenant_id, events in rejected.items():
            lists[rejected_key(tenant_id)] = [_encode(event) for event in events]
        if not lists:
            return
        try:
            await self._redis.call(*_push(lists))
        except RedisUnavailable:
            NOTES_DROPPED.labels("redis").inc(sum(map(len, lists.values())))


def receipts_key(tenant: str) -> str:
    return f"reco:receipts:{{{tenant}}}"


def _push(lists: Mapping[str, list[bytes]]) -> list[Command]:
    """In front of each list, of which the newest are kept."""
    commands: list[Command] = []
    for key, newest in lists.items():
        commands += [
            ("LPUSH", key, *newest[-RECEIPTS:]),
            ("LTRIM", key, 0, RECEIPTS - 1),
            ("EXPIRE", key, LISTED_TTL_S),
        ]
    return commands


def _cleaned(text: str) -> str:
    """Cut, and without characters that do not print; PostgreSQL refuses some of them."""
    cut = text[:MAX_CHARACTERS]
    return (cut if cut.isprintable() else "".join(filter(str.isprintable, cut))) or "(none)"


async def forget_notes(pool: Pool) -> int:
    """Drop what is older than KEPT_DAYS; how many counts that were."""
    return await queries.forget_notes(pool, datetime.now(UTC).date() - timedelta(days=KEPT_DAYS))
