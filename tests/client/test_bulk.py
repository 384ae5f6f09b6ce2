"""The bulk senders: a receipt for each event, whatever happens on the way."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine_client import (
    AsyncClient,
    Client,
    Counts,
    Event,
    Invalid,
    NotReached,
    Receipt,
    SenderStopped,
    Unauthorized,
)
from recomengine_client.bulk import MAX_BYTES, MAX_EVENTS, AsyncBulkSender, Batch, BulkSender, Waiting
from recomengine_client.call import Call
from recomengine_client.schemas import EventResult, EventResults
from tests.client.server import Server
from tests.support.apps import Tenant
from tests.support.databases import fetchval

STORED = "SELECT count(*) FROM events WHERE tenant_id = $1"
Send = Callable[[Call[EventResults]], EventResults]


def events(count: int, name: str = "e") -> list[Event]:
    return [Event("view", f"u{i % 50}", f"p{i % 20}", event_id=f"{name}-{i}") for i in range(count)]


def sent_in(call: Call[EventResults]) -> list[dict[str, Any]]:
    assert call.content is not None
    content = call.content()
    assert isinstance(content, bytes)
    found: list[dict[str, Any]] = msgspec.json.decode(content)["events"]
    return found


def taking(call: Call[EventResults]) -> EventResults:
    """Takes whatever comes."""
    sent = sent_in(call)
    results = [EventResult(i, "accepted", event["eventId"]) for i, event in enumerate(sent)]
    return EventResults(len(sent), 0, 0, results)


def poisoned(bad: set[str], status: int = 422) -> Send:
    """Refuses whole batches that have a bad event in them."""

    def send(call: Call[EventResults]) -> EventResults:
        if bad & {event["eventId"] for event in sent_in(call)}:
            raise Invalid(status, "invalid", "a value is refused")
        return taking(call)

    return send


def refused(call: Call[EventResults]) -> EventResults:
    raise Unauthorized(401, "unauthorized", "The key is revoked.")


def hand_over(sender: BulkSender, numbers: list[int]) -> None:
    for event in events(10_000):
        numbers.append(sender.send(event))


def run_sync(send: Send, handed: Sequence[Event], *, most_waiting: int = 100, concurrency: int = 3) -> list[Receipt]:
    receipts: list[Receipt] = []
    with BulkSender(send, receipts.extend, concurrency=concurrency, most_waiting=most_waiting) as sender:
        numbers = [sender.send(event) for event in handed]
    assert numbers == [*range(len(handed))]
    assert sender.counts.accepted == sum(receipt.status == "accepted" for receipt in receipts)
    return sorted(receipts, key=lambda receipt: receipt.number)


async def run_async(
    send: Send, handed: Sequence[Event], *, most_waiting: int = 100, concurrency: int = 3
) -> list[Receipt]:
    receipts: list[Receipt] = []

    async def answer(call: Call[EventResults]) -> EventResults:
        await asyncio.sleep(0)
        return send(call)

    async with AsyncBulkSender(answer, receipts.extend, concurrency=concurrency, most_waiting=most_waiting) as sender:
        numbers = [await sender.send(event) for event in handed]
    assert numbers == [*range(len(handed))]
    return sorted(receipts, key=lambda receipt: receipt.number)


@given(st.lists(st.integers(1, 2 * MAX_BYTES // 3), max_size=40), st.data())
def test_batches_are_all_that_waits_in_order_within_their_bounds(sizes: list[int], data: st.DataObject) -> None:
    waiting, batches = Waiting(10), []
    for size in sizes:
        waiting.add(b"x" * size)
        if data.draw(st.booleans()):
            batches.append(waiting.take())
    while waiting:
        batches.append(waiting.take())
    assert [len(event) for batch in batches for event in batch.events] == sizes
    firsts = [batch.first for batch in batches]
    assert firsts == [sum(len(batch.events) for batch in batches[:i]) for i in range(len(batches))]
    for batch in batches:
        assert len(batch.events) <= MAX_EVENTS
        assert len(batch.events) == 1 or sum(map(len, batch.events)) <= MAX_BYTES


@given(st.integers(1, 3000), st.integers(0, 10**9))
def test_halves_are_the_whole(count: int, first: int) -> None:
    whole = Batch(first, [b"%d" % i for i in range(count)])
    halves = whole.halves()
    assert [event for half in halves for event in half.events] == whole.events
    assert [half.first for half in halves] == [first, first + count // 2]


@given(st.integers(0, 120), st.sets(st.integers(0, 119)), st.sampled_from([400, 413, 422]), st.integers(1, 30))
def test_each_event_has_one_receipt_and_only_those_to_blame_are_rejected(
    count: int, bad: set[int], status: int, most_waiting: int
) -> None:
    send = poisoned({f"e-{i}" for i in bad}, status)
    for receipts in (
        run_sync(send, events(count), most_waiting=most_waiting),
        asyncio.run(run_async(send, events(count), most_waiting=most_waiting)),
    ):
        assert [receipt.number for receipt in receipts] == [*range(count)]
        assert {receipt.number for receipt in receipts if receipt.status == "rejected"} == {i for i in bad if i < count}
        assert all(receipt.reason == "a value is refused" for receipt in receipts if receipt.status == "rejected")


def test_a_sender_that_gives_up_says_so_and_leaves_no_event_without_a_receipt() -> None:
    receipts: list[Receipt] = []
    sender = BulkSender(refused, receipts.extend, concurrency=2, most_waiting=10)
    with pytest.raises(SenderStopped, match="revoked"):
        hand_over(sender, handed := [])
    with pytest.raises(Unauthorized):
        sender.close()
    assert sorted(receipt.number for receipt in receipts) == handed
    assert {(receipt.status, receipt.code) for receipt in receipts} == {("undelivered", "unauthorized")}
    assert sender.counts == Counts(undelivered=len(handed))


async def test_an_awaited_sender_that_gives_up_says_so_as_well() -> None:
    receipts: list[Receipt] = []

    async def unreachable(call: Call[EventResults]) -> EventResults:
        raise NotReached("No answer.")

    sender = AsyncBulkSender(unreachable, receipts.extend, concurrency=2, most_waiting=10)
    handed: list[int] = []

    async def hand_over() -> None:
        for event in events(10_000):
            handed.append(await sender.send(event))

    with pytest.raises(SenderStopped):
        await hand_over()
    with pytest.raises(NotReached):
        await sender.close()
    assert sorted(receipt.number for receipt in receipts) == handed


def test_what_the_callers_function_raises_is_raised_by_close() -> None:
    def fail(_receipts: Sequence[Receipt]) -> None:
        raise ZeroDivisionError

    sender = BulkSender(taking, fail, concurrency=2, most_waiting=10)
    with pytest.raises(SenderStopped):
        hand_over(sender, [])
    with pytest.raises(ZeroDivisionError):
        sender.close()


def test_send_waits_while_as_many_wait_as_may() -> None:
    gate, waiting = threading.Event(), 10
    receipts: list[Receipt] = []

    def held(call: Call[EventResults]) -> EventResults:
        gate.wait()
        return taking(call)

    sender = BulkSender(held, receipts.extend, concurrency=1, most_waiting=waiting)
    handed: list[int] = []
    full = threading.Event()

    def produce() -> None:
        for event in events(50):
            handed.append(sender.send(event))
            if len(handed) == waiting:
                full.set()

    producer = threading.Thread(target=produce)
    producer.start()
    full.wait()
    assert len(handed) <= 2 * waiting + 1
    assert receipts == []
    gate.set()
    producer.join()
    sender.close()
    assert len(receipts) == 50


def test_a_closed_sender_takes_nothing_more() -> None:
    sender = BulkSender(taking, lambda _: None, concurrency=1, most_waiting=10)
    sender.close()
    with pytest.raises(SenderStopped, match="closed"):
        sender.send(Event("view", "ann", "boots"))


async def test_none_is_lost_and_none_doubled_while_the_server_is_killed_and_started(
    server: Server, tenant: Tenant
) -> None:
    kills_at, count = [1500, 4000], 6000
    receipts: list[Receipt] = []

    def take(batch: Sequence[Receipt]) -> None:
        receipts.extend(batch)
        if kills_at and len(receipts) >= kills_at[0]:
            kills_at.pop(0)
            server.kill()
            server.start()

    def push() -> Counts:
        with Client(server.url, tenant.read_write) as client, client.bulk(take, most_waiting=3000) as sender:
            for event in events(count):
                sender.send(event)
        return sender.counts

    counts = await asyncio.to_thread(push)
    assert server.starts == 3
    assert sorted(receipt.number for receipt in receipts) == [*range(count)]
    assert counts.accepted + counts.duplicates == count
    assert await fetchval(server.database_url, STORED, tenant.id) == count


async def test_an_awaited_sender_loses_and_doubles_none_either(server: Server, tenant: Tenant) -> None:
    kills_at, count = [1500], 4000
    receipts: list[Receipt] = []

    def take(batch: Sequence[Receipt]) -> None:
        receipts.extend(batch)
        if kills_at and len(receipts) >= kills_at[0]:
            kills_at.pop(0)
            server.kill()
            server.start()

    async with AsyncClient(server.url, tenant.read_write) as client:
        async with client.bulk(take, most_waiting=3000) as sender:
            for event in events(count):
                await sender.send(event)
        assert (sender.counts.rejected, sender.counts.undelivered) == (0, 0)
    assert sorted(receipt.number for receipt in receipts) == [*range(count)]
    assert await fetchval(server.database_url, STORED, tenant.id) == count


def test_receipts_say_what_the_server_says(sync: Client) -> None:
    receipts: list[Receipt] = []
    with sync.bulk(receipts.extend, concurrency=1) as sender:
        for event in (Event("view", "ann", "boots", event_id="a"), Event("view", "ann"),
                      Event("view", "ann", "boots", event_id="a")):  # fmt: skip
            sender.send(event)
    accepted, rejected, duplicate = sorted(receipts, key=lambda receipt: receipt.number)
    assert (accepted.status, accepted.event_id, duplicate.status) == ("accepted", "a", "duplicate")
    assert (rejected.status, rejected.code) == ("rejected", "invalid")
    assert "$.productId" in (rejected.reason or "")
