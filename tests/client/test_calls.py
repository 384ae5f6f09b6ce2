"""Each call against a server process, by both clients."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from recomengine_client import (
    ApiError,
    AsyncClient,
    Client,
    Conflict,
    Event,
    Forbidden,
    Invalid,
    NotFound,
    NotReached,
    Patience,
    Product,
    ProductPatch,
    Query,
    TooLarge,
    Unauthorized,
    UnexpectedAnswer,
    __version__,
    calls,
)
from recomengine_client.call import Call
from tests.support.apps import MakeTenant, Tenant
from tests.support.processes import free_port

Send = Callable[[Call[Any]], Awaitable[Any]]
BOOTS = Product(product_id="boots", name="Leather boots", category="Shoes > Boots", price=Decimal("149.90"))
SOCKS = Product(product_id="socks", name="Wool socks", category="Shoes > Socks", price=Decimal("18.50"))


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest, sync: Client, awaiting: AsyncClient) -> Send:
    """Sends a call by one of the clients."""

    async def in_thread(call: Call[Any]) -> Any:
        return await asyncio.to_thread(sync.send, call)

    return in_thread if request.param == "sync" else awaiting.send


async def test_a_product_is_put_read_changed_and_deleted(send: Send) -> None:
    made = await send(calls.put_product(BOOTS))
    assert (made.product_id, made.price, made.categories) == ("boots", Decimal("149.90"), ["Shoes > Boots"])
    changed = await send(calls.patch_product("boots", ProductPatch(price=Decimal("99.95"), category=None)))
    assert (changed.price, changed.category, changed.name) == (Decimal("99.95"), None, "Leather boots")
    assert await send(calls.get_product("boots")) == changed
    await send(calls.delete_product("boots"))
    with pytest.raises(NotFound):
        await send(calls.get_product("boots"))


@pytest.mark.parametrize("product_id", ["a/b", "50% off?", "ä#é", "..", "a b", "x/aliases", "+"])
async def test_an_id_may_have_any_characters(sync: Client, product_id: str) -> None:
    made = sync.put_product(Product(product_id=product_id, name="One"))
    assert made.product_id == product_id
    assert sync.get_product(product_id) == made


async def test_products_of_a_batch_have_a_result_each(send: Send) -> None:
    bad = Product(product_id="bad", name="")
    answer = await send(calls.put_products([BOOTS, bad, SOCKS]))
    assert (answer.accepted, answer.rejected) == (2, 1)
    assert [result.status for result in answer.results] == ["created", "rejected", "created"]
    assert answer.results[1].error.path == "$.name"


async def test_an_event_without_a_moment_is_stored_once_however_often_its_call_is_sent(send: Send) -> None:
    call = calls.send_event(Event("view", "ann", "boots"))
    first, second = await send(call), await send(call)
    assert (first.status, second.status) == ("accepted", "duplicate")
    assert first.event_id == second.event_id
    assert (await send(calls.send_event(Event("view", "ann", "boots")))).status == "accepted"


@pytest.mark.parametrize("event", [
    Event("view", "ann", "boots", timestamp=datetime.now(UTC) - timedelta(hours=1)),
    Event("view", "ann", "boots", event_id="mine"),
    Event("purchase", "ann", "boots", metadata={"orderId": "o-1", "price": 149.9}),
])  # fmt: skip
async def test_an_event_that_has_an_identity_keeps_it_when_a_program_sends_it_anew(send: Send, event: Event) -> None:
    assert (await send(calls.send_event(event))).status == "accepted"
    assert (await send(calls.send_event(event))).status == "duplicate"


async def test_events_of_a_batch_have_a_result_each(send: Send) -> None:
    good, bad = Event("view", "ann", "boots", timestamp=datetime.now(UTC)), Event("view", "ann")
    answer = await send(calls.send_events([good, bad, good]))
    assert [result.status for result in answer.results] == ["accepted", "rejected", "duplicate"]
    assert answer.results[1].error.path == "$.productId"


def test_each_attempt_of_a_batch_says_who_sends_it_and_when() -> None:
    content = calls.send_events([Event("view", "ann", "boots")]).content
    assert content is not None
    moments = [time.time_ns() // 1_000_000]
    for _ in range(2):
        body = msgspec.json.decode(b"".join([content()]))
        assert body["client"] == {"name": "python", "version": __version__}
        moments += [body["sentAt"], time.time_ns() // 1_000_000]
    assert moments == sorted(moments)


async def test_recommendations_come_as_typed_lines(send: Send, sync: Client) -> None:
    sync.put_products([BOOTS, SOCKS])
    answer = await send(calls.recommend(Query(user_id="ann", limit=1, max_price=20.0)))
    assert [(line.product_id, line.price) for line in answer.data] == [("socks", Decimal("18.50"))]
    assert (answer.meta.requested_strategy, answer.meta.fallback) == ("auto", True)
    lists = await send(calls.recommend_batch([Query(limit=1), Query(exclude="socks")]))
    assert [[line.product_id for line in each.data][-1:] for each in lists][1] == ["boots"]


async def test_files_and_bytes_are_imported(send: Send, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("Code;Title;Amount\nboots;Leather boots;149,90\nsocks;;18,50\n", encoding="utf-8")
    columns = {"Code": "productId", "Title": "name", "Amount": "price"}
    done = await send(calls.import_catalog(file, map=columns, separator=";"))
    assert (done.created, done.rejected, done.columns.used) == (1, 1, columns)
    lines = b'{"eventType": "view", "userId": "ann", "productId": "boots", "timestamp": 1767225600000}\n'
    for accepted, duplicates in ((1, 0), (0, 1)):
        done = await send(calls.import_events(lines, media="application/x-ndjson"))
        assert (done.accepted, done.duplicates) == (accepted, duplicates)
    done = await send(calls.import_events(iter([lines[:20], lines[20:]]), media="application/x-ndjson"))
    assert done.duplicates == 1


def test_an_import_of_unknown_kind_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Say media"):
        calls.import_events(tmp_path / "events")


async def test_a_file_that_replaces_the_catalog_takes_away_what_it_lacks(send: Send, sync: Client) -> None:
    sync.put_products([BOOTS, SOCKS])
    only = b'{"productId": "boots", "name": "Leather boots"}'
    with pytest.raises(Conflict) as refused:
        await send(calls.import_catalog(only, media="application/x-ndjson", replace=True))
    assert refused.value.code == "replace_refused"
    done = await send(calls.import_catalog(only, media="application/x-ndjson", replace=True, force=True))
    assert done.removed == 1


async def test_a_shopper_is_described_joined_given_out_and_erased(send: Send) -> None:
    await send(calls.send_event(Event("view", "anon/1", "boots")))
    said = await send(calls.put_properties("ann", {"plan": "gold", "vip": True}))
    assert said.properties == {"plan": "gold", "vip": True}
    assert (await send(calls.add_alias("ann", "anon/1"))).aliases == ["anon/1"]
    page = await send(calls.get_user("ann"))
    assert (page.data.aliases, [event.product_id for event in page.data.events]) == (["anon/1"], ["boots"])
    assert page.meta.next_cursor is None
    await send(calls.undo_alias("ann", "anon/1"))
    assert (await send(calls.delete_user("ann"))).user_id == "ann"
    with pytest.raises(NotFound):
        await send(calls.get_user("ann"))


async def test_a_model_is_asked_for_and_its_state_told(send: Send, tenant: Tenant) -> None:
    assert (await send(calls.get_model(str(tenant.id)))).status == "none"
    assert not (await send(calls.refresh_model(str(tenant.id)))).already_queued
    assert (await send(calls.refresh_model(str(tenant.id)))).already_queued


async def test_a_refusal_has_the_servers_words_code_and_request_id(send: Send) -> None:
    with pytest.raises(Invalid) as refused:
        await send(calls.recommend(Query(limit=1000)))
    error = refused.value
    assert (error.status, error.code, error.errors[0].path) == (422, "invalid", "$.limit")
    assert error.detail.startswith("$.limit: ")
    assert error.request_id


async def test_a_wrong_key_a_weak_key_and_a_strangers_tenant_are_told_apart(
    other_process: str, tenant: Tenant, make_tenant: MakeTenant
) -> None:
    with Client(other_process, "rk_live_nobody") as stranger, pytest.raises(Unauthorized):
        stranger.recommend(Query())
    with Client(other_process, tenant.read) as reader, pytest.raises(Forbidden) as refused:
        reader.put_product(BOOTS)
    assert refused.value.code == "insufficient_permission"
    other = await make_tenant()
    with Client(other_process, tenant.read_write) as client, pytest.raises(ApiError):
        client.get_model(str(other.id))


def test_a_body_that_is_too_large_says_so(sync: Client) -> None:
    with pytest.raises(TooLarge):
        sync.send_event(Event("view", "ann", "boots", metadata={"text": "x" * 100_000}))


def test_nobody_there_is_told_after_the_attempts_that_patience_allows() -> None:
    patience = Patience(attempts=3, first_wait_s=0.001)
    client = Client(f"http://127.0.0.1:{free_port()}", "rk_live_x", patience=patience)
    with client, pytest.raises(NotReached, match="after 3 attempts") as failed:
        client.recommend(Query())
    assert isinstance(failed.value.__cause__, httpx.ConnectError)


def test_what_answers_and_is_not_recomengine_is_told(other_process: str, tenant: Tenant) -> None:
    call = Call(method="GET", path=f"{other_process}/docs", read=calls.get_product("x").read)
    client = Client(other_process, tenant.read_write)
    with client, pytest.raises(UnexpectedAnswer, match="text/html"):
        client.send(call)


@pytest.mark.parametrize("url", ["localhost:5008", "ftp://shop.example", "", "http://"])
def test_a_url_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="server's URL"):
        Client(url, "rk_live_x")


@pytest.mark.parametrize("key", ["", " ", "rk_live_\n", "rk_live_ä"])
def test_a_key_that_is_none_is_refused_at_once_and_not_shown(key: str) -> None:
    with pytest.raises(ValueError, match="Expected an API key") as refused:
        Client("http://127.0.0.1:1", key)
    assert "rk_live" not in str(refused.value).replace("rk_live_…", "")


def test_both_clients_have_every_call_with_its_signature() -> None:
    names = [
        name for name, made in vars(calls).items()
        if inspect.isfunction(made) and made.__module__ == calls.__name__ and not name.startswith("_")
    ]  # fmt: skip
    for name in set(names) - {"identified", "send_encoded"}:
        parameters = [*inspect.signature(getattr(calls, name)).parameters]
        for client in (Client, AsyncClient):
            assert [*inspect.signature(getattr(client, name)).parameters] == ["self", *parameters], name
