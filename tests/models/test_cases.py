"""Cases of the backtest: what each context asks and expects, and that nothing of the future is known before it."""

import dataclasses
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np
import pytest

from recomengine.models import cases as module
from recomengine.models.arrays import csr as csr_of
from recomengine.models.cases import CONTEXTS, ORDERS, Case, past_of, split
from recomengine.models.evidence import build_evidence
from recomengine.models.histories import ADD_TO_CART, DAY_MS, PURCHASE, TYPE_WEIGHTS, VIEW, Histories
from tests.models.events import HOUR_MS, START_MS, Event, events_of, histories_of
from tests.support.matrices import csr

ITEMS = 20
CUT_VISIT = 800
BOUGHT_AFTER_MS = 10
FIRST, SECOND = 18, 19
"""Two products that nobody has to do with both of before the cut, and everybody after it."""


@dataclasses.dataclass(frozen=True)
class Shop:
    histories: Histories
    cut_ms: int


def shop(*, groups: bool = True) -> Shop:
    """1000 visits, ten a day: three products viewed in one session, two bought. The orders of the last fifth come after
    the cut.
    """
    draw = np.random.default_rng(5)
    events: list[Event] = []
    for visit in range(1000):
        user, viewed = int(draw.integers(60)), draw.choice(18, 3, replace=False).tolist()
        if visit < CUT_VISIT and visit % 7 == 0:
            viewed[0] = FIRST if visit % 2 else SECOND
        if visit > CUT_VISIT:
            viewed[:2] = FIRST, SECOND
        bought = [FIRST, SECOND] if visit >= CUT_VISIT else viewed[:2]
        start = START_MS + visit // 10 * DAY_MS + visit % 10 * HOUR_MS
        events += [
            Event(user, start + place, VIEW, item, (2 * visit + 1) * groups) for place, item in enumerate(viewed)
        ]
        events += [Event(user, start + BOUGHT_AFTER_MS, PURCHASE, item, (2 * visit + 2) * groups) for item in bought]
    return Shop(histories_of(events, users=60), START_MS + CUT_VISIT // 10 * DAY_MS + BOUGHT_AFTER_MS)


@pytest.fixture(scope="module")
def made() -> Shop:
    return shop()


def every(cases: dict[str, list[Case]]) -> Iterable[Case]:
    return (case for context in CONTEXTS for case in cases[context])


def test_every_context_has_cases(made: Shop) -> None:
    _, cases = split(made.histories)
    assert list(cases) == list(CONTEXTS)
    assert all(cases[context] for context in CONTEXTS)
    assert {case.moment.context for case in cases["home"] + cases["home_new"]} == {"home"}
    for context in ("session", "product", "cart"):
        assert {case.moment.context for case in cases[context] + cases[f"{context}_known"]} == {context}
    assert all(case.moment.weighed_as == context for context in CONTEXTS[2:] for case in cases[context])


def test_what_comes_before_the_cut_holds_nothing_that_comes_after_it(made: Shop) -> None:
    before, _ = split(made.histories)
    assert events_of(before) == [event for event in events_of(made.histories) if event.time_ms < made.cut_ms]
    assert before.users == made.histories.users


def test_a_signal_that_exists_only_after_the_cut_is_in_no_evidence(made: Shop) -> None:
    before, _ = split(made.histories)
    for histories, known in ((before, False), (made.histories, True)):
        arrays, _ = build_evidence(histories, csr([{}] * ITEMS), ITEMS)
        assert (
            SECOND in csr_of(arrays, "transition").indices[slice(*arrays["transition.indptr"][FIRST : FIRST + 2])]
        ) == known
        assert (
            SECOND in csr_of(arrays, "together").indices[slice(*arrays["together.indptr"][FIRST : FIRST + 2])]
        ) == known
        for name in ("sessions", "baskets"):
            bounds = zip(arrays[f"{name}.indptr"][:-1], arrays[f"{name}.indptr"][1:], strict=True)
            held = [set(arrays[f"{name}.items"][start:end].tolist()) for start, end in bounds]
            shared = [items for items in held if {FIRST, SECOND} <= items and len(items) <= 3]
            assert bool(shared) == known


def test_moments_know_nothing_from_after_the_cut_but_the_session_so_far(made: Shop) -> None:
    _, cases = split(made.histories)
    for case in every(cases):
        shopper = case.moment.shopper
        session = shopper.session
        assert (shopper.times_ms[session:] < made.cut_ms).all()
        assert (shopper.times_ms[:session] >= made.cut_ms).all()
        assert session == 0 or case.moment.context == "session"
        assert len(shopper.items) > session or not case.moment.weighed_as.endswith("_known")
        assert (np.diff(shopper.times_ms) <= 0).all()


def test_seeds_are_of_what_the_moment_knows(made: Shop) -> None:
    _, cases = split(made.histories)
    for case in every(cases):
        if case.moment.context in ("home", "session"):
            assert set(case.moment.seeds.tolist()) <= set(case.moment.shopper.items.tolist())
            assert set(case.moment.own_items.tolist()) <= set(case.moment.shopper.purchased.tolist())
        else:
            assert case.moment.weighed_as.endswith("_known") == (len(case.moment.shopper.items) > 0)
            assert not set(case.moment.at_hand.tolist()) & set(case.targets.tolist())


def orders_after_the_cut(made: Shop) -> dict[int, list[list[int]]]:
    """The products of each shopper's orders after the cut, one order after the other."""
    bought: dict[int, dict[int, set[int]]] = {}
    for event in events_of(made.histories):
        if event.type == PURCHASE and event.time_ms >= made.cut_ms:
            bought.setdefault(event.user, {}).setdefault(event.group, set()).add(event.item)
    return {user: [sorted(items) for items in orders.values()] for user, orders in bought.items()}


def test_home_asks_for_the_first_orders_after_the_cut_shopper_by_shopper(made: Shop) -> None:
    _, cases = split(made.histories)
    wanted = orders_after_the_cut(made)
    assert sorted(case.targets.tolist() for case in cases["home"]) == sorted(
        order for orders in wanted.values() for order in orders[:ORDERS]
    )
    found = [
        [case.targets.tolist() for case in group]
        for _, group in groupby(cases["home"], key=lambda case: case.moment.shopper.items.tobytes())
    ]
    assert sorted(found) == sorted(orders[:ORDERS] for orders in wanted.values())


def test_everybodys_first_order_comes_before_anybodys_second(made: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = orders_after_the_cut(made)
    monkeypatch.setattr(module, "MAX_CASES", len(wanted))
    _, cases = split(made.histories)
    assert sorted(case.targets.tolist() for case in cases["home"]) == sorted(orders[0] for orders in wanted.values())


def test_home_new_asks_for_nothing_bought_before(made: Shop) -> None:
    _, cases = split(made.histories)
    assert len(cases["home_new"]) < len(cases["home"])
    assert all(not np.isin(case.targets, case.moment.shopper.purchased).any() for case in cases["home_new"])


def test_a_session_asks_for_its_next_product_after_each_prefix(made: Shop) -> None:
    _, cases = split(made.histories)
    visits: dict[int, list[int]] = {}
    for event in events_of(made.histories):
        if event.type == VIEW and event.time_ms >= made.cut_ms:
            visits.setdefault(event.group, []).append(event.item)
    found = []
    for case in cases["session"]:
        shopper = case.moment.shopper
        group = shopper.groups[0]
        assert (shopper.groups[: shopper.session] == group).all()
        found.append((group, [*shopper.items[: shopper.session][::-1].tolist(), *case.targets.tolist()]))
    assert sorted(found) == sorted((group, items[: place + 1]) for group, items in visits.items() for place in (1, 2))


def test_without_session_ids_a_session_ends_with_the_day() -> None:
    made = shop(groups=False)
    _, cases = split(made.histories)
    assert cases["session"]
    for case in cases["session"]:
        running = case.moment.shopper.times_ms[: case.moment.shopper.session]
        assert len(set((running // DAY_MS).tolist())) == 1


def test_pages_ask_for_the_rest_of_a_basket(made: Shop) -> None:
    _, cases = split(made.histories)
    orders = {frozenset((FIRST, SECOND))}
    for page in ("product", "cart"):
        assert {frozenset([*case.moment.seeds.tolist(), *case.targets.tolist()]) for case in cases[page]} == orders
        assert {len(case.moment.seeds) for case in cases[page]} == {1}
    after = {
        (event.user, event.time_ms // DAY_MS)
        for event in events_of(made.histories)
        if event.type == PURCHASE and event.time_ms >= made.cut_ms
    }
    assert len(cases["product"]) == 2 * len(after), "who buys the same twice on a day has said it once"


def test_what_a_shopper_did_before_is_known_where_the_context_says_so(made: Shop) -> None:
    before, cases = split(made.histories)
    for context in ("session", "product", "cart"):
        for case in cases[context]:
            assert len(case.moment.shopper.items) == case.moment.shopper.session
            assert len(case.moment.seeds) == case.moment.here
        for case in cases[f"{context}_known"]:
            past = case.moment.shopper.items[case.moment.shopper.session :]
            assert past.tolist() == past_of(before, case.user).items.tolist()
            earlier = case.moment.seeds[case.moment.here :].tolist()
            assert earlier
            assert set(earlier) <= set(past.tolist())
        assert len(cases[f"{context}_known"]) == len(cases[context]), "everybody has been here before"


def test_where_nobody_buys_two_at_once_the_last_purchase_is_the_page_and_the_next_one_the_target() -> None:
    bought = [
        Event(user, START_MS + turn * 100 * DAY_MS + user * HOUR_MS, PURCHASE, (user + turn) % 7, 0)
        for turn in range(5)
        for user in range(300)
    ]
    _, cases = split(histories_of(bought))
    assert len(cases["product"]) == len(cases["product_known"]) == 300
    assert not cases["cart"]
    for case in cases["product_known"]:
        assert (case.moment.at_hand.tolist(), case.targets.tolist()) == (
            [(case.user + 3) % 7],
            [(case.user + 4) % 7],
        )
        assert case.moment.seeds.tolist() == [(case.user + turn) % 7 for turn in (3, 2, 1, 0)]


def test_a_cart_holds_all_but_the_product_asked_for() -> None:
    baskets = [
        Event(user, START_MS + user * HOUR_MS, PURCHASE, item, user + 1) for user in range(100) for item in (1, 2, 3)
    ]
    _, cases = split(histories_of(baskets))
    assert {tuple(sorted([*case.moment.seeds.tolist(), *case.targets.tolist()])) for case in cases["cart"]} == {
        (1, 2, 3)
    }
    assert {len(case.targets) for case in cases["cart"]} == {1}
    assert {len(case.moment.seeds) for case in cases["product"]} == {1}


def test_products_unknown_before_the_cut_are_not_asked_for() -> None:
    old = [Event(user, START_MS + user * HOUR_MS, VIEW, user % 5, user + 1) for user in range(800)]
    seen = [
        Event(user, START_MS + (1000 + user) * HOUR_MS, VIEW, item, 500 + user)
        for user in range(20)
        for item in (1, 2, 9)
    ]
    new = [*seen, *(event._replace(type=PURCHASE) for event in seen)]
    _, cases = split(histories_of([*old, *new]))
    assert all(9 not in case.targets and 9 not in case.moment.seeds for case in every(cases))
    assert cases["product"]


def test_shoppers_unknown_before_the_cut_have_no_home() -> None:
    old = [Event(0, START_MS + hour * HOUR_MS, PURCHASE, hour % 3) for hour in range(80)]
    new = [Event(user, START_MS + 200 * HOUR_MS, PURCHASE, 1) for user in range(20)]
    _, cases = split(histories_of([*old, *new]))
    assert len(cases["home"]) == 1


def test_the_same_histories_give_the_same_cases(made: Shop) -> None:
    _, one = split(made.histories)
    _, other = split(shop().histories)
    assert all(same_case(*both) for both in zip(every(one), every(other), strict=True))


def same_case(one: Case, other: Case) -> bool:
    def arrays(case: Case) -> list[Any]:
        return [
            case.targets,
            case.moment.seeds,
            case.moment.profiles,
            case.moment.own_items,
            case.moment.own_weights,
            *case.moment.shopper,
        ]

    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def test_no_context_has_more_cases_than_the_bound(made: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CASES", 7)
    monkeypatch.setattr(module, "MAX_KNOWN_CASES", 7)
    _, cases = split(made.histories)
    assert {len(cases[context]) for context in CONTEXTS} == {7}


def test_views_are_cut_where_purchases_are_few() -> None:
    views = [Event(user % 9, START_MS + user * HOUR_MS, VIEW, user % 5, user) for user in range(100)]
    before, _ = split(histories_of([*views, Event(0, START_MS, PURCHASE, 1), Event(0, START_MS, ADD_TO_CART, 1)]))
    assert (TYPE_WEIGHTS[before.types] > 0).sum() == 81


@pytest.mark.parametrize("users", [0, 3])
def test_a_shop_without_events_has_no_cases(users: int) -> None:
    before, cases = split(histories_of([], users=users))
    assert len(before.items) == 0
    assert cases == {context: [] for context in CONTEXTS}


def test_one_who_buys_everything_within_an_hour_does_not_move_the_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_ONE", 5)
    orders = [Event(order % 50, START_MS + order * HOUR_MS, PURCHASE, order % ITEMS, order) for order in range(1000)]
    last_ms = orders[-1].time_ms
    robot = [Event(50, last_ms + at, PURCHASE, at % ITEMS, 1000) for at in range(1000)]
    before, _ = split(histories_of([*orders, *robot], users=51))
    assert before.times_ms.max() == START_MS + 803 * HOUR_MS


def test_one_who_buys_everything_does_not_turn_a_shop_of_views_into_one_of_purchases() -> None:
    views = [Event(view % 50, START_MS + view * HOUR_MS, VIEW, view % ITEMS, view) for view in range(1000)]
    robot = [Event(50, views[-1].time_ms + at, PURCHASE, at % ITEMS, 1000) for at in range(1000)]
    _, cases = split(histories_of([*views, *robot], users=51))
    assert len(cases["session"]) == len(split(histories_of(views, users=50)).cases["session"])
