"""The same event has the same id, and no two different ones share it."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from recomengine.events.identity import named_id, natural_id, untimed_id

TENANT = UUID(int=7).bytes
texts = st.text(max_size=20)
events = st.tuples(texts, texts, texts, st.integers(-(10**14), 10**14))


@given(events)
def test_an_event_has_one_id_whoever_computes_it(event: tuple[str, str, str, int]) -> None:
    assert natural_id(TENANT, *event) == natural_id(bytes(TENANT), *event)
    assert natural_id(TENANT, *event).version == 8
    assert natural_id(TENANT, *event).variant == "specified in RFC 4122"


@given(events, events)
def test_events_that_differ_in_anything_differ_in_their_ids(
    one: tuple[str, str, str, int], two: tuple[str, str, str, int]
) -> None:
    assert (natural_id(TENANT, *one) == natural_id(TENANT, *two)) == (one == two)


@given(texts, texts, texts)
def test_moving_a_letter_from_one_part_to_the_next_makes_another_event(user: str, kind: str, product: str) -> None:
    assert natural_id(TENANT, user + "x", kind, product, 0) != natural_id(TENANT, user, "x" + kind, product, 0)
    assert untimed_id(TENANT, user + "x", kind, product) != untimed_id(TENANT, user, "x" + kind, product)


def test_tenants_do_not_share_ids() -> None:
    one, two = uuid4().bytes, uuid4().bytes
    assert natural_id(one, "u", "view", "p", 1) != natural_id(two, "u", "view", "p", 1)
    assert named_id(one, "e") != named_id(two, "e")


def test_ids_sort_by_the_time_of_the_event() -> None:
    ids = [natural_id(TENANT, "u", "view", "p", ms) for ms in range(0, 10**13, 10**12)]
    assert ids == sorted(ids)


def test_the_id_of_a_known_event_never_changes() -> None:
    assert str(natural_id(TENANT, "ann", "view", "boot", 1_700_000_000_000)) == "018bcfe5-6800-8c78-bfb0-0d0f5cf6d31e"
    assert str(named_id(TENANT, "e-1")) == "6d92e48f-78f7-8808-9861-2c7da732f452"
    assert str(untimed_id(TENANT, "ann", "view", "boot")) == "86c41386-e6c9-80c2-800f-91384dadb42d"
