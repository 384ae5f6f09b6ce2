"""The CSS that keeps widgets' places over HTTP; what it does is shown in tests/browser/test_places.py."""

import httpx

from tests.support.people import Person
from tests.widgets.shop import Shop


async def test_it_has_the_places_of_all_widgets_and_of_one_by_default(shop: Shop) -> None:
    usual = (await shop.person.call("GET", f"{shop.path}/styles")).text
    await shop.make(placementId="home", layout="list")
    await shop.make(placementId="cart", layout="carousel")

    answer = await shop.person.call("GET", f"{shop.path}/styles")

    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.text.startswith(usual)
    assert [name in answer.text for name in ('"home"', '"cart"', '"other"')] == [True, True, False]


async def test_a_placements_name_stays_a_name(shop: Shop) -> None:
    await shop.make(placementId='a"]{}</style>\\')

    text = (await shop.person.call("GET", f"{shop.path}/styles")).text

    assert '="a\\22 ]{}\\3c /style>\\5c "]' in text
    assert "</style>" not in text


async def test_strangers_get_none(shop: Shop, client: httpx.AsyncClient) -> None:
    stranger = Person(client)
    await stranger.sign_up()

    assert (await stranger.call("GET", f"{shop.path}/styles")).status_code == 404
