"""Messages on their way into the shop: events into the writer, ids to be joined, traits kept.

What is wrong with a message is counted and said in its receipt, and stops no other: between us and whoever sends it
stands a library that could only give up.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from recomengine.events.clock import milliseconds_of
from recomengine.events.preparing import Source, prepare
from recomengine.events.schemas import Event, Timestamp
from recomengine.events.writer import EventWriter
from recomengine.files.cells import Refused, plain
from recomengine.files.times import read_time
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.redis import RedisClient
from recomengine.segment import queries
from recomengine.segment.ecommerce import EVENTS, NOT_STORED, Spec
from recomengine.segment.mapping import Draft, Members, drafts_of, members_of, products_of, shopper_of, text_of
from recomengine.segment.orders import changes_of, order_of, returns_of
from recomengine.segment.receipts import Notes, Receipt, note
from recomengine.segment.schemas import CALLS, Message, Sent
from recomengine.users.joining import Pair, join
from recomengine.users.schemas import Properties
from recomengine.users.service import add_properties
from recomengine.web.caller import Caller
from recomengine.web.fields import Id
from recomengine.web.problems import Conflict, Invalid, Problem, Unavailable, invalid

MAX_STORED = 1000
"""Events that are stored at once."""
TURNS, MAX_WAITING, PAIRS_A_TURN = 2, 1000, 20
SLICE = 50
"""Messages between two looks at other requests."""
NO_TYPE = f"expected a message whose type is one of {', '.join(CALLS)}"
NO_NAME = "expected the name of the event, got none"
OTHER_KEY = "carries another writeKey than the request. Send it in a request of its own"
NO_ID = "expected an id of 1 to 128 characters, none of them a control character"
UNKNOWN = "unknown event: nothing is stored"
UNREADABLE_SENT_AT = "sentAt cannot be read, so no clock is corrected"


class Intake:
    """Of a process. What a message needs of its own in the database, beside the events that are stored together, waits
    for a turn: a batch may hold thousands of such messages, and is charged as one write.
    """

    def __init__(self, pool: Pool, redis: RedisClient, writer: EventWriter, notes: Notes) -> None:
        self.pool, self.redis, self.writer, self.notes = pool, redis, writer, notes
        self._turns = asyncio.Semaphore(TURNS)
        self._waiting = 0

    async def take(self, caller: Caller, sent: Sent, now_ms: int, *, live: bool) -> None:
        await _Taking(self, caller, Source(caller.tenant_id, caller.config, now_ms, live=live)).take(sent)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            detail = f"More than {MAX_WAITING} requests wait to look up orders or shoppers. Try again in a second."
            raise Unavailable(detail, code="overloaded")
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1


class _Taking:
    """The messages of one request, in order."""

    def __init__(self, intake: Intake, caller: Caller, source: Source) -> None:
        self._intake, self._caller, self._source = intake, caller, source
        self._waiting: list[tuple[Receipt, Event]] = []
        """To be stored."""
        self._pairs: dict[Pair, Receipt] = {}
        """To be joined."""
        self._traits: list[tuple[Receipt, str, Properties]] = []

    async def take(self, sent: Sent) -> None:
        receipts = [Receipt(message) for message in sent.messages]
        for position, receipt in enumerate(receipts):
            if position % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            try:
                await self._take(receipt)
            except Invalid as problem:
                receipt.reject(problem)
        await self._store()
        await self._join()
        await self._keep_traits()
        for receipt in receipts:
            note(self._intake.notes, self._caller.tenant, receipt)

    async def _take(self, receipt: Receipt) -> None:
        message = receipt.message
        if message.type not in CALLS:
            raise invalid("$.type", NO_TYPE)
        receipt.event, receipt.known = message.type, True
        if message.write_key and not str(message.write_key).startswith(self._caller.prefix):
            raise invalid("$.writeKey", OTHER_KEY)
        self._pair(receipt)
        if message.type == "identify":
            self._identify(receipt)
        elif message.type == "track":
            await self._track(receipt)

    async def _track(self, receipt: Receipt) -> None:
        message = receipt.message
        if (name := text_of(message.event)) is None:
            raise invalid("$.event", NO_NAME)
        spec = EVENTS.get(plain(name))
        if spec is None:
            receipt.event = NOT_STORED.get(plain(name), name)
            receipt.known = plain(name) in NOT_STORED
            if not receipt.known:
                receipt.remark(UNKNOWN)
            return
        receipt.event = spec.name
        self._source.sent_ms = _sent_ms(receipt)
        for draft in await self._drafts(spec, message, members_of(message.properties)):
            self._prepare(receipt, draft)

    async def _drafts(self, spec: Spec, message: Message, properties: Members) -> Iterable[Draft]:
        if spec.way != "update" and (spec.way != "return" or products_of(properties)):
            return drafts_of(spec, message, properties)
        order_id = order_of(properties)
        await self._store()  # the order may stand in a message before this one
        tenant_id = self._caller.tenant_id
        async with self._intake.turn(), tenant_transaction(self._intake.pool, tenant_id) as connection:
            stored = await queries.order_products(connection, tenant_id, order_id)
        if spec.way == "return":
            return returns_of(spec, message, order_id, stored)
        if stored:
            return changes_of(spec, message, properties, stored)
        return drafts_of(spec._replace(way="order"), message, properties)

    def _prepare(self, receipt: Receipt, draft: Draft) -> None:
        if isinstance(draft.made, Problem):
            receipt.reject(draft.made, draft.at)
            return
        try:
            self._waiting.append((receipt, prepare(msgspec.json.encode(draft.made), self._source)))
        except Invalid as problem:
            receipt.reject(problem, draft.at)

    async def _store(self) -> None:
        while self._waiting:
            chunk, self._waiting = self._waiting[:MAX_STORED], self._waiting[MAX_STORED:]
            outcomes = await self._intake.writer.store_or_compare([event for _, event in chunk])
            for (receipt, _), differs in zip(chunk, outcomes, strict=True):
                receipt.stored["stored" if differs is None else "duplicate"] += 1
                if differs:
                    receipt.remark(f"stored before with another {', '.join(differs)}, which stays")

    def _pair(self, receipt: Receipt) -> None:
        message = receipt.message
        user_id, others = text_of(message.user_id), [text_of(message.anonymous_id)]
        if message.type == "alias":
            others.append(text_of(message.previous_id))
            if user_id is None or others[-1] is None:
                raise invalid("$.previousId", "expected userId and previousId")
        for other in filter(None, others if user_id else []):
            if other != user_id:
                self._pairs.setdefault(Pair(_id("$.userId", user_id), _id("$.anonymousId", other)), receipt)

    async def _join(self) -> None:
        intake, tenant_id, by_page = self._intake, self._caller.tenant_id, self._caller.permissions == "publish"
        pairs, refused = list(self._pairs), dict[Pair, Conflict]()
        for start in range(0, len(pairs), PAIRS_A_TURN):
            async with intake.turn():
                some = pairs[start : start + PAIRS_A_TURN]
                refused |= await join(intake.pool, intake.redis, tenant_id, some, by_page=by_page)
        for pair, receipt in self._pairs.items():
            if pair in refused:
                receipt.reject(refused[pair])
            elif receipt.message.type in ("identify", "alias"):
                receipt.remark("ids joined")

    def _identify(self, receipt: Receipt) -> None:
        user_id = _id("$.userId", shopper_of(receipt.message))
        given = receipt.message.traits
        said: Properties = {}
        for name, value in given.items() if isinstance(given, dict) else ():
            try:
                said |= msgspec.convert({name: value}, Properties)
            except msgspec.ValidationError:
                continue
        if said:
            self._traits.append((receipt, user_id, said))
        self._leave_out(receipt, len(given or ()) - len(said))

    async def _keep_traits(self) -> None:
        for receipt, user_id, said in self._traits:
            async with self._intake.turn():
                left_out = await add_properties(self._intake.pool, self._caller.tenant_id, user_id, said)
            receipt.stored["traits"] += len(said) - left_out
            self._leave_out(receipt, left_out)

    def _leave_out(self, receipt: Receipt, traits: int) -> None:
        if traits > 0:
            receipt.remark(f"{traits} traits are no plain values or too many, and are not kept")
            self._intake.notes.count(self._caller.tenant, "segment_event", "traits not kept")


def _id(path: str, value: str | None) -> str:
    try:
        return msgspec.convert(value, Id)
    except msgspec.ValidationError:
        raise invalid(path, NO_ID) from None


def _sent_ms(receipt: Receipt) -> int | None:
    """When the message was sent, by the clock that timed it; None where its time needs no correction."""
    message = receipt.message
    if message.sent_at in (None, "") or message.received_at not in (None, ""):
        return None
    try:
        given: Any = read_time(message.sent_at.strip()).value if isinstance(message.sent_at, str) else message.sent_at
        return milliseconds_of(msgspec.convert(given, Timestamp), "$.sentAt")
    except (Refused, Problem, msgspec.ValidationError):
        receipt.remark(UNREADABLE_SENT_AT)
        return None
