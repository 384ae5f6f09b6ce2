"""Prices as binary arithmetic leaves them, links as shops write them: what is harmless is taken, the rest is told."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.catalog.checking import read_item, read_patch
from recomengine.shop import MAX_PRICE, without_noise
from recomengine.web.problems import Invalid


def item(**fields: Any) -> Any:
    return read_item(msgspec.json.encode({"productId": "boot", "name": "Boot", **fields})).item


def refusal(**fields: Any) -> str:
    with pytest.raises(Invalid) as caught:
        item(**fields)
    return caught.value.detail


@pytest.mark.parametrize(
    ("price", "cents"),
    [(5.0600000000000005, "5.06"), (0.1 + 0.2, "0.30"), (19.989999771118164, "19.99"), (1234.5600000000002, "1234.56"),
     (99_999_999.99000001, "99999999.99"), (5, "5.00"), (0.010000000000000002, "0.01"), (-0.0, "0.00")],
)  # fmt: skip
def test_noise_of_arithmetic_is_taken_off_a_price(price: float, cents: str) -> None:
    assert str(item(price=price).price) == cents


@given(st.integers(0, 10**12), st.integers(-4, 4))
def test_a_double_beside_a_price_in_cents_is_that_price(cents: int, steps: int) -> None:
    price = Decimal(cents) / 100
    near = float(price)
    for _ in range(abs(steps)):
        near = float.fromhex(near.hex()) * (1 + 2.3e-16 * (1 if steps > 0 else -1))
    if near <= MAX_PRICE:
        assert without_noise(Decimal(repr(near))) == price


@pytest.mark.parametrize("price", [5.067, 5.0601, 0.001, 10_000.001, 9_999_999.999, 1.005])
def test_a_third_decimal_that_is_meant_is_told_with_its_value(price: float) -> None:
    assert refusal(price=price) == f"$.price: expected at most 2 decimal places, got {price}. Round it"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("//img.example/a.jpg", "https://img.example/a.jpg"),
        ("https://img.example/a b.jpg", "https://img.example/a%20b.jpg"),
        (" https://img.example/a.jpg ", "https://img.example/a.jpg"),
        ("https://img.example/ü%20b.jpg?size=1&u=https://b.example#ß",
         "https://img.example/%C3%BC%20b.jpg?size=1&u=https://b.example#%C3%9F"),
        ("https://bücher.example/ä", "https://bücher.example/%C3%A4"),
        ("http://img.example", "http://img.example"),
        ("/bilder/tür 1.jpg", "/bilder/t%C3%BCr%201.jpg"),
    ],
)  # fmt: skip
def test_a_link_is_stored_as_browsers_ask_for_it(given: str, stored: str) -> None:
    assert item(imageUrl=given).image_url == stored
    assert item(url=stored).url == stored


@pytest.mark.parametrize("link", ["img.example/a.jpg", "www.img.example", "a b", "data:image/png;base64,xx", "//a b/c"])
def test_what_is_no_link_is_told_what_one_looks_like(link: str) -> None:
    assert refusal(imageUrl=link) == (
        "$.imageUrl: expected a link of at most 2048 characters, such as https://shop.example/a.jpg or /a.jpg "
        f"or null, got '{link}'"
    )


@pytest.mark.parametrize("between", [", ", ",", " ", " | ", "; "])
def test_several_links_in_one_are_told(between: str) -> None:
    told = refusal(imageUrl=f"https://img.example/1.jpg{between}https://img.example/2.jpg")
    assert told.startswith("$.imageUrl: expected one link, got several, 'https://img.example/1.jpg")


def test_a_patch_names_the_members_that_it_takes() -> None:
    with pytest.raises(Invalid, match=r"expected only the members name, category, .* got 'colour'"):
        read_patch(b'{"colour":"red"}')
