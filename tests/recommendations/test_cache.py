"""Cached lists: keys that tell requests apart, and values that are good only for what they were made from."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.recommendations.cache import Cached, cache_key, decode_cached, encode_cached, ttl_s
from recomengine.recommendations.lines import Said, as_lines
from recomengine.recommendations.schemas import Evidence, Query
from recomengine.shop import TenantConfig
from recomengine.web.caller import Caller

TENANT = UUID(int=1)


def caller(tenant: UUID = TENANT) -> Caller:
    return Caller(tenant, uuid4(), "rk_live_x", "read", (), "active", TenantConfig(), str(tenant))


def query(**fields: Any) -> Query:
    return msgspec.convert(fields, Query)


def key(**fields: Any) -> str:
    return cache_key(caller(), query(**fields))


def test_keys_are_those_of_the_architecture() -> None:
    tenant = "{" + str(TENANT) + "}"
    assert key(userId="ann") == f"reco:{tenant}:ann:auto"
    assert key(userId="ann", strategy="trending") == f"reco:{tenant}:ann:trending"
    assert key(strategy="trending") == f"reco:trending:{tenant}"
    assert key(strategy="frequently_bought_together", productId=["p"]) == f"reco:fbt:{tenant}:p"


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"userId": "ann"}, 300),
        ({"userId": "ann", "strategy": "trending"}, 300),
        ({"strategy": "trending"}, 900),
        ({"strategy": "frequently_bought_together", "productId": ["p"]}, 1800),
    ],
)
def test_lifetimes_are_those_of_the_architecture(fields: dict[str, Any], seconds: int) -> None:
    assert ttl_s(caller(), query(**fields)) == seconds


ids = st.sampled_from(["a", "b", "a:auto", "recent"])
queries = st.fixed_dictionaries(
    {},
    optional={
        "userId": ids, "sessionId": ids, "productId": st.lists(ids, max_size=2), "exclude": st.lists(ids, max_size=2),
        "limit": st.integers(1, 3), "strategy": st.sampled_from(["auto", "trending", "frequently_bought_together"]),
        "category": ids, "minPrice": st.integers(0, 1), "maxPrice": st.integers(0, 1),
        "context": st.sampled_from(["home", "cart"]), "excludePurchased": st.booleans(),
    },
)  # fmt: skip


@given(queries, queries)
def test_requests_that_can_have_different_answers_have_different_keys(one: dict[str, Any], two: dict[str, Any]) -> None:
    def meaning(fields: dict[str, Any]) -> Query:
        return msgspec.structs.replace(query(**fields), strategy=fields.get("strategy", "auto"))

    assert (key(**one) == key(**two)) == (meaning(one) == meaning(two))


def test_what_makes_no_difference_makes_no_key_of_its_own() -> None:
    assert key(userId="ann", placementId="home", key="rk_pub_x") == key(userId="ann")


def test_tenants_do_not_share_keys() -> None:
    assert cache_key(caller(uuid4()), query(userId="ann")) != cache_key(caller(uuid4()), query(userId="ann"))


def test_a_value_is_good_for_its_stamp_only() -> None:
    said = Said(0.5, "Trending now", Evidence("trending", ("clog",), 3))
    value = Cached("v1|7|", "auto", False, as_lines(["boot"], [said]))
    assert decode_cached(encode_cached(value), "v1|7|") == value
    assert decode_cached(encode_cached(value), "v1|8|") is None
    assert decode_cached(None, "v1|7|") is None


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff", b"[1]", b'{"stamp": "s"}'])
def test_a_value_of_another_version_of_the_program_is_none(value: bytes) -> None:
    assert decode_cached(value, "s") is None
