"""The table of event types, and all that is told by it: PostgreSQL's check, models, trails, feeds, live counters, the
API.
"""

import re
from typing import get_args

from recomengine.app import all_routes
from recomengine.events.counters import NAMES
from recomengine.models.histories import CODE_OF_TYPE, EVENT_TYPES, TYPE_WEIGHTS
from recomengine.shop import EVENT_TRAITS, EventType
from recomengine.web.openapi import document
from tests.support.databases import fetchval

CHECK = """
SELECT pg_get_constraintdef(oid)
FROM pg_constraint WHERE conname = 'events_event_type_known' AND conrelid = 'events'::regclass
"""
CODES = {
    "impression": 0, "click": 1, "view": 2, "add_to_cart": 3, "remove_from_cart": 4, "wishlist": 5, "purchase": 6,
    "return": 7, "dislike": 8,
}  # fmt: skip
"""As they lie in logs of events and in models."""


def test_every_type_has_its_traits() -> None:
    assert tuple(EVENT_TRAITS) == get_args(EventType)


async def test_postgresql_takes_the_same_types(database_url: str) -> None:
    assert set(re.findall(r"'(\w+)'", await fetchval(database_url, CHECK))) == set(EVENT_TRAITS)


def test_codes_that_lie_in_logs_and_models_stay() -> None:
    assert {name: CODE_OF_TYPE[name] for name in CODES} == CODES
    assert sorted(CODE_OF_TYPE.values()) == list(range(len(CODE_OF_TYPE)))


def test_a_types_code_is_its_position_among_those_of_products() -> None:
    assert [CODE_OF_TYPE[name] for name in EVENT_TYPES] == list(range(len(EVENT_TYPES)))
    assert {name: float(weight) for name, weight in zip(EVENT_TYPES, TYPE_WEIGHTS, strict=True)} == {
        name: traits.weight for name, traits in EVENT_TRAITS.items() if traits.code is not None
    }


def test_what_counts_at_once_is_seen_and_says_something() -> None:
    for name, traits in EVENT_TRAITS.items():
        assert traits.live <= traits.seen, name
        assert traits.live == (traits.weight > 0), name
        assert traits.bought <= traits.live, name
        assert traits.seen <= (traits.code is not None), name


def test_counters_are_those_of_the_live_view() -> None:
    assert {traits.counter for traits in EVENT_TRAITS.values() if traits.counter} == set(NAMES) - {"revenue"}


def test_the_document_names_the_same_types() -> None:
    assert document(all_routes())["components"]["schemas"]["EventIn"]["properties"]["eventType"]["enum"] == sorted(
        EVENT_TRAITS
    )
