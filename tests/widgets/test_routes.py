"""Widgets over HTTP: made, changed, deleted; what they may hold; whose they are."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from recomengine.widgets.service import MAX_WIDGETS
from tests.support.databases import execute
from tests.support.people import Person
from tests.widgets.shop import WIDGET, Shop, open_shop

DEFAULTS = {
    "layout": "grid", "columns": 4, "theme": {}, "maxItems": 8, "showPrice": True, "ctaText": "", "title": None,
    "strategy": None,
}  # fmt: skip


async def test_a_widget_is_as_it_was_made(shop: Shop) -> None:
    made = await shop.make()
    assert set(made) == {*WIDGET, "id", "createdAt", "updatedAt"}
    assert {name: made[name] for name in WIDGET} == WIDGET
    assert (await shop.person.call("GET", f"{shop.path}/{made['id']}")).json()["data"] == made
    assert (await shop.person.call("GET", shop.path)).json() == {"data": [made], "meta": {"nextCursor": None}}


async def test_what_is_left_out_is_as_by_default(shop: Shop) -> None:
    made = (await shop.person.call("POST", shop.path, {"placementId": "cart"})).json()["data"]
    assert {name: made[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ({"placementId": ""}, "$.placementId", "1 to 128 characters"),
        ({"layout": "masonry"}, "$.layout", "one of carousel, grid, list"),
        ({"columns": 0}, "$.columns", "(1 to 6)"), ({"columns": 7}, "$.columns", "(1 to 6)"),
        ({"maxItems": 101}, "$.maxItems", "(1 to 100)"), ({"strategy": "best"}, "$.strategy", "one of "),
        ({"title": ""}, "$.title", "1 to 200 characters"), ({"title": "a\nb"}, "$.title", "control character"),
        ({"ctaText": "x" * 61}, "$.ctaText", "at most 60 characters"),
        ({"theme": {"colour": "#fff"}}, "$.theme", "only the members primaryColor"),
        ({"theme": {"primaryColor": "red"}}, "$.theme.primaryColor", "a colour such as #0a7"),
        ({"theme": {"primaryColor": "#12345"}}, "$.theme.primaryColor", "a colour such as #0a7"),
        ({"theme": {"textColor": "#fff;}"}}, "$.theme.textColor", "a colour such as #0a7"),
        ({"theme": {"textColor": "#fff\n"}}, "$.theme.textColor", "a colour such as #0a7"),
        ({"theme": {"borderColor": "url(//evil.example)"}}, "$.theme.borderColor", "a colour such as #0a7"),
        ({"theme": {"backgroundColor": None}}, "$.theme.backgroundColor", "a colour such as #0a7"),
        ({"theme": {"borderRadius": 49}}, "$.theme.borderRadius", "(0 to 48)"),
        ({"theme": {"borderRadius": -1}}, "$.theme.borderRadius", "(0 to 48)"),
        ({"theme": {"gap": 65}}, "$.theme.gap", "(0 to 64)"),
        ({"theme": {"gap": "8px"}}, "$.theme.gap", "a whole number"),
        ({"theme": {"colorScheme": "sepia"}}, "$.theme.colorScheme", "one of "),
    ],
)  # fmt: skip
async def test_a_wrong_widget_is_refused_by_its_field_and_in_words(
    fields: dict[str, Any], path: str, expected: str, shop: Shop
) -> None:
    refused = await shop.person.call("POST", shop.path, WIDGET | fields)
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert error["path"] == path
    assert expected in error["message"]
    assert (await shop.person.call("GET", shop.path)).json()["data"] == []


@pytest.mark.parametrize(
    "family",
    [
        "a;color:red", "a}b", "url(x)", "Inter,,serif", "Inter,", "expression(1)", "3rd Font", "a\\62", "a/**/b",
        '"Inter', "'Inter'", '"a;b"', "var(--x)", "Inter\n", "x" * 201, "a  b", "--x", "é",
    ],
)  # fmt: skip
async def test_a_font_is_named_plainly_or_refused(family: str, shop: Shop) -> None:
    refused = await shop.person.call("POST", shop.path, WIDGET | {"theme": {"fontFamily": family}})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.theme.fontFamily"), refused.text
    assert "names of fonts" in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "theme",
    [
        {"fontFamily": 'Inter, "Source Sans 3",Helvetica Neue, -apple-system, sans-serif'}, {"primaryColor": "#0A7"},
        {"primaryColor": "#00aa77", "textColor": "#00aa77cc", "backgroundColor": "#fff", "borderColor": "#0000"[:4]},
        {"borderRadius": 48, "gap": 0, "colorScheme": "dark"}, {},
    ],
)  # fmt: skip
async def test_a_plain_theme_comes_back_as_it_was_sent(theme: dict[str, Any], shop: Shop) -> None:
    assert (await shop.make(theme=theme))["theme"] == theme
    assert (await shop.look()).json()["data"]["theme"] == theme


async def test_a_placement_has_one_widget(shop: Shop) -> None:
    first = await shop.make()
    other = await shop.make(placementId="cart")
    again = await shop.person.call("POST", shop.path, WIDGET)
    moved = await shop.person.call("PATCH", f"{shop.path}/{other['id']}", {"placementId": "home"})
    for refused in (again, moved):
        assert (refused.status_code, refused.json()["code"]) == (409, "placement_has_widget")
    assert (await shop.person.call("DELETE", f"{shop.path}/{first['id']}")).status_code == 204
    assert (await shop.change(other["id"], placementId="home"))["placementId"] == "home"


async def test_a_repeated_post_makes_one_widget(shop: Shop) -> None:
    one, other = [await shop.person.call("POST", shop.path, WIDGET, **{"Idempotency-Key": "w1"}) for _ in range(2)]
    assert one.status_code == other.status_code == 201
    assert one.json() == other.json()
    reused = await shop.person.call("POST", shop.path, WIDGET | {"columns": 2}, **{"Idempotency-Key": "w1"})
    assert reused.json()["code"] == "idempotency_key_reused"
    assert len((await shop.person.call("GET", shop.path)).json()["data"]) == 1


async def test_a_change_leaves_the_rest_and_replaces_a_theme(shop: Shop) -> None:
    made = await shop.make()
    changed = await shop.change(made["id"], columns=2, theme={"gap": 4}, title=None, strategy=None)
    assert changed == made | {
        "columns": 2, "theme": {"gap": 4}, "title": None, "strategy": None, "updatedAt": changed["updatedAt"],
    }  # fmt: skip
    assert changed["updatedAt"] > made["updatedAt"]
    refused = await shop.person.call("PATCH", f"{shop.path}/{made['id']}", {"theme": {"gap": 400}})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.theme.gap")
    assert (await shop.person.call("GET", f"{shop.path}/{made['id']}")).json()["data"] == changed


async def test_who_changed_what_is_in_the_audit_log(shop: Shop) -> None:
    made = await shop.make()
    await shop.change(made["id"], columns=2)
    await shop.person.call("DELETE", f"{shop.path}/{made['id']}")
    entries = (await shop.person.call("GET", f"/api/v1/audit-log?tenantId={shop.id}")).json()["data"]
    entries = [entry for entry in entries if entry["subject"] == made["id"]]
    assert [entry["action"] for entry in entries] == ["widget.deleted", "widget.changed", "widget.created"]
    assert entries[0]["before"]["columns"] == 2
    assert (entries[1]["before"], entries[1]["after"]) == ({"columns": 3}, {"columns": 2})
    assert entries[2]["after"] == WIDGET


async def test_lists_come_in_pages(shop: Shop) -> None:
    made = [(await shop.make(placementId=f"p{number}"))["id"] for number in range(5)]
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await shop.person.call("GET", f"{shop.path}?limit=2{f'&cursor={cursor}' if cursor else ''}")).json()
        found += [each["id"] for each in page["data"]]
        cursor = page["meta"]["nextCursor"]
    assert found == made[::-1]


async def test_a_tenant_has_so_many_widgets_and_no_more_also_at_once(shop: Shop, database_url: str) -> None:
    fill = "INSERT INTO widget_configs (tenant_id, placement_id) SELECT $1, 'p' || n FROM generate_series(1, $2) n"
    await execute(database_url, fill, shop.id, MAX_WIDGETS - 1)
    answers = await asyncio.gather(
        *(shop.person.call("POST", shop.path, {"placementId": f"q{number}"}) for number in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "too_many_widgets"
    assert str(MAX_WIDGETS) in refused.json()["detail"]


async def test_what_is_not_there_is_not_found(shop: Shop) -> None:
    for widget_id in (str(uuid4()), "x"):
        for method, body in (("GET", None), ("PATCH", {"columns": 2}), ("DELETE", None)):
            assert (await shop.person.call(method, f"{shop.path}/{widget_id}", body)).status_code == 404


async def test_a_widget_is_of_its_tenant_alone(shop: Shop, client: httpx.AsyncClient) -> None:
    made = await shop.make()
    stranger = await open_shop(client)
    for path in (f"{shop.path}/{made['id']}", f"{stranger.path}/{made['id']}"):
        assert (await stranger.person.call("GET", path)).status_code == 404
        assert (await stranger.person.call("PATCH", path, {"columns": 1})).status_code == 404
        assert (await stranger.person.call("DELETE", path)).status_code == 404
    assert (await stranger.look()).status_code == 404
    nobody = Person(client)
    assert (await nobody.call("GET", shop.path)).status_code == 401
    assert (await shop.person.client.post(shop.path, json=WIDGET, headers={"X-API-Key": shop.key})).status_code == 401
