"""The tag for a shop's pages: with a key that works, and the hash of what is served."""

from base64 import b64encode
from hashlib import sha384
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.support.people import Person

ORIGIN = "https://shop.example"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def attributes(html: str) -> dict[str, str | None]:
    tags = Tags()
    tags.feed(html)
    [(tag, found)] = tags.found
    assert tag == "script"
    return found


async def snippet(person: Person, tenant_id: str) -> dict[str, Any]:
    answer = await person.call("GET", f"/api/v1/tenants/{tenant_id}/snippet")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    made: dict[str, Any] = answer.json()["data"]
    return made


async def asked_for(client: httpx.AsyncClient, key: str, origin: str = ORIGIN) -> int:
    return (await client.get("/api/v1/recommendations", params={"key": key}, headers={"Origin": origin})).status_code


async def test_the_tag_loads_what_its_integrity_says_for_a_year(client: httpx.AsyncClient, ann: Person) -> None:
    made = await snippet(ann, await ann.make_tenant())
    tag = attributes(made["html"])

    served = await client.get(httpx.URL(str(tag["src"])).path)
    assert tag["integrity"] == "sha384-" + b64encode(sha384(served.content).digest()).decode()
    assert (tag["crossorigin"], tag["data-key"], "async" in tag) == ("anonymous", made["key"], True)
    assert served.headers["cache-control"].endswith("immutable")


async def test_the_tag_of_the_latest_version_has_no_integrity_that_an_upgrade_would_break(
    client: httpx.AsyncClient, ann: Person
) -> None:
    tag = attributes((await snippet(ann, await ann.make_tenant()))["latest"])

    assert "integrity" not in tag
    assert (await client.get(httpx.URL(str(tag["src"])).path)).headers["cache-control"] == "public, max-age=300"


async def test_its_key_works_on_the_shops_pages_alone_and_is_the_same_each_time(
    client: httpx.AsyncClient, ann: Person
) -> None:
    tenant_id = await ann.make_tenant(allowedOrigins=[ORIGIN])
    key = (await snippet(ann, tenant_id))["key"]

    assert (await snippet(ann, tenant_id))["key"] == key
    assert await asked_for(client, key) == 200
    assert await asked_for(client, key, "https://elsewhere.example") == 403
    keys = (await ann.call("GET", f"/api/v1/tenants/{tenant_id}/api-keys")).json()["data"]
    assert [(one["name"], one["permissions"]) for one in keys] == [("Snippet", "publish")]
    logged = (await ann.call("GET", f"/api/v1/audit-log?tenantId={tenant_id}")).json()["data"]
    assert [line["action"] for line in logged].count("key.created") == 1


async def test_after_its_key_was_revoked_the_tag_has_a_new_one(client: httpx.AsyncClient, ann: Person) -> None:
    tenant_id = await ann.make_tenant(allowedOrigins=[ORIGIN])
    old = (await snippet(ann, tenant_id))["key"]
    [made] = (await ann.call("GET", f"/api/v1/tenants/{tenant_id}/api-keys")).json()["data"]
    assert (await ann.call("DELETE", f"/api/v1/tenants/{tenant_id}/api-keys/{made['id']}")).status_code == 204

    new = (await snippet(ann, tenant_id))["key"]

    assert new != old
    assert (await asked_for(client, old), await asked_for(client, new)) == (401, 200)


async def test_shops_have_keys_of_their_own_and_strangers_get_none(ann: Person, bob: Person) -> None:
    mine, theirs = await ann.make_tenant(), await bob.make_tenant()

    assert (await snippet(ann, mine))["key"] != (await snippet(bob, theirs))["key"]
    assert (await ann.call("GET", f"/api/v1/tenants/{theirs}/snippet")).status_code == 404
