"""From histories to learned weights: cases held back by time, evidence of what came before them, one blend a
context.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recomengine._core.candidates import Workspace
from recomengine._core.csr import CSR, Float32, Int32, Int64
from recomengine._core.ranking import Paths, Ranker, rank
from recomengine.models.blend import Learned, Lists, learn
from recomengine.models.cases import CONTEXTS, Case, split
from recomengine.models.evidence import build_evidence, make_ranker
from recomengine.models.held_back import HeldBack, held_back
from recomengine.models.histories import PURCHASE, Histories
from recomengine.models.rebuying import again_shares, by_likelihood
from recomengine.models.shopper import NO_ITEMS, Moment
from recomengine.models.sources import PLACE, SOURCES

REPEAT_SHARE = 0.05
"""From this share of repeats among what shoppers buy next, purchased products stay in the lists."""


class Shelf(NamedTuple):
    """Products by number: available uint8, price_cents int64 (-1: none), categories int32 (-1: none; codes of a
    CategoryCodes), and the paths of each code.
    """

    available: NDArray[np.uint8]
    price_cents: Int64
    categories: Int32
    paths: Paths | None = None


class Backtest(NamedTuple):
    """weights and singles (the best source of each kind) by context; repeat_share: of next purchases, those bought
    before; replay: some of the cases, and what they were offered.
    """

    weights: dict[str, Float32]
    singles: dict[str, dict[str, str]]
    repeat_share: float
    report: dict[str, Any]
    replay: Sequence[HeldBack] = ()


class Collected(NamedTuple):
    """Lists of the cases that have candidates; the cases, and the candidates of each, in the same order."""

    lists: Lists
    cases: list[Case]
    candidates: list[Int32]


def backtest(histories: Histories, content: CSR, shelf: Shelf) -> Backtest:
    before, cases = split(histories)
    cases = as_likely(before, cases, shelf)
    n_items = len(shelf.available)
    arrays, _ = build_evidence(before, content, n_items)
    ranker, workspace = make_ranker(arrays, n_items), Workspace()
    repeats = repeat_share(cases["home"])
    home = "home" if repeats >= REPEAT_SHARE else "home_new"
    learned: dict[str, Learned] = {}
    replay: list[HeldBack] = []
    with threadpool_limits(
        1, "blas"
    ):  # on a busy machine BLAS's own threads spin, waiting for each other: 202 s instead of 27 s
        for context in CONTEXTS:
            started = time.perf_counter()
            found = collect(workspace, ranker, cases[context], shelf, new_only=context == "home_new")
            learned[context] = learn(found.lists, metric_of(context), context)
            if context in (home, "session", "product", "cart"):
                replay += held_back(context, found, learned[context].halves, histories.users, arrays["fallback.items"])
            learned[context].report["seconds"] = round(time.perf_counter() - started, 2)
    return Backtest(
        {context: result.weights for context, result in learned.items()},
        {context: best_of_kinds(result.report) for context, result in learned.items()},
        repeats,
        {context: result.report for context, result in learned.items()},
        replay,
    )


def as_likely(before: Histories, cases: Mapping[str, Sequence[Case]], shelf: Shelf) -> dict[str, list[Case]]:
    """The cases as a model of what came before them would see them: purchases weigh as likely as they come again."""
    shares = again_shares(before, shelf.categories)
    return {
        context: [case._replace(moment=by_likelihood(case.moment, shares, 0.0)) for case in some]
        for context, some in cases.items()
    }


def metric_of(context: str) -> str:
    """In a session one product is next; elsewhere several may be right."""
    return "mrr@20" if context == "session" else "ndcg@10"


def repeat_share(cases: Sequence[Case]) -> float:
    """Of the products that shoppers bought next, the mean share that they had bought before."""
    shares = [float(np.isin(case.targets, case.moment.shopper.purchased).mean()) for case in cases]
    return float(np.mean(shares)) if shares else 0.0


def best_of_kinds(report: dict[str, Any]) -> dict[str, str]:
    """The best source of each kind of evidence, as far as the backtest has ranked them (best first)."""
    best: dict[str, str] = {}
    for name in report.get("sources", ()):
        best.setdefault(SOURCES[PLACE[name]].kind.name, name)
    return best


def collect(workspace: Workspace, ranker: Ranker, cases: Sequence[Case], shelf: Shelf, *, new_only: bool) -> Collected:
    """Candidates and features of every case that has any, as serving would see them."""
    features: list[Float32] = []
    hits: list[NDArray[np.bool_]] = []
    wanted: list[int] = []
    asked: list[Case] = []
    found: list[Int32] = []
    for case in cases:
        excluded = case.moment.shopper.purchased if new_only else case.moment.on_page
        candidates, described = rank(
            workspace, ranker, None, 1, **of_moment(case.moment), available=shelf.available,
            price_cents=shelf.price_cents, categories=shelf.categories, paths=shelf.paths, fallback=NO_ITEMS,
            excluded=excluded,
        )  # fmt: skip
        if len(candidates):
            features.append(described)
            hits.append(np.isin(candidates, case.targets))
            wanted.append(len(case.targets))
            asked.append(case)
            found.append(candidates)
    sizes, targets = np.array([len(each) for each in hits], np.int64), np.array(wanted, np.int64)
    if not len(sizes):
        return Collected(Lists(np.zeros((0, ranker.width), np.float32), np.zeros(0, bool), sizes, targets), [], [])
    return Collected(Lists(np.concatenate(features), np.concatenate(hits), sizes, targets), asked, found)


def of_moment(now: Moment) -> dict[str, Any]:
    """The arguments of `rank` that a moment decides."""
    return {
        "seeds": now.seeds, "profiles": now.profiles, "own_items": now.own_items, "own_weights": now.own_weights,
        "history_items": now.shopper.items, "history_types": now.shopper.types, "session": now.shopper.session,
        "purchase": PURCHASE,
    }  # fmt: skip
