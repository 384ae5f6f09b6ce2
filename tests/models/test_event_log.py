"""The log of events on the worker's disk: with what is new it is, bit for bit, what reading everything gives."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.catalog.service import delete_item
from recomengine.context import Context
from recomengine.events.identity import shopper_digest
from recomengine.infra.database import tenant_transaction
from recomengine.infra.metrics import EVENT_LOGS_UNUSABLE
from recomengine.models import event_log, queries, service
from recomengine.models.event_log import EventLog, LogUnusable, append, read_new, without
from recomengine.models.histories import EVENT_TYPES, NO_HISTORIES, Histories, merge, under_names
from recomengine.users.joining import add_alias
from recomengine.users.service import erase
from tests.support.apps import Tenant
from tests.support.databases import execute
from tests.support.matrices import examples
from tests.support.shops import Event, build, fill_catalog, logs_of, product, read_histories, send, store_of

START_MS = 1_700_000_000_000
TENANT = UUID(int=1)
NAMES = ["ann", "Ann", "ann 2", "Zoë", "李", "\U0001f600", "\uffff", "b"]
Did = tuple[str, int, int, int, int]


def histories_of(events: Sequence[Did]) -> Histories:
    """Plain Python: (user, time, type, item, group) in this order, users by their bytes."""
    found = sorted(events, key=lambda did: (did[0].encode(), *did[1:]))
    users = sorted({did[0] for did in found}, key=str.encode)
    counts = [sum(did[0] == user for did in found) for user in users]
    columns = np.array([did[1:] for did in found], np.int64).reshape(-1, 4)
    return Histories(
        users, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), columns[:, 2].astype(np.int32),
        columns[:, 1].astype(np.uint8),
        columns[:, 0].copy(), columns[:, 3].copy(),
    )  # fmt: skip


def assert_same(one: Histories, other: Histories) -> None:
    assert one.users == other.users
    for name in ("indptr", "items", "types", "times_ms", "groups"):
        left, right = getattr(one, name), getattr(other, name)
        assert left.dtype == right.dtype, name
        assert left.tobytes() == right.tobytes(), name


dids = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.integers(0, 2), st.integers(0, 2), st.integers(-1, 1)),
    max_size=30,
)


@examples
@given(dids, dids)
def test_merged_histories_are_those_of_all_events(old: list[Did], new: list[Did]) -> None:
    assert_same(merge(histories_of(old), histories_of(new)), histories_of(old + new))


aliases = st.dictionaries(st.sampled_from(NAMES[:4]), st.sampled_from([*NAMES[4:], "new"]))


@examples
@given(dids, aliases)
def test_histories_under_other_names_are_those_of_the_renamed_events(events: list[Did], names: dict[str, str]) -> None:
    assert_same(
        under_names(histories_of(events), names),
        histories_of([(names.get(did[0], did[0]), *did[1:]) for did in events]),
    )


@examples
@given(dids, st.frozensets(st.sampled_from(NAMES)))
def test_histories_without_the_erased_are_those_of_the_others(events: list[Did], erased: frozenset[str]) -> None:
    digests = frozenset(shopper_digest(TENANT.bytes, user) for user in erased)
    assert_same(
        without(histories_of(events), TENANT, digests), histories_of([did for did in events if did[0] not in erased])
    )


def test_a_shopper_erased_by_one_tenant_stays_with_another() -> None:
    histories = histories_of([("ann", 0, 0, 0, 0)])
    assert_same(without(histories, UUID(int=2), frozenset({shopper_digest(TENANT.bytes, "ann")})), histories)


def test_nothing_merged_with_nothing_is_nothing() -> None:
    assert_same(merge(NO_HISTORIES, NO_HISTORIES), histories_of([]))


async def update(context: Context, tenant_id: UUID, kept: EventLog | None) -> EventLog:
    async with tenant_transaction(context.pool, tenant_id) as connection:
        through = await queries.events_watermark(connection, tenant_id)
    async with tenant_transaction(context.pool, tenant_id, snapshot=True) as connection:
        state = await queries.catalog_state(connection, tenant_id)
        return append(await read_new(connection, tenant_id, kept, through, state["next_number"]))


def some(draw: random.Random, count: int, users: int, days: int) -> list[Event]:
    """Events of many days ago and of today, some of products that come to the catalog later or never."""
    return [
        {
            "eventType": draw.choice([*EVENT_TYPES, "search"]),
            "userId": f"{draw.choice(NAMES)}{draw.randrange(users)}", "productId": f"p{draw.randrange(12)}",
            "sessionId": draw.choice([None, "s1", "s2"]), "timestamp": START_MS + draw.randrange(days) * 86_400_000,
            "metadata": draw.choice([None, {"orderId": f"o{draw.randrange(3)}"}]),
        }
        for _ in range(count)
    ]  # fmt: skip


async def test_a_log_brought_up_to_date_is_what_reading_everything_gives(context: Context, tenant: Tenant) -> None:
    draw, kept = random.Random(3), None
    await fill_catalog(context, tenant.id, [product(f"p{number}") for number in range(4)])

    async def check() -> None:
        nonlocal kept
        kept = await update(context, tenant.id, kept)
        assert_same(kept.histories, await read_histories(context, tenant.id, kept.through))
        logs_of(context).write(tenant.id, kept)
        kept = logs_of(context).read(tenant.id)

    await check()  # of nothing
    await send(context, tenant.id, some(draw, 80, users=3, days=20))
    await check()
    await send(context, tenant.id, some(draw, 40, users=9, days=40))  # new shoppers, and old times stored late
    await check()
    await fill_catalog(context, tenant.id, [product("p4"), product("p5")])  # their events are stored already
    await delete_item(context.pool, context.bus, tenant.id, "p1")
    await check()
    await send(context, tenant.id, some(draw, 40, users=5, days=2))
    await fill_catalog(context, tenant.id, [product("p1", category="Back"), product("p6")])
    await check()
    await check()  # nothing new
    gone = f"{NAMES[0]}0"
    assert gone in kept.histories.users
    await erase(context.pool, context.redis, context.bus, tenant.id, gone)
    await check()
    assert gone not in kept.histories.users
    await send(context, tenant.id, [{"eventType": "view", "userId": gone, "productId": "p0"}])  # the shopper is back
    await fill_catalog(context, tenant.id, [product("p7")])
    await check()
    assert len(kept.histories.items[kept.histories.owners == kept.histories.users.index(gone)]) == 1
    for _ in range(2):  # erased, back and erased again between two builds
        await erase(context.pool, context.redis, context.bus, tenant.id, gone)
        await send(context, tenant.id, [{"eventType": "purchase", "userId": gone, "productId": "p0"}] * 2)
    await check()
    assert kept.erasures == 3
    assert kept is not None
    assert kept.next_number == 8
    assert set(kept.histories.items.tolist()) == set(range(8))


async def test_only_what_is_new_is_read(context: Context, tenant: Tenant, database_url: str) -> None:
    await fill_catalog(context, tenant.id, [product("p1")])
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "p1"}])
    await build(context, tenant.id)
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await connection.execute("DELETE FROM events WHERE tenant_id = $1", tenant.id)
    await send(context, tenant.id, [{"eventType": "view", "userId": "bob", "productId": "p1"}])

    await build(context, tenant.id)

    assert (await service.status(context.pool, tenant.id))["users"] == 2, "ann is known from the log alone"


def published(context: Context, tenant: Tenant, version: str) -> dict[str, Any]:
    arrays, manifest = store_of(context).open(tenant.id, version)
    told = ("version", "builtAt", "throughMs", "buildSeconds", "seconds")
    return {name: array.tobytes() for name, array in arrays.items()} | {
        name: value for name, value in manifest.items() if name not in told
    }


async def test_a_model_from_the_log_is_the_one_from_scratch_to_the_last_bit(context: Context, tenant: Tenant) -> None:
    draw = random.Random(4)
    await fill_catalog(context, tenant.id, [product(f"p{number}", category="Things") for number in range(12)])
    for count in (200, 5):
        await send(context, tenant.id, some(draw, count, users=5, days=30))
        increment = await build(context, tenant.id)
    for erased, user, anonymous in (("Zoë1", "ann2", "b3"), ("李4", "newcomer", "Ann0"), ("ann2", "b1", "b2")):
        await add_alias(context.pool, context.redis, tenant.id, user, anonymous)
        await erase(context.pool, context.redis, context.bus, tenant.id, erased)
        await send(context, tenant.id, some(draw, 5, users=5, days=30))
        increment = await build(context, tenant.id)
    model = await context.models.get(tenant.id)
    assert model is not None
    assert len(model.history("newcomer").items)
    assert not any(len(model.history(user).items) for user in ("Ann0", "b2"))
    log_of(context, tenant).unlink()

    scratch = await build(context, tenant.id)

    assert published(context, tenant, increment) == published(context, tenant, scratch)


async def test_a_log_that_follows_erasures_which_the_database_has_lost_is_read_anew(
    context: Context, tenant: Tenant
) -> None:
    await fill_catalog(context, tenant.id, [product("p1")])
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "p1"}])
    await erase(context.pool, context.redis, context.bus, tenant.id, "bob")
    await build(context, tenant.id)
    await execute(context.settings.database_url, "DELETE FROM erasures WHERE tenant_id = $1", tenant.id)
    before = unusable("other_catalog")

    await build(context, tenant.id)

    assert unusable("other_catalog") == before + 1
    assert logs_of(context).read(tenant.id).erasures == 0


def log_of(context: Context, tenant: Tenant) -> Path:
    return context.settings.data_dir / "event-logs" / f"{tenant.id}.npz"


def unusable(reason: str) -> float:
    return EVENT_LOGS_UNUSABLE.labels(reason)._value.get()


def cut_short(path: Path, _: pytest.MonkeyPatch) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip_a_bit(path: Path, _: pytest.MonkeyPatch) -> None:
    """In the name of a shopper, where only a checksum tells."""
    whole = path.read_bytes()
    assert b"ann\0" in whole
    path.write_bytes(whole.replace(b"ann\0", b"bnn\0", 1))


def write_zeros(path: Path, _: pytest.MonkeyPatch) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def make_older(_: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "FORMAT", event_log.FORMAT + 1)


@pytest.mark.parametrize(("spoil", "reason"), [
    (lambda path, _: path.unlink(), "missing"), (cut_short, "damaged"), (flip_a_bit, "damaged"),
    (write_zeros, "damaged"), (make_older, "format"),
])  # fmt: skip
async def test_a_log_that_cannot_be_used_costs_a_full_read_that_is_counted(
    spoil: Any, reason: str, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_catalog(context, tenant.id, [product("p1")])
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "p1"}])
    await build(context, tenant.id)
    spoil(log_of(context, tenant), monkeypatch)
    before = unusable(reason)

    await build(context, tenant.id)

    assert unusable(reason) == before + 1
    assert logs_of(context).read(tenant.id).histories.users == ["ann"]


async def test_a_log_from_before_the_database_was_restored_is_read_anew(context: Context, tenant: Tenant) -> None:
    await fill_catalog(context, tenant.id, [product("p1"), product("p2")])
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "p2"}])
    await build(context, tenant.id)
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await connection.execute("UPDATE catalog_items SET number = number + 5 WHERE tenant_id = $1", tenant.id)
        await connection.execute("UPDATE catalog_state SET next_number = 7 WHERE tenant_id = $1", tenant.id)
    before = unusable("other_catalog")

    await build(context, tenant.id)

    assert unusable("other_catalog") == before + 1
    assert logs_of(context).read(tenant.id).histories.items.tolist() == [6]


async def test_a_log_that_cannot_be_written_does_not_stop_a_build(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    await build(context, tenant.id)
    kept = logs_of(context).read(tenant.id)
    monkeypatch.setattr(event_log.np, "savez", full)
    before = unusable("not_written")

    await build(context, tenant.id)

    assert (await service.status(context.pool, tenant.id))["status"] == "ready"
    assert unusable("not_written") == before + 1
    assert logs_of(context).read(tenant.id).through == kept.through, "the log before it stays"
    assert [path.name for path in log_of(context, tenant).parent.iterdir()] == [f"{tenant.id}.npz"]


def test_a_log_that_was_never_written_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LogUnusable) as raised:
        event_log.EventLogs(tmp_path).read(UUID(int=0))

    assert raised.value.reason == "missing"
