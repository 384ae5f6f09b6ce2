"""The page that shows a widget before anybody sees it: the real SDK, lists of the shop, no key, and a strict policy."""

import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from recomengine.web.assets import bundle
from tests.support.apps import bearer
from tests.support.lists import SHOP, ids
from tests.support.shops import fill_catalog
from tests.widgets.shop import WIDGET, Shop, open_shop

AB = {"name": "Test", "controlStrategy": "collaborative", "variantStrategy": "collaborative", "metric": "ctr"}


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def script(page: httpx.Response) -> dict[str, str | None]:
    assert page.status_code == 200, page.text
    (found,) = Tags(page.text).all("script")
    return found


def placed(page: httpx.Response) -> dict[str, Any]:
    """The answer that the SDK finds in the page."""
    address = script(page)["data-api-url"] or ""
    start, end = "data:application/json;base64,", "#"
    assert address.startswith(start)
    assert address.endswith(end)
    (one,) = json.loads(b64decode(address[len(start) : -len(end)]))["data"]
    return dict(one)


async def unsaved(shop: Shop, query: str = "", **fields: Any) -> httpx.Response:
    return await shop.person.call("POST", f"{shop.path}/preview{query}", WIDGET | fields)


async def test_the_page_brings_the_sdk_and_all_that_it_shows(stocked: Shop) -> None:
    made = await stocked.make()
    page = await stocked.person.call("GET", f"{stocked.path}/{made['id']}/preview")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    sdk = bundle("sdk")["recomengine.js"]
    assert script(page)["src"] == f"/sdk/v1/{sdk.hashed('recomengine.js')}"
    assert script(page)["integrity"] == sdk.integrity
    assert (await stocked.person.client.get(script(page)["src"] or "")).status_code == 200
    assert [tag.get("data-recomengine-placement") for tag in Tags(page.text).all("div")] == ["home"]
    one = placed(page)
    assert one["widget"] == WIDGET | {"currency": "EUR"}
    assert (len(one["data"]), one["meta"]["requestedStrategy"]) == (4, "trending")
    alone = await stocked.recommend(strategy="trending", limit=4)
    assert one["data"] == alone["data"]


async def test_the_page_holds_no_key_and_lets_the_sdk_store_and_send_nothing(stocked: Shop) -> None:
    page = await unsaved(stocked)
    assert "rk_" not in page.text
    assert stocked.person.access not in page.text
    assert (script(page)["data-key"], script(page)["data-consent"]) == ("preview", "false")


async def test_its_policy_allows_one_script_and_no_request_also_where_its_headers_are_lost(stocked: Shop) -> None:
    first, second = await unsaved(stocked), await unsaved(stocked)
    policy = first.headers["content-security-policy"]
    nonces = [re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"]) for page in (first, second)]
    assert nonces[0] != nonces[1]
    assert nonces[0] == [script(first)["nonce"]]
    for part in ("default-src 'none'", "connect-src data:", "base-uri 'none'", "form-action 'none'",
                 "require-trusted-types-for 'script'", "frame-ancestors 'self'", "sandbox allow-scripts"):  # fmt: skip
        assert part in policy
    (meta,) = [tag for tag in Tags(first.text).all("meta") if tag.get("http-equiv")]
    assert meta["http-equiv"] == "Content-Security-Policy"
    assert policy.startswith(f"{meta['content']}; frame-ancestors")
    assert first.headers["x-frame-options"] == "SAMEORIGIN"
    assert first.headers["cache-control"] == "no-store"
    tags = Tags(first.text).found
    assert not [tag for tag, attributes in tags if tag == "style" or any(name.startswith("on") for name in attributes)]


async def test_what_is_shown_is_saved_by_nobody(stocked: Shop) -> None:
    one = placed(await unsaved(stocked, strategy="content_based", maxItems=2, title="Not yet"))
    assert (one["widget"]["title"], len(one["data"]), one["meta"]["requestedStrategy"]) == (
        "Not yet", 2, "content_based",
    )  # fmt: skip
    assert (await stocked.person.call("GET", stocked.path)).json()["data"] == []
    assert (await stocked.look()).status_code == 404


async def test_it_is_for_the_shopper_and_the_product_that_are_named(stocked: Shop) -> None:
    one = placed(await unsaved(stocked, "?userId=u1&productId=boot2", strategy="content_based"))
    alone = await stocked.recommend(strategy="content_based", limit=4, userId="u1", productId="boot2")
    assert ids(one) == ids(alone)
    made = await stocked.make(strategy="content_based")
    saved = await stocked.person.call("GET", f"{stocked.path}/{made['id']}/preview?userId=u1&productId=boot2")
    assert ids(placed(saved)) == ids(alone)


@pytest.mark.parametrize("query", ["?userId=%20", "?userId=", "?product=x", "?userId=a&userId=b"])
async def test_a_wrong_question_is_refused(query: str, shop: Shop) -> None:
    assert (await unsaved(shop, query)).status_code == 422


async def test_no_experiment_takes_part(stocked: Shop) -> None:
    path = f"/api/v1/tenants/{stocked.id}/experiments"
    made = (await stocked.person.call("POST", path, AB | {"placementId": "home"})).json()["data"]["id"]
    await stocked.person.call("POST", f"{path}/{made}/start")
    meta = placed(await unsaved(stocked, "?userId=u1"))["meta"]
    assert (meta["experimentId"], meta["requestedStrategy"]) == (None, "trending")


async def test_names_are_text_in_the_page(stocked: Shop) -> None:
    name = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    page = await unsaved(stocked, placementId=name, title="</script><b>")
    assert [tag.get("data-recomengine-placement") for tag in Tags(page.text).all("div")] == [name]
    assert len(Tags(page.text).all("script")) == 1
    assert not Tags(page.text).all("img") + Tags(page.text).all("b")
    assert placed(page)["widget"]["title"] == "</script><b>"


async def test_an_empty_list_says_so(shop: Shop, context: Context) -> None:
    page = await unsaved(shop)
    assert "no products to show" in page.text
    assert placed(page)["data"] == []
    await fill_catalog(context, UUID(shop.id), SHOP)
    assert "no products" not in (await unsaved(shop)).text


async def test_only_the_owners_admins_may_see_it(shop: Shop, client: httpx.AsyncClient) -> None:
    made = await shop.make()
    stranger = await open_shop(client)
    saved = f"{shop.path}/{made['id']}/preview"
    assert (await stranger.person.call("GET", saved)).status_code == 404
    assert (await stranger.person.call("GET", f"{stranger.path}/{made['id']}/preview")).status_code == 404
    assert (await stranger.person.call("POST", f"{shop.path}/preview", WIDGET)).status_code == 404
    for key in (shop.key, shop.publish):
        assert (await client.get(saved, headers=bearer(key))).status_code == 401
    assert (await client.get(saved)).status_code == 401
