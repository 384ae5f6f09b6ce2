"""A model as a process serves it: the mapped arrays behind the names that scoring uses."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import CSR, Float32, Int32, Int64
from recomengine._core.history import shares_of
from recomengine._core.pairs import pair_figures
from recomengine._core.sources import Neighbours
from recomengine._core.strings import StringTable
from recomengine.models.arrays import Arrays, csr
from recomengine.models.blend import fitted, in_session, known_sources
from recomengine.models.cases import CONTEXTS
from recomengine.models.content import similar, vectors_of
from recomengine.models.evidence import NOTHING, Evidence, evidence_of, ranker_of
from recomengine.models.newcomers import estimate, merged, with_features, with_newcomers
from recomengine.models.overlay import News, fold
from recomengine.models.people import People
from recomengine.models.rebuying import LIKELY, by_likelihood
from recomengine.models.shopper import HOMES, IN_SESSION, KNOWN, NO_ITEMS, Moment
from recomengine.models.together import INDEX_OF_KIND, MOST, Baskets, Together

OVERLAY_NEIGHBOURS = 50


def weights_in(arrays: Arrays) -> dict[str, Float32]:
    """Older models have none for shoppers who did something before: those of the same context without it stand in."""
    found = {
        context: fitted(arrays.get(f"weights.{context}", arrays[f"weights.{context.removesuffix(KNOWN)}"]))
        for context in CONTEXTS
    }
    return found | {home + IN_SESSION: in_session(found[home], found["session"]) for home in HOMES}


def learned_in(reports: Mapping[str, Any]) -> frozenset[str]:
    """reports: of the backtest, by context. In older models sessions with and without a history are one."""
    learned = frozenset(context for context, report in reports.items() if report.get("chosen", "prior") != "prior")
    return learned | {"session" + KNOWN} if "session" in learned and "session" + KNOWN not in reports else learned


class History(NamedTuple):
    """What a shopper did up to the build, oldest first: product numbers, codes of types, times in ms, order or
    session.
    """

    items: Int32
    types: NDArray[np.uint8]
    times_ms: Int64
    groups: Int64


NO_HISTORY = History(np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64))


class Model:
    """`size`: product numbers that it knows, 0 to size - 1. `weights`: of the blend, by context, and for visits that
    are weighed as a home; `learned`: contexts whose weights were learned from the shop's own cases; `singles`: by
    context and kind of evidence, the source that does best alone; `fallback`: products by popularity."""

    def __init__(self, arrays: Arrays, manifest: Mapping[str, Any]) -> None:
        self.version: str = manifest["version"]
        self.through_ms: int = manifest["throughMs"]
        self.newest_ms: int = manifest["newestMs"]
        self.size: int = manifest["numbers"]
        self.repeat_share: float = manifest["repeatShare"]
        self.singles: dict[str, dict[str, str]] = manifest["singles"]
        self.weights = weights_in(arrays)
        self.learned = learned_in(manifest["contexts"])
        self.fallback: Int32 = arrays["fallback.items"]
        # Older models have no shares: there the shop's figure stands for each product.
        self._again: Float32 = arrays.get("item_again", np.full(self.size, self.repeat_share, np.float32))
        self.newcomers: frozenset[int] = frozenset()
        """Products without an event that came lately."""
        self.folded = ""
        """How far products and events that came after the build are in `ranker`; the same text, the same lists."""
        self._arrays = arrays
        self._evidence = evidence_of(arrays, self.size, known_sources(arrays["weights.home"]))
        self._of_products = self._of_events = NOTHING
        self._products_through, self._events_through = 0, ""
        self._features: Float32 = arrays["item_features"]
        self.ranker = ranker_of(self._features, self._evidence)
        self._known: NDArray[np.bool_] = arrays["item_features"][:, 0] > 0  # popularity
        highest = float(arrays["popular.scores"][0]) if len(arrays["popular.scores"]) else 0.0
        self._popularity: Float32 = np.expm1(arrays["item_features"][:, 1] * np.float32(np.log1p(highest)))  # recent
        self._users = StringTable(arrays["users.offsets"], arrays["users.data"], arrays["users.slots"])
        self._shoppers: Int32 = arrays.get("item_shoppers", NO_ITEMS)  # older models have none
        self.people = People(arrays)
        self._terms = StringTable(arrays["terms.offsets"], arrays["terms.data"], arrays["terms.slots"])
        self._idf: Float32 = arrays["terms.idf"]
        self._vectors = csr(arrays, "vectors")
        self._history = History(
            arrays["history.items"], arrays["history.kinds"], arrays["history.times"], arrays["history.groups"]
        )
        self._history_indptr: Int64 = arrays["history.indptr"]

    def history(self, user_id: str) -> History:
        number = self._users.find(user_id)
        if number < 0:
            return NO_HISTORY
        start, end = int(self._history_indptr[number]), int(self._history_indptr[number + 1])
        items, types, times_ms, groups = self._history
        return History(items[start:end], types[start:end], times_ms[start:end], groups[start:end])

    def bought_once(self, purchased: Int32) -> Int32:
        """Those of a shopper's purchases that people hardly buy again. Of what came after the build the shop's figure
        decides."""
        if not self.size or not len(purchased):
            return purchased
        return purchased[shares_of(purchased, self._again, self.repeat_share) < LIKELY]

    def by_likelihood(self, now: Moment) -> Moment:
        """The same moment, the shopper's purchases weighing as likely as they are bought again."""
        return by_likelihood(now, self._again, self.repeat_share)

    def bought_with(self, number: int, limit: int) -> list[Together]:
        """What lay with a product in most baskets of the build."""
        if "baskets.at" not in self._arrays:  # a model from before baskets were an index
            return []
        parts = (self._arrays[f"baskets.{part}"] for part in Baskets._fields)
        return Baskets(*parts).with_product(number, limit)

    def figures_of(self, kind: str, seeds: Sequence[int], products: Sequence[int]) -> Sequence[tuple[int, float]]:
        """(in how many orders or visits of the build the pair occurs, the lift) of each seed and the product in its
        place, which evidence of this kind joins; empty where the model is from before there was an index of it."""
        sequences = self._evidence.sequences.get(INDEX_OF_KIND[kind])
        if sequences is None:
            return ()
        return pair_figures(sequences, seeds, products, MOST)

    def shoppers_of(self, number: int) -> int:
        """How many shoppers had to do with a product, up to the build."""
        return int(self._shoppers[number]) if number < len(self._shoppers) else 0

    def cold(self, seeds: Int32) -> bool:
        """Whether there are seeds, and the model has no event of any of them."""
        known, size = self._known, self.size
        return len(seeds) > 0 and not any(seed < size and known[seed] for seed in seeds.tolist())

    def lacks(self, size: int) -> bool:
        """Whether products with numbers below `size` are not folded in yet."""
        return size > self._products_through

    def take_products(self, products: Sequence[Mapping[str, Any]], recent: Sequence[int], size: int) -> None:
        """Fold in `products`, which came after the build, as content neighbours of all others (see overlay_for), and
        let those of the `recent` numbers that have no events yet stand where products like them stand."""
        table = self.overlay_for(products, size)
        rows = {
            number: self._alike(table, number) for number in recent if number >= self.size or not self._known[number]
        }
        fallback, features = self._arrays["fallback.items"], self._arrays["item_features"]
        newcomers = estimate(
            {number: row for number, row in rows.items() if len(row[0])}, self._popularity, fallback, features
        )
        popular = self._evidence.rankings["popular"]
        self._of_products = Evidence(
            {} if table is None else {"content": table},
            {},
            {"popular": merged(*popular, newcomers)} if newcomers else {},
        )
        self.fallback, self._features = with_newcomers(fallback, newcomers), with_features(features, newcomers)
        self.newcomers = frozenset(newcomers)
        self._products_through = size
        self._renew()

    def _alike(self, table: Neighbours | None, number: int) -> tuple[Int32, Float32]:
        """What products with events are like a product, and how much."""
        source = self._evidence.tables["content"] if number < self.size else table
        items, values = (np.empty(0, np.int32), np.empty(0, np.float32)) if source is None else source.row(number)
        with_events = (
            self._known[np.minimum(items, self.size - 1)] & (items < self.size)
            if self.size
            else np.zeros(len(items), bool)
        )
        return items[with_events], values[with_events]

    def take_events(self, news: News, numbers: Int64, through: str, size: int) -> None:
        """Fold in what shoppers did after the build; through: the name of the newest event in the feed. See
        overlay.fold.
        """
        self._of_events = fold(news, numbers, self._arrays, max(self.size, size))
        self._events_through = through if len(news.products) else ""
        self._renew()

    @property
    def holds_events(self) -> bool:
        """Whether events that came after the build are folded in."""
        return bool(self._events_through)

    def _renew(self) -> None:
        self.ranker = ranker_of(self._features, self._evidence, self._of_products, self._of_events)
        self.folded = f"{self._products_through},{self._events_through}"

    def overlay_for(self, products: Sequence[Mapping[str, Any]], size: int) -> Neighbours | None:
        """Content neighbours between `products` (rows with number >= self.size) and all, both ways; None when there are
        none.

        size: product numbers in use now, or fewer where some of `products` are newer than that.
        About a millisecond a product at 10,000 products; call it off the loop.
        """
        if not products or not len(self._idf):
            return None
        new = vectors_of(products, self._terms, self._idf)
        old = similar(new, self._vectors, len(self._idf), OVERLAY_NEIGHBOURS, same=False)
        among = similar(new, new, len(self._idf), OVERLAY_NEIGHBOURS, same=True)
        numbers = np.array([product["number"] for product in products], np.int32)
        size = max(size, int(numbers.max()) + 1)
        ahead = np.repeat(numbers, np.diff(old.indptr))
        between = np.repeat(numbers, np.diff(among.indptr))
        rows = np.concatenate([ahead, old.indices, between])
        columns = np.concatenate([old.indices, ahead, numbers[among.indices]])
        values = np.concatenate([old.data, old.data, among.data])
        return Neighbours(_by_row(rows, columns, values, size), size)


def _by_row(rows: Int32, columns: Int32, values: Float32, size: int) -> CSR:
    """Triplets as a CSR, each row best first."""
    order = np.lexsort((columns, -values, rows))
    indptr = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=size), out=indptr[1:])
    return CSR(indptr, columns[order].astype(np.int32), values[order])
