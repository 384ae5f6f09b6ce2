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
from recomengine._core.sources import Neighbours, table
from recomengine.models.blend import MIN_CASES, Floats, Learned, Lists, gain, learn, metrics
from recomengine.models.cases import CONTEXTS, Case, split
from recomengine.models.encoder import put_encoder, put_near
from recomengine.models.encoder_trial import NEVER_TRIED, FormerTrial, Tried, begin, judge
from recomengine.models.evidence import build_evidence, make_ranker
from recomengine.models.following import CANDIDATES, NEAR, Following, chosen
from recomengine.models.grouping import Grouped
from recomengine.models.held_back import HeldBack, held_back
from recomengine.models.histories import PURCHASE, Histories
from recomengine.models.rebuying import again_shares, by_likelihood
from recomengine.models.shopper import HOMES, KNOWN, NO_ITEMS, STEEP, Moment
from recomengine.models.sources import ENCODER, PLACE, SOURCES, Before, following

NO_FEATURES = np.zeros((0, 5), np.float32)
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
    before; replay: some of the cases, and what they were offered; encoder: its trial.
    """

    weights: dict[str, Float32]
    singles: dict[str, dict[str, str]]
    repeat_share: float
    report: dict[str, Any]
    replay: Sequence[HeldBack] = ()
    following: Following = NEAR
    encoder: Tried = Tried({})


class Collected(NamedTuple):
    """Lists of the cases that have candidates; the cases, and the candidates of each, in the same order."""

    lists: Lists
    cases: list[Case]
    candidates: list[Int32]


class Outcome(NamedTuple):
    """Of each context what was learned; some of the cases."""

    learned: dict[str, Learned]
    replay: list[HeldBack]


def backtest(histories: Histories, content: CSR, shelf: Shelf, former: FormerTrial = NEVER_TRIED) -> Backtest:
    """former: what the served model says of the encoder's trial."""
    before, cases = split(histories)
    cases = as_likely(before, cases, shelf)
    n_items = len(shelf.available)
    repeats = repeat_share(cases["home"])
    home = home_of(repeats)
    settings = choose_following(before, {context: cases[context] for context in (home, "session")}, shelf)
    arrays, _ = build_evidence(before, content, n_items, following=settings)
    trained = begin(before, former)
    if trained.encoder is not None and trained.near is not None:
        put_encoder(arrays, ENCODER, trained.encoder)
        put_near(arrays, ENCODER, trained.near)
    ranker, workspace = make_ranker(arrays, n_items), Workspace()
    whole, without = Outcome({}, []), Outcome({}, [])
    with threadpool_limits(
        1, "blas"
    ):  # on a busy machine BLAS's own threads spin, waiting for each other: 202 s instead of 27 s
        for context in CONTEXTS:
            started = time.perf_counter()
            found = collect(workspace, ranker, cases[context], shelf, new_only=is_new_only(context, home))
            for outcome in (whole, without) if trained.encoder is not None else (whole,):
                if outcome is without:
                    silence(found.lists, ENCODER)
                learned = outcome.learned[context] = learn(found.lists, metric_of(context), context)
                if context == home or context not in HOMES:
                    outcome.replay.extend(
                        held_back(context, found, learned.halves, histories.users, arrays["fallback.items"])
                    )
                learned.report["seconds"] = round(time.perf_counter() - started, 2)
    tried = judge(trained, former, _gains(whole, without), before, len(histories.items))
    taken = whole if tried.used or not without.learned else without
    return Backtest(
        {context: result.weights for context, result in taken.learned.items()},
        {context: best_of_kinds(result.report) for context, result in taken.learned.items()},
        repeats,
        {context: result.report for context, result in taken.learned.items()},
        taken.replay, settings, tried,
    )  # fmt: skip


def choose_following(before: Histories, cases: Mapping[str, Sequence[Case]], shelf: Shelf) -> Following:
    """By the source `sequence` alone, on the cases of those contexts that have enough."""
    enough = {context: some for context, some in cases.items() if len(some) >= MIN_CASES}
    if not enough:
        return NEAR
    shop, figures = Grouped(before, len(shelf.available)), []
    for settings in CANDIDATES:
        shop.following = settings
        neighbours = Neighbours(following(shop), shop.size)
        alone = Ranker([table([neighbours], STEEP)], NO_FEATURES)
        figures.append(np.concatenate([_alone(alone, context, some, shelf) for context, some in enough.items()]))
    return chosen(figures)


def _alone(ranker: Ranker, context: str, cases: Sequence[Case], shelf: Shelf) -> Floats:
    """The metric of each case by the only source of `ranker`, 0 where it finds nothing."""
    found = collect(Workspace(), ranker, cases, shelf, new_only=context == "home_new")
    weights = np.zeros(ranker.width)
    weights[:2] = 1.0, 1e-4
    figures = dict(zip(map(id, found.cases), metrics(found.lists, weights, metric_of(context)).tolist(), strict=True))
    return np.array([figures.get(id(case), 0.0) for case in cases])


def home_of(repeats: float) -> str:
    """The home that a shop is served by default."""
    return "home" if repeats >= REPEAT_SHARE else "home_new"


def is_new_only(context: str, home: str) -> bool:
    """Whether what the shopper bought is left out there."""
    return context == "home_new" or (context.endswith(KNOWN) and home == "home_new")


def _gains(whole: Outcome, without: Outcome) -> dict[str, dict[str, float]]:
    """What a source is worth in each context that has cases enough to tell."""
    found = {context: gain(whole.learned[context], other) for context, other in without.learned.items()}
    return {context: each for context, each in found.items() if each is not None}


def silence(lists: Lists, name: str) -> None:
    """As if the source said nothing; the candidates that it alone has brought stay, without a word for them."""
    lists.features[:, 2 * PLACE[name] : 2 * PLACE[name] + 2] = 0.0


def as_likely(before: Histories, cases: Mapping[str, Sequence[Case]], shelf: Shelf) -> dict[str, list[Case]]:
    """The cases as a model of what came before them would see them: purchases weigh as likely as they come again."""
    shares = again_shares(before, shelf.categories)
    return {
        context: [case._replace(moment=by_likelihood(case.moment, shares, 0.0)) for case in some]
        for context, some in cases.items()
    }


def metric_of(context: str) -> str:
    """In a session one product is next; elsewhere several may be right."""
    return "mrr@20" if context.startswith("session") else "ndcg@10"


def repeat_share(cases: Sequence[Case]) -> float:
    """Of the products that shoppers bought next, the mean share that they had bought before."""
    shares = [float(np.isin(case.targets, case.moment.shopper.purchased).mean()) for case in cases]
    return float(np.mean(shares)) if shares else 0.0


def best_of_kinds(report: dict[str, Any]) -> dict[str, str]:
    """The best source of each kind of evidence, as far as the backtest has ranked them (best first), of those that say
    something to everybody.
    """
    best: dict[str, str] = {}
    for source in (SOURCES[PLACE[name]] for name in report.get("sources", ())):
        if not isinstance(source.form, Before):
            best.setdefault(source.kind.name, source.name)
    return best


def collect(workspace: Workspace, ranker: Ranker, cases: Sequence[Case], shelf: Shelf, *, new_only: bool) -> Collected:
    """Candidates and features of every case that has any, as serving would see them; new_only: without what the shopper
    bought.
    """
    features: list[Float32] = []
    hits: list[NDArray[np.bool_]] = []
    wanted: list[int] = []
    asked: list[Case] = []
    found: list[Int32] = []
    for case in cases:
        excluded = case.moment.on_page
        if new_only:
            excluded = np.concatenate([excluded, case.moment.shopper.purchased])
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
