"""A shop's model and its test cases in this process, without servers: what the ablation and the learning curves stand
on.

The same code as in a worker and in serving; `python -m bench.quality` measures the same through HTTP.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bench.quality.split import Case as TestCase
from bench.quality.split import read_catalog, split
from recomengine._core.candidates import Workspace
from recomengine._core.csr import CSR
from recomengine._core.ranking import Ranker
from recomengine.models.backtest import (
    Shelf,
    as_likely,
    choose_following,
    collect,
    home_of,
    is_new_only,
    metric_of,
    repeat_share,
)
from recomengine.models.blend import Lists
from recomengine.models.build import shelf_of
from recomengine.models.cases import EVERY, Case, Split, past_of
from recomengine.models.cases import split as cut
from recomengine.models.content import build_content, content_table
from recomengine.models.evidence import build_evidence, make_ranker
from recomengine.models.following import NEAR, Following
from recomengine.models.histories import CODE_OF_TYPE, VIEW, Histories
from recomengine.models.shopper import NO_ITEMS, NOBODY, Moment, Shopper, moment

CONTEXT = {
    "next_basket_new": "home_new", "session_next": "session", "fbt": "product", "complete": "cart",
    "page_next": "product_known",
}  # fmt: skip
"""Of the protocols that decide it; at home the shop's own repeats do, as with `excludePurchased: auto`."""


class Offline(NamedTuple):
    """learning: candidates of the backtest's cases, by the evidence before the cut; test: those of the test cases, by
    the whole model.
    """

    learning: Lists
    test: Lists
    context: str

    @property
    def metric(self) -> str:
        return metric_of(self.context)


class Known(NamedTuple):
    """A shop as a build sees it, and the number of each user and product."""

    histories: Histories
    content: CSR
    shelf: Shelf
    users: dict[str, int]
    numbers: dict[str, int]

    def ranker(self, histories: Histories, settings: Following = NEAR) -> Ranker:
        size = len(self.numbers)
        return make_ranker(build_evidence(histories, self.content, size, following=settings)[0], size)

    def settings(self, held_back: Split, home: str) -> Following:
        """As a build chooses them."""
        cases = {context: held_back.cases[context] for context in (home, "session")}
        return choose_following(held_back.before, cases, self.shelf)


def read_known(folder: Path, train: pd.DataFrame) -> Known:
    products = products_of(folder)
    size, numbers = len(products), {product["productId"]: product["number"] for product in products}
    histories, users = as_histories(train.sort_values("timestamp", kind="stable"), numbers)
    return Known(
        histories, content_table(build_content(products, size), size), shelf_of(products, size), users, numbers
    )


def learning_lists(
    known: Known, held_back: Split, contexts: Sequence[str], most: int | None = None
) -> dict[str, Lists]:
    """What `models/backtest.py` learns from, by context; most: cases of each."""
    cases = as_likely(held_back.before, held_back.cases, known.shelf)
    home, workspace = home_of(repeat_share(cases["home"])), Workspace()
    ranker = known.ranker(held_back.before, known.settings(held_back, home))
    return {
        context: collect(
            workspace, ranker, cases[context][:most], known.shelf, new_only=is_new_only(context, home)
        ).lists
        for context in contexts
    }


def prepare(folder: Path, protocol: str, max_cases: int, newest: float = 1.0) -> Offline:
    """newest: the share of the training events, the newest ones, that the model is built from."""
    train, cases = split(folder, protocol, max_cases)
    train = train.sort_values("timestamp", kind="stable").iloc[int(len(train) * (1 - newest)) :]
    return prepare_known(read_known(folder, train), cases, protocol)


def prepare_known(known: Known, cases: Sequence[TestCase], protocol: str) -> Offline:
    held_back = cut(known.histories)
    home = home_of(repeat_share(held_back.cases["home"]))
    context = CONTEXT.get(protocol) or home
    ranker = known.ranker(known.histories, known.settings(held_back, home))
    asked = [case_of(case, known.histories, known.users, known.numbers) for case in cases]
    likely = as_likely(known.histories, {context: asked}, known.shelf)[context]
    found = collect(Workspace(), ranker, likely, known.shelf, new_only=is_new_only(context, home)).lists
    return Offline(learning_lists(known, held_back, [context])[context], found, context)


def products_of(folder: Path) -> list[dict[str, Any]]:
    empty = {"brand": None, "description": None}
    return [
        {
            "number": number, "productId": row["item_id"], "name": row["name"] or row["item_id"],
            "category": row["category"] or None,
            "price": max(0.0, round(float(row["price"]), 2)) if row["price"] else None,
            "attributes": json.loads(row["attributes"]) if row["attributes"] else {}, **empty,
        }
        for number, row in enumerate(read_catalog(folder).to_dict("records"))
    ]  # fmt: skip


def as_histories(events: pd.DataFrame, numbers: dict[str, int]) -> tuple[Histories, dict[str, int]]:
    """The events as a build reads them, and the number of each user."""
    users = sorted(set(events.user_id))
    user_numbers = {user: number for number, user in enumerate(users)}
    owners = events.user_id.map(user_numbers).to_numpy(np.int64)
    items = events.item_id.map(numbers).to_numpy(np.int32)
    types = events.event_type.map(CODE_OF_TYPE).to_numpy(np.uint8)
    times = events.timestamp.to_numpy(np.int64)
    group = next((events[name] for name in ("order_id", "session_id") if name in events), None)
    groups = np.zeros(len(events), np.int64) if group is None else pd.factorize(group)[0].astype(np.int64) + 1
    order = np.lexsort((items, types, times, owners))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(users)))]).astype(np.int64)
    return Histories(users, indptr, items[order], types[order], times[order], groups[order]), user_numbers


def case_of(case: TestCase, histories: Histories, users: dict[str, int], numbers: dict[str, int]) -> Case:
    return Case(_moment(case, histories, users, numbers), np.array([numbers[item] for item in case.targets], np.int32))


def _moment(case: TestCase, histories: Histories, users: dict[str, int], numbers: dict[str, int]) -> Moment:
    items = np.array([numbers[item] for item in case.items], np.int32)
    if case.kind in ("fbt", "complete"):
        return moment("product" if case.kind == "fbt" else "cart", items[-50:], NOBODY)
    if case.kind == "session_next":
        views = np.full(len(items), VIEW, np.uint8)
        session = Shopper(
            items[::-1].copy(), views, np.array(case.times[::-1], np.int64), np.ones(len(items), np.int64), len(items)
        )
        return moment("home", NO_ITEMS, session)
    past = past_of(histories, users[case.user]) if case.user in users else NOBODY
    return moment("product", items, past, EVERY) if case.kind == "page_next" else moment("home", NO_ITEMS, past)
