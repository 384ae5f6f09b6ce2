"""Tenants, their keys and the audit log over HTTP."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.auth.service import admin_of_email
from recomengine.context import Context
from recomengine.settings import Settings
from recomengine.shop import RateLimits, TenantConfig
from recomengine.tenants.queries import purge_tenant, tenants_to_purge
from recomengine.tenants.service import PURGE_AFTER, create_tenant
from tests.support.apps import client_of, running
from tests.support.databases import execute, fetchval
from tests.support.people import Person
from tests.support.shops import until
from tests.support.signals import told

PATH = "/api/v1/tenants"


async def status_with(client: httpx.AsyncClient, key: str) -> int:
    return (await client.get("/api/v1/recommendations", headers={"Authorization": f"Bearer {key}"})).status_code


async def listens(app: Starlette) -> bool:
    context: Context = app.state.context
    return context.bus.connected


async def test_a_tenant_has_the_configuration_of_the_contract(ann: Person) -> None:
    made = (await ann.call("POST", PATH, {"name": "A shop"})).json()["data"]
    assert set(made) == {"id", "name", "status", "role", "config", "createdAt", "updatedAt"}
    assert (made["name"], made["status"], made["role"]) == ("A shop", "active", "owner")
    assert made["config"] == {
        "defaultStrategy": "auto", "allowedOrigins": [], "currency": "USD", "attributionWindowHours": 168,
        "rateLimits": {"readPerMinute": 1000, "writePerMinute": 500}, "excludePurchased": "auto", "diversity": 0.0,
        "timezone": "UTC",
    }  # fmt: skip
    assert (await ann.call("GET", PATH)).json()["data"] == [made]
    assert (await ann.call("GET", f"{PATH}/{made['id']}")).json()["data"] == made


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "x", "config": {"allowedOrigins": ["https://a\0"]}}, "$.config.allowedOrigins[0]"),
        ({"name": "x", "config": {"allowedOrigins": ["https://\u00fc.example"]}}, "$.config.allowedOrigins[0]"),
        ({}, "$"),
        ({"name": ""}, "$.name"),
        ({"name": "x" * 201}, "$.name"),
        ({"name": "x\n"}, "$.name"),
        ({"name": "x", "colour": 1}, "$"),
        ({"name": "x", "config": {"currency": "usd"}}, "$.config.currency"),
        ({"name": "x", "config": {"timezone": "Mars/Olympus"}}, "$.config.timezone"),
        ({"name": "x", "config": {"allowedOrigins": ["shop.example"]}}, "$.config.allowedOrigins[0]"),
        ({"name": "x", "config": {"allowedOrigins": ["https://a", "https://b/"]}}, "$.config.allowedOrigins[1]"),
    ],
)
async def test_what_is_no_tenant_is_refused(body: dict[str, Any], path: str, ann: Person) -> None:
    refused = await ann.call("POST", PATH, body)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path)


async def test_an_origin_that_no_browser_sends_is_refused_with_the_right_spelling(ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    one, wrong = f"{PATH}/{tenant_id}", ["https://Shop.example:443/"]
    for method, path, body, at in (
        ("POST", PATH, {"name": "x", "config": {"allowedOrigins": wrong}}, "$.config.allowedOrigins[0]"),
        ("PATCH", one, {"config": {"allowedOrigins": wrong}}, "$.config.allowedOrigins[0]"),
        ("PATCH", f"{one}/config", {"allowedOrigins": wrong}, "$.allowedOrigins[0]"),
        ("POST", f"{one}/api-keys", {"name": "k", "permissions": "publish", "origins": wrong}, "$.origins[0]"),
    ):
        refused = await ann.call(method, path, body)
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["path"]) == (422, at)
        assert error["message"].endswith("Write https://shop.example")


async def test_origins_that_were_stored_under_looser_rules_are_read_and_stay(ann: Person, settings: Settings) -> None:
    tenant_id, old = await ann.make_tenant(), ["https://Old.example/shop", "https://*.example"]
    store = "UPDATE tenants SET config = jsonb_set(config, '{allowedOrigins}', $2) WHERE id = $1"
    await execute(settings.database_url, store, UUID(tenant_id), json.dumps(old))
    assert await status_with(ann.client, (await ann.make_key(tenant_id))["key"]) == 200
    changed = await ann.call("PATCH", f"{PATH}/{tenant_id}/config", {"currency": "EUR"})
    assert (changed.status_code, changed.json()["data"]["config"]["allowedOrigins"]) == (200, old)


async def test_an_admin_sets_limits_up_to_the_operators_maximum(settings: Settings) -> None:
    async with (
        running(replace(settings, max_reads_per_minute=2000, max_writes_per_minute=600)) as app,
        client_of(app) as client,
    ):
        ann = Person(client)
        await ann.sign_up()
        tenant_id = await ann.make_tenant(rateLimits={"readPerMinute": 2000, "writePerMinute": 600})
        beyond = [
            ("readPerMinute", 2001, 2000),
            ("readPerMinute", 0, 2000),
            ("writePerMinute", 601, 600),
            ("writePerMinute", 0, 600),
        ]
        for name, limit, most in beyond:
            config = {"rateLimits": {name: limit}}
            for method, path, body, at in (
                ("POST", PATH, {"name": "x", "config": config}, "$.config"),
                ("PATCH", f"{PATH}/{tenant_id}", {"config": config}, "$.config"),
                ("PATCH", f"{PATH}/{tenant_id}/config", config, "$"),
            ):
                refused = await ann.call(method, path, body)
                assert refused.status_code == 422, (method, path)
                (error,) = refused.json()["errors"]
                assert error["path"] == f"{at}.rateLimits.{name}"
                assert f"expected 1 to {most}" in error["message"]
        kept = (await ann.call("GET", f"{PATH}/{tenant_id}")).json()["data"]["config"]["rateLimits"]
        assert kept == {"readPerMinute": 2000, "writePerMinute": 600}


async def test_limits_that_the_operator_set_beyond_the_maximum_stay_until_an_admin_changes_them(
    ann: Person, context: Context
) -> None:
    admin_id = (await admin_of_email(context.pool, ann.email)).id
    unlimited = TenantConfig(rate_limits=RateLimits(0, 0))
    tenant_id = (
        await create_tenant(context.pool, context.settings.api_key_hmac_secret, "A shop", unlimited, admin_id)
    ).tenant_id
    changed = await ann.call(
        "PATCH", f"{PATH}/{tenant_id}/config", {"currency": "EUR", "rateLimits": {"writePerMinute": 700}}
    )
    assert changed.json()["data"]["config"]["rateLimits"] == {"readPerMinute": 0, "writePerMinute": 700}
    refused = await ann.call("PATCH", f"{PATH}/{tenant_id}/config", {"rateLimits": {"writePerMinute": 0}})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.rateLimits.writePerMinute")


async def test_nobody_reaches_a_strangers_tenant(ann: Person, bob: Person) -> None:
    tenant_id = await ann.make_tenant()
    key = await ann.make_key(tenant_id)
    calls = [
        ("GET", "", None), ("PATCH", "", {"name": "Mine"}), ("DELETE", "", None), ("POST", "/activate", None),
        ("POST", "/suspend", None),
        ("PATCH", "/config", {"currency": "EUR"}), ("GET", "/api-keys", None),
        ("POST", "/api-keys", {"name": "k", "permissions": "read"}),
        ("DELETE", f"/api-keys/{key['id']}", None), ("POST", f"/api-keys/{key['id']}/rotate", {}),
    ]  # fmt: skip
    for method, path, body in calls:
        refused = await bob.call(method, f"{PATH}/{tenant_id}{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), path
    own = await bob.make_tenant()
    assert (await bob.call("DELETE", f"{PATH}/{own}/api-keys/{key['id']}")).status_code == 404
    assert [each["id"] for each in (await bob.call("GET", PATH)).json()["data"]] == [own]
    assert await status_with(ann.client, key["key"]) == 200
    assert all(line["tenantId"] != tenant_id for line in (await bob.call("GET", "/api/v1/audit-log")).json()["data"])


async def test_a_suspended_tenant_is_refused_everywhere_and_served_again_once_the_message_is_there(
    ann: Person, neighbour: Starlette
) -> None:
    tenant_id = await ann.make_tenant()
    key = (await ann.make_key(tenant_id))["key"]
    await until(lambda: listens(neighbour))
    async with client_of(neighbour) as other:
        for action, status in (("suspend", 403), ("activate", 200)):
            assert await status_with(other, key) != status
            message = told(neighbour.state.context.bus, "tenant")
            assert (await ann.call("POST", f"{PATH}/{tenant_id}/{action}")).status_code == 200
            await message.wait()
            assert await status_with(other, key) == status


async def test_a_changed_configuration_is_that_of_every_process_once_the_message_is_there(
    ann: Person, neighbour: Starlette
) -> None:
    tenant_id = await ann.make_tenant(rateLimits={"readPerMinute": 50})
    key = (await ann.make_key(tenant_id))["key"]
    async with client_of(neighbour) as other:

        async def limit() -> str:
            return (await other.get("/api/v1/recommendations", headers={"Authorization": f"Bearer {key}"})).headers[
                "ratelimit-limit"
            ]

        await until(lambda: listens(neighbour))
        assert await limit() == "50"
        message = told(neighbour.state.context.bus, "tenant")
        changed = (
            await ann.call(
                "PATCH", f"{PATH}/{tenant_id}/config", {"rateLimits": {"readPerMinute": 70}, "currency": "EUR"}
            )
        ).json()["data"]
        assert changed["config"]["rateLimits"] == {"readPerMinute": 70, "writePerMinute": 500}
        assert changed["config"]["currency"] == "EUR"

        await message.wait()
        assert await limit() == "70"


async def test_name_and_configuration_are_changed_together(ann: Person) -> None:
    tenant_id = await ann.make_tenant(currency="EUR")
    body = {"name": "Another", "config": {"timezone": "Europe/Berlin"}}
    changed = (await ann.call("PATCH", f"{PATH}/{tenant_id}", body)).json()["data"]
    assert (changed["name"], changed["config"]["timezone"], changed["config"]["currency"]) == (
        "Another",
        "Europe/Berlin",
        "EUR",
    )
    for path, wrong, at in (
        ("", {"config": {"currency": 1}}, "$.config.currency"),
        ("/config", {"timezone": "x"}, "$.timezone"),
    ):
        refused = await ann.call("PATCH", f"{PATH}/{tenant_id}{path}", wrong)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, at)


async def all_pages(person: Person, path: str) -> list[str]:
    found, cursor = [], ""
    while cursor is not None:
        page = (await person.call("GET", f"{path}?limit=2{f'&cursor={cursor}' if cursor else ''}")).json()
        assert len(page["data"]) <= 2
        found += [each["id"] for each in page["data"]]
        cursor = page["meta"]["nextCursor"]
    return found


async def test_lists_come_in_pages(ann: Person, bob: Person) -> None:
    tenants = [await ann.make_tenant() for _ in range(4)]
    keys = [(await ann.make_key(tenants[0]))["id"] for _ in range(3)]
    await bob.make_tenant()
    assert await all_pages(ann, PATH) == tenants
    assert await all_pages(ann, f"{PATH}/{tenants[0]}/api-keys") == keys[::-1]
    assert len(await all_pages(ann, "/api/v1/audit-log")) == 8
    of_one = (await ann.call("GET", f"/api/v1/audit-log?tenantId={tenants[0]}")).json()["data"]
    assert [line["action"] for line in of_one] == ["key.created"] * 3 + ["tenant.created"]
    assert (await bob.call("GET", f"/api/v1/audit-log?tenantId={tenants[0]}")).json()["data"] == []
    for path in (PATH, f"{PATH}/{tenants[0]}/api-keys", "/api/v1/audit-log"):
        for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "limit=1&limit=2", "page=1"):
            assert (await ann.call("GET", f"{path}?{query}")).status_code == 422, query


async def test_an_admin_has_a_model_built_and_sees_it(ann: Person, bob: Person) -> None:
    tenant_id = await ann.make_tenant()
    path = f"{PATH}/{tenant_id}/model"
    assert (await ann.call("GET", path)).json()["data"]["status"] == "none"
    assert (await ann.call("POST", f"{path}/refresh")).status_code == 202
    assert (await ann.call("GET", "/api/v1/audit-log?limit=1")).json()["data"][0]["action"] == "model.refreshed"
    for method, each in (("GET", path), ("POST", f"{path}/refresh")):
        assert (await bob.call(method, each)).status_code == 404
        assert (await bob.client.request(method, each, headers={"Authorization": "Bearer x"})).status_code == 401


async def test_a_wrong_configuration_changes_nothing(ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    for wrong in (
        {"currency": "euro"},
        {"timezone": "x"},
        {"unknown": 1},
        {"rateLimits": {"readPerMinute": -1}},
        {"diversity": 2},
    ):
        assert (await ann.call("PATCH", f"{PATH}/{tenant_id}/config", wrong)).status_code == 422
    assert (await ann.call("GET", f"{PATH}/{tenant_id}")).json()["data"]["config"]["currency"] == "USD"


async def test_a_deleted_tenant_is_gone_and_purged_a_month_later(ann: Person, context: Context) -> None:

    tenant_id = await ann.make_tenant()
    key = (await ann.make_key(tenant_id))["key"]
    await ann.client.post(
        "/api/v1/events",
        json={"eventType": "view", "userId": "u", "productId": "p"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (await ann.call("DELETE", f"{PATH}/{tenant_id}")).status_code == 204
    assert (await ann.call("GET", f"{PATH}/{tenant_id}")).status_code == 404
    assert (await ann.call("GET", PATH)).json()["data"] == []

    async def refused() -> bool:
        return await status_with(ann.client, key) == 401

    await until(refused)
    url = context.settings.database_url
    assert [str(each) for each in await tenants_to_purge(context.pool, datetime.now(UTC) - PURGE_AFTER)].count(
        tenant_id
    ) == 0
    await execute(url, "UPDATE tenants SET deleted_at = now() - interval '31 days' WHERE id = $1", tenant_id)
    due = await tenants_to_purge(context.pool, datetime.now(UTC) - PURGE_AFTER)
    assert tenant_id in [str(each) for each in due]
    await purge_tenant(context.pool, next(each for each in due if str(each) == tenant_id))
    for table in ("events", "api_keys", "catalog_state"):
        assert await fetchval(url, f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant_id) == 0
    assert await fetchval(url, "SELECT count(*) FROM tenants WHERE id = $1", tenant_id) == 0
    assert "tenant.deleted" in [line["action"] for line in (await ann.call("GET", "/api/v1/audit-log")).json()["data"]]


async def test_every_action_is_written_down_with_what_it_changed(ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    await ann.call("PATCH", f"{PATH}/{tenant_id}", {"name": "Another"})
    await ann.call("PATCH", f"{PATH}/{tenant_id}/config", {"currency": "EUR"})
    key = await ann.make_key(tenant_id)
    rotated = (await ann.call("POST", f"{PATH}/{tenant_id}/api-keys/{key['id']}/rotate", {})).json()["data"]
    await ann.call("DELETE", f"{PATH}/{tenant_id}/api-keys/{rotated['id']}")
    first = (await ann.call("GET", "/api/v1/audit-log?limit=4")).json()
    rest = (await ann.call("GET", f"/api/v1/audit-log?limit=4&cursor={first['meta']['nextCursor']}")).json()
    lines = first["data"] + rest["data"]
    assert [line["action"] for line in lines] == [
        "key.revoked", "key.rotated", "key.created", "tenant.configured", "tenant.renamed", "tenant.created",
        "account.signed_up",
    ]  # fmt: skip
    assert (lines[4]["before"], lines[4]["after"]) == ({"name": "A shop"}, {"name": "Another"})
    assert lines[3]["after"]["config"]["currency"] == "EUR"
    assert all(key["key"] not in str(line) and rotated["key"] not in str(line) for line in lines)


async def test_a_key_is_shown_once(ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    key = await ann.make_key(tenant_id, "publish", origins=["https://shop.example"])
    assert set(key) == {"id", "key", "prefix", "name", "permissions", "origins", "createdAt", "lastUsedAt"}
    assert key["key"].startswith(key["prefix"])
    listed = await ann.call("GET", f"{PATH}/{tenant_id}/api-keys")
    assert key["key"] not in listed.text
    (line,) = listed.json()["data"]
    assert (line["permissions"], line["origins"], line["lastUsedAt"], line["revokedAt"]) == (
        "publish",
        ["https://shop.example"],
        None,
        None,
    )


async def test_when_a_key_was_used_is_written_down_in_batches(ann: Person, context: Context) -> None:
    tenant_id = await ann.make_tenant()
    key = (await ann.make_key(tenant_id))["key"]
    for _ in range(3):
        assert await status_with(ann.client, key) == 200
    await context.guard._keys.note_used()  # type: ignore[attr-defined]
    (line,) = (await ann.call("GET", f"{PATH}/{tenant_id}/api-keys")).json()["data"]
    assert line["lastUsedAt"] is not None


async def test_a_rotated_key_works_beside_the_new_one_until_its_time_is_over(ann: Person, context: Context) -> None:
    tenant_id = await ann.make_tenant()
    old = await ann.make_key(tenant_id, "read")
    new = (await ann.call("POST", f"{PATH}/{tenant_id}/api-keys/{old['id']}/rotate", {"overlapHours": 1})).json()[
        "data"
    ]
    assert (new["permissions"], new["name"]) == ("read", old["name"])
    assert [await status_with(ann.client, each["key"]) for each in (old, new)] == [200, 200]
    at_once = (await ann.call("POST", f"{PATH}/{tenant_id}/api-keys/{new['id']}/rotate", {"overlapHours": 0})).json()[
        "data"
    ]

    async def over() -> bool:
        return await status_with(ann.client, new["key"]) == 401

    await until(over)
    assert [await status_with(ann.client, each["key"]) for each in (old, at_once)] == [200, 200]
    assert (await ann.call("POST", f"{PATH}/{tenant_id}/api-keys/{new['id']}/rotate", {})).status_code == 404


async def test_a_post_with_an_idempotency_key_makes_one_thing(ann: Person, bob: Person) -> None:
    one, other = [await ann.call("POST", PATH, {"name": "Once"}, **{"Idempotency-Key": "t1"}) for _ in range(2)]
    assert one.status_code == other.status_code == 201
    assert one.json() == other.json()
    assert len((await ann.call("GET", PATH)).json()["data"]) == 1
    changed = await ann.call("POST", PATH, {"name": "Twice"}, **{"Idempotency-Key": "t1"})
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency_key_reused")
    foreign = await ann.client.post(
        PATH, json={"name": "Once"}, headers=[*ann.bearer.items(), ("Idempotency-Key", "\u00fc".encode())]
    )
    assert (foreign.status_code, foreign.json()["errors"][0]["path"]) == (422, "Idempotency-Key")
    assert (await bob.call("POST", PATH, {"name": "Once"}, **{"Idempotency-Key": "t1"})).json()["data"][
        "id"
    ] != one.json()["data"]["id"]


async def test_a_repeated_key_request_shows_the_same_key(ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    body = {"name": "k", "permissions": "read"}
    one, other = [
        (await ann.call("POST", f"{PATH}/{tenant_id}/api-keys", body, **{"Idempotency-Key": "k1"})).json()["data"]
        for _ in range(2)
    ]
    assert one == other
    assert await status_with(ann.client, one["key"]) == 200
    assert len((await ann.call("GET", f"{PATH}/{tenant_id}/api-keys")).json()["data"]) == 1


async def test_nothing_of_this_works_without_signing_in_or_with_an_api_key(ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    key = (await ann.make_key(tenant_id))["key"]
    calls = [
        ("GET", ""), ("POST", ""), ("GET", f"/{tenant_id}"), ("PATCH", f"/{tenant_id}"),
        ("PATCH", f"/{tenant_id}/config"),
        ("DELETE", f"/{tenant_id}"), ("POST", f"/{tenant_id}/suspend"), ("GET", f"/{tenant_id}/api-keys"),
        ("POST", f"/{tenant_id}/api-keys"),
    ]  # fmt: skip
    for headers in ({}, {"Authorization": f"Bearer {key}"}):
        for method, path in calls:
            refused = await ann.client.request(method, f"{PATH}{path}", headers=headers)
            assert refused.status_code == 401, (method, path)
