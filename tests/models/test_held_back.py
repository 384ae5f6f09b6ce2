"""What a build keeps of its backtest: some cases of each context, each with a list by weights that did not see it."""

from typing import NamedTuple
from uuid import UUID, uuid4

import numpy as np
from scipy.stats import binomtest

from recomengine._core.csr import Int32
from recomengine.events.identity import shopper_digest
from recomengine.models.blend import WIDTH, Lists
from recomengine.models.cases import CONTEXTS, Case
from recomengine.models.held_back import DONE, KEPT, OFFERED, HeldBack, held_back, packed, replay_of
from recomengine.models.replay import wilson
from recomengine.models.shopper import NO_ITEMS, NOBODY, moment
from tests.support.shops import demo_shop

TENANT = UUID(int=1)


class Found(NamedTuple):
    lists: Lists
    cases: list[Case]
    candidates: list[Int32]


def found(count: int) -> Found:
    """Cases of two candidates each, 10 and 20, which two sources bring: feature 0 is for the one, feature 2 for the
    other. 20 is taken."""
    features = np.zeros((2 * count, WIDTH), np.float32)
    features[0::2, :2] = features[1::2, 2:4] = 1
    sizes = np.full(count, 2)
    lists = Lists(features, np.tile([False, True], count), sizes, np.ones(count, np.int64))
    cases = [Case(moment("home", NO_ITEMS, NOBODY), np.array([20], np.int32), user) for user in range(count)]
    return Found(lists, cases, [np.array([10, 20], np.int32)] * count)


def weights(first: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.eye(1, WIDTH, first)[0]


def test_each_half_of_the_cases_is_ranked_by_the_weights_that_were_learned_on_the_other() -> None:
    kept = held_back("home", found(6), (weights(0), weights(2)), [f"u{user}" for user in range(6)], NO_ITEMS)
    assert [case.offered for case in kept] == [[10, 20]] * 3 + [[20, 10]] * 3
    assert [case.user_id for case in kept] == ["u0", "u1", "u2", "u3", "u4", "u5"]


def test_of_many_cases_some_are_kept_from_the_first_to_the_last() -> None:
    users = [str(user) for user in range(1000)]
    kept = held_back("home", found(1000), (weights(0), weights(0)), users, NO_ITEMS)
    assert (len(kept), kept[0].user_id, kept[-1].user_id) == (KEPT, "0", "999")
    assert kept == held_back("home", found(1000), (weights(0), weights(0)), users, NO_ITEMS)


def test_without_a_case_nothing_is_kept() -> None:
    assert held_back("home", Found(found(1).lists, [], []), (weights(0), weights(0)), [], NO_ITEMS) == []


def test_bestsellers_are_right_where_one_of_the_ten_most_popular_was_taken() -> None:
    popular = np.arange(11, 40, dtype=np.int32)
    right = [
        held_back("home", found(1), (weights(0), weights(0)), ["u"], ranked)[0].bestsellers
        for ranked in (popular, popular[1:], popular[::-1].copy())
    ]
    assert right == [True, True, False]


def test_a_real_shop_keeps_cases_of_every_context_it_has_with_whole_lists() -> None:
    shop = demo_shop()
    kept = replay_of(shop.built.arrays, TENANT, ())
    counts = {context: sum(case.context == context for case in kept) for context in {case.context for case in kept}}
    assert set(CONTEXTS) - {"home", "home_new"} < set(counts)
    assert len({"home", "home_new"} & set(counts)) == 1, "one of the two is what the shop is served"
    assert max(counts.values()) <= KEPT
    for case in kept:
        assert len(set(case.offered)) == len(case.offered) <= OFFERED
        assert 0 <= len(case.done) <= DONE < DONE + len(case.taken)
        assert case.user_id in shop.histories.users
        assert (case.context.removesuffix("_known") in ("product", "cart")) is bool(case.on_page)
        assert set(case.on_page).isdisjoint(case.offered)
    assert 0 < sum(case.right for case in kept) < len(kept)


def test_who_is_erased_is_left_out_of_what_is_read() -> None:
    cases = [HeldBack("home", user, [], [], [1], [1], False) for user in ("ann", "bob")]
    arrays = {"replay": packed(cases)}
    assert replay_of(arrays, TENANT, ()) == cases
    assert replay_of(arrays, TENANT, {shopper_digest(TENANT.bytes, "ann")}) == cases[1:]
    assert replay_of(arrays, uuid4(), {shopper_digest(TENANT.bytes, "ann")}) == cases


def test_a_model_from_before_there_was_a_replay_has_an_empty_one() -> None:
    assert replay_of({}, TENANT, ()) == []


def test_intervals_of_shares_are_wilsons() -> None:
    for count, of in ((0, 1), (3, 7), (75, 300), (300, 300)):
        bounds = binomtest(count, of).proportion_ci(method="wilson")
        assert np.allclose([wilson(count, of).low, wilson(count, of).high], [bounds.low, bounds.high], atol=1e-4)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
