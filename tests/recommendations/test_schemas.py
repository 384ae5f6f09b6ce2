"""What a recommendation request may say, in a query string and in a body."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.recommendations.schemas import Query, least_cents, most_cents, parse_query
from recomengine.web.problems import Invalid, MalformedBody


def test_everything_can_be_said_in_a_query_string_as_in_a_body() -> None:
    said = parse_query(
        b"userId=ann%20b&sessionId=s&placementId=home&productId=p1&productId=p%2F2&strategy=trending&limit=100&category=Shoes+%3E+Boots"
        b"&minPrice=1.50&maxPrice=20&exclude=x&exclude=y&context=cart&excludePurchased=true"
    )
    body = {
        "userId": "ann b", "sessionId": "s", "placementId": "home", "productId": ["p1", "p/2"], "strategy": "trending",
        "limit": 100, "category": "Shoes > Boots", "minPrice": 1.50, "maxPrice": 20, "exclude": ["x", "y"],
        "context": "cart", "excludePurchased": True,
    }  # fmt: skip
    assert said == msgspec.json.decode(msgspec.json.encode(body), type=Query)


def test_blanks_around_ids_are_cut_off() -> None:
    said = parse_query(b"userId=+ann+&sessionId=s%C2%A0&productId=+p1&productId=p2+&exclude=+x")
    assert (said.user_id, said.session_id, said.products, said.excluded) == ("ann", "s", ["p1", "p2"], ["x"])
    with pytest.raises(Invalid, match="userId"):
        parse_query(b"userId=++")


def test_nothing_said_is_the_home_page_of_nobody() -> None:
    query = parse_query(b"")
    assert (query.limit, query.page, query.products, query.excluded, query.exclude_purchased) == (
        8,
        "home",
        [],
        [],
        None,
    )


@pytest.mark.parametrize(
    ("fields", "page"),
    [(b"productId=p", "product"), (b"productId=p&context=cart", "cart"), (b"context=product", "product")],
)
def test_the_page_is_inferred_from_the_products_unless_it_is_said(fields: bytes, page: str) -> None:
    assert parse_query(fields).page == page


def test_one_product_may_stand_alone_in_a_body() -> None:
    query = msgspec.json.decode(b'{"productId":"p","exclude":"q"}', type=Query)
    assert (query.products, query.excluded) == (["p"], ["q"])


BAD: list[tuple[bytes, str]] = [
    (b"limit=0", "$.limit"), (b"limit=101", "$.limit"), (b"limit=8.5", "$.limit"), (b"limit=x", "$.limit"),
    (b"limit=", "$.limit"),
    (b"limit=1&limit=2", "$.limit"), (b"userId=", "$.userId"), (b"userId=a%00", "$.userId"),
    (b"userId=a%0A", "$.userId"),
    (b"userId=" + b"x" * 129, "$.userId"), (b"userId=a&userId=b", "$.userId"), (b"strategy=best", "$.strategy"),
    (b"context=shop", "$.context"),
    (b"minPrice=-1", "$.minPrice"), (b"minPrice=NaN", "$.minPrice"), (b"maxPrice=Infinity", "$.maxPrice"),
    (b"maxPrice=1e400", "$.maxPrice"),
    (b"minPrice=sNaN", "$.minPrice"), (b"maxPrice=", "$.maxPrice"), (b"excludePurchased=maybe", "$.excludePurchased"),
    (b"category=", "$.category"),
    (b"&".join([b"exclude=x"] * 101), "$.exclude"), (b"productId=", "$.productId[0]"), (b"user_id=ann", "$"),
    (b"=", "$"),
    (b"strategy=null", "$.strategy"), (b"maxPrice=NULL", "$.maxPrice"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path"), BAD)
def test_a_bad_field_is_named(text: bytes, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_query(text)
    assert caught.value.errors[0].path == path


@pytest.mark.parametrize("text", [b"userId=%ff", b"userId=\xff", "userId=ü".encode(), b"userId=%ed%a0%80"])
def test_what_is_not_percent_encoded_utf8_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse_query(text)


@pytest.mark.parametrize("price", ['"12"', "-1", "1e10", "true"])
def test_a_price_limit_in_a_body_is_a_number_in_range(price: str) -> None:
    for name in ("minPrice", "maxPrice"):
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.json.decode(f'{{"{name}": {price}}}', type=Query)


@given(st.binary(max_size=40))
def test_any_query_string_is_parsed_or_refused(text: bytes) -> None:
    with contextlib.suppress(Invalid, MalformedBody):
        parse_query(text)


@pytest.mark.parametrize(
    ("price", "least", "most"),
    [(None, -1, -1), ("10", 1000, 1000), ("10.005", 1001, 1000), ("0", 0, 0), ("1e-9", 1, 0)],
)
def test_price_limits_keep_to_whole_cents_within(price: str | None, least: int, most: int) -> None:
    limit = None if price is None else float(price)
    assert (least_cents(limit), most_cents(limit)) == (least, most)
