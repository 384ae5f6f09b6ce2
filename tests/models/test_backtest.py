"""The whole way from histories to learned weights, in a tiny shop whose truth is known."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from recomengine._core.candidates import Workspace
from recomengine._core.ranking import rank
from recomengine.models.backtest import Backtest, Shelf, backtest, best_of_kinds, collect, of_moment, repeat_share
from recomengine.models.blend import WIDTH
from recomengine.models.cases import CONTEXTS, Case, split
from recomengine.models.evidence import build_evidence, make_ranker
from recomengine.models.histories import DAY_MS, PURCHASE, VIEW, Histories
from recomengine.models.shopper import NO_ITEMS, NOBODY, Shopper, moment
from recomengine.models.sources import PLACE, SOURCES
from tests.models.events import HOUR_MS, START_MS, Event, histories_of
from tests.support.matrices import csr

ITEMS = 40
NO_CONTENT = csr([{}] * ITEMS)


@cache
def pairs_shop() -> Histories:
    """Product 2n is viewed before, and bought with, 2n + 1; 0 to 3 are popular with everybody, and everybody comes
    back.
    """
    draw = np.random.default_rng(11)
    events: list[Event] = []
    for visit in range(900):
        user, product = int(draw.integers(120)), 2 * int(draw.integers(ITEMS // 2))
        start = START_MS + visit // 10 * DAY_MS + visit % 10 * HOUR_MS
        seen = [int(draw.integers(4)), product, product + 1]
        events += [Event(user, start + place, VIEW, item, 2 * visit + 1) for place, item in enumerate(seen)]
        events += [Event(user, start + 10, PURCHASE, item, 2 * visit + 2) for item in (product, product + 1)]
    return histories_of(events, users=120)


def shelf(available: Any = None) -> Shelf:
    return Shelf(
        np.ones(ITEMS, np.uint8) if available is None else available,
        np.full(ITEMS, 500, np.int64),
        np.zeros(ITEMS, np.int32),
    )


@cache
def learned() -> Backtest:
    return backtest(pairs_shop(), NO_CONTENT, shelf())


def test_each_context_has_weights_and_a_report() -> None:
    found = learned()
    for context in CONTEXTS:
        report = found.report[context]
        assert found.weights[context].shape == (WIDTH,)
        assert report["metric"] == ("mrr@20" if context.startswith("session") else "ndcg@10")
        assert report["cases"] > 0
        assert report["seconds"] >= 0


def test_no_context_does_worse_than_its_best_single_source() -> None:
    for context, report in learned().report.items():
        if report["chosen"] != "prior":
            best = max(figure["value"] for figure in report["sources"].values())
            assert report["chosen"] in report["sources"] or report["blend"]["value"] >= best, context
            assert all(figure["low"] <= figure["value"] <= figure["high"] for figure in report["sources"].values())


def test_how_far_the_lists_are_ahead_of_each_source_is_told_with_an_interval_of_the_same_cases() -> None:
    for report in learned().report.values():
        if report["chosen"] == "prior":
            continue
        taken = report["blend"] if report["chosen"] == "blend" else report["sources"][report["chosen"]]
        assert set(report["ahead"]) == set(report["sources"]) - {report["chosen"]}
        for source, ahead in report["ahead"].items():
            alone = report["sources"][source]
            assert ahead["value"] == pytest.approx(taken["value"] - alone["value"], abs=2e-4)
            assert ahead["low"] <= ahead["value"] <= ahead["high"]
            assert ahead["low"] >= taken["low"] - alone["high"] - 2e-4, "pairs tell more than two intervals apart"


def test_what_each_source_adds_is_told_as_shares_of_the_whole() -> None:
    report = learned().report["product"]
    assert sum(report["shares"].values()) == pytest.approx(1, abs=0.05)
    assert list(report["shares"].values()) == sorted(report["shares"].values(), reverse=True)
    assert SOURCES[PLACE[next(iter(report["shares"]))]].part in ("bought together", "sequences"), "the planted pairs"


@pytest.mark.parametrize("product", [4, 11, 38])
def test_the_partner_of_a_product_comes_first_on_its_page(product: int) -> None:
    ranker = make_ranker(build_evidence(pairs_shop(), NO_CONTENT, ITEMS)[0], ITEMS)
    now = moment("product", np.array([product], np.int32), NOBODY)
    items, _, sources, seeds = rank(
        Workspace(), ranker, learned().weights["product"], 5, **of_moment(now), available=shelf().available,
        price_cents=shelf().price_cents, categories=shelf().categories, fallback=NO_ITEMS, excluded=now.seeds,
    )  # fmt: skip
    assert items[0] == product ^ 1
    assert seeds[0] == product
    assert SOURCES[sources[0]].kind.name in ("bought_together", "collaborative")


def test_the_best_source_of_each_kind_is_one_of_that_kind() -> None:
    kind_of = {source.name: source.kind.name for source in SOURCES}
    for context in CONTEXTS:
        assert all(kind_of[name] == kind for kind, name in learned().singles[context].items())
    assert best_of_kinds({"sources": {"walk": {}, "similar": {}, "popular": {}}}) == {
        "collaborative": "walk",
        "popular": "popular",
    }
    assert best_of_kinds({"chosen": "prior"}) == {}
    assert best_of_kinds({"sources": {"similar_before": {}, "walk": {}}}) == {"collaborative": "walk"}


def test_the_same_shop_gives_the_same_weights_to_the_bit() -> None:
    again = backtest(pairs_shop(), NO_CONTENT, shelf())
    assert all(again.weights[context].tobytes() == learned().weights[context].tobytes() for context in CONTEXTS)
    assert again.singles == learned().singles
    assert again.repeat_share == learned().repeat_share


def test_nothing_depends_on_what_the_clock_says() -> None:
    shop = pairs_shop()
    moved = backtest(shop._replace(times_ms=shop.times_ms + 1000 * DAY_MS), NO_CONTENT, shelf())
    assert all(moved.weights[context].tobytes() == learned().weights[context].tobytes() for context in CONTEXTS)


def test_what_is_not_for_sale_is_no_candidate() -> None:
    before, cases = split(pairs_shop())
    ranker = make_ranker(build_evidence(before, NO_CONTENT, ITEMS)[0], ITEMS)
    half = (np.arange(ITEMS) % 2).astype(np.uint8)
    all_lists, lists = (
        collect(Workspace(), ranker, cases["product"], shelf(each), new_only=False).lists for each in (None, half)
    )
    assert len(all_lists.sizes) == len(lists.sizes) == len(cases["product"])
    assert lists.sizes.max() <= ITEMS // 2 < all_lists.sizes.max()
    assert lists.wanted.tolist() == [len(case.targets) for case in cases["product"]]


def test_cases_without_a_candidate_are_left_out() -> None:
    before, cases = split(pairs_shop())
    ranker = make_ranker(build_evidence(before, NO_CONTENT, ITEMS)[0], ITEMS)
    one = np.zeros(ITEMS, np.uint8)
    one[5] = 1
    lists = collect(Workspace(), ranker, cases["home_new"], shelf(one), new_only=True).lists
    kept = [case for case in cases["home_new"] if 5 not in case.moment.shopper.purchased]
    assert 0 < len(kept) < len(cases["home_new"])
    assert lists.wanted.tolist() == [len(case.targets) for case in kept]
    assert lists.sizes.tolist() == [1] * len(kept)


def test_a_shop_with_nothing_for_sale_or_without_events_has_the_prior() -> None:
    empty = backtest(histories_of([], users=2), NO_CONTENT, shelf())
    sold_out = backtest(pairs_shop(), NO_CONTENT, shelf(np.zeros(ITEMS, np.uint8)))
    for found in (empty, sold_out):
        assert {report["chosen"] for report in found.report.values()} == {"prior"}
        assert found.singles == {context: {} for context in CONTEXTS}
    assert empty.repeat_share == 0.0


def test_repeats_are_the_share_of_targets_bought_before() -> None:
    def case(targets: list[int]) -> Case:
        items, types = np.array([1, 2, 3], np.int32), np.array([PURCHASE, PURCHASE, VIEW], np.uint8)
        shopper = Shopper(items, types, np.full(3, START_MS), np.zeros(3, np.int64), 0)
        return Case(moment("home", NO_ITEMS, shopper), np.array(targets, np.int32))

    assert repeat_share([case([1, 3]), case([1, 2])]) == 0.75
    assert repeat_share([]) == 0.0
