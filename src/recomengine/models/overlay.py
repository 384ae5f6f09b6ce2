"""What came after the build, folded into a served model until the next one: new products, and what shoppers did since.

Tables that are sums over events take the new events' sums beside their own, as the next build will: `sequence`,
`transition`, `confidence`, `affinity`. New sessions and baskets are searched like old ones. What is no sum (cosine,
EASE) and what tests a whole shop's figures (`together`) waits for the build.

A shopper counts here with their newest PER_SHOPPER products, each once: whoever repeats a pair a hundred times has said
it once.
"""

from array import array
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int64
from recomengine.events.feed import Fed
from recomengine.models.evidence import NOTHING, Evidence, folded
from recomengine.models.grouping import Grouped
from recomengine.models.histories import CODE_OF_TYPE, NO_GROUP, NO_HISTORIES, PURCHASE, Histories

PER_SHOPPER = 50
MAX_FOLDED = 10_000
"""Newest events that are folded; a shop with more of them between two builds has them in the next one."""


class News(NamedTuple):
    """Events in columns, oldest first; shopper, product and group are codes of their own."""

    created_ms: Int64
    times_ms: Int64
    types: Int64
    shoppers: Int64
    products: Int64
    groups: Int64


class NewsLog:
    """The newest MAX_FOLDED events and a few more, as they come in from a feed; they are parsed once."""

    def __init__(self) -> None:
        self._columns = [array("q") for _ in News._fields]
        self._shoppers: dict[str, int] = {}
        self._groups: dict[str, int] = {"": NO_GROUP}
        self.products: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._columns[0])

    def extend(self, events: Iterable[Fed]) -> None:
        for event in events:
            row = (
                event.created_ms, event.timestamp_ms, CODE_OF_TYPE[event.event_type],
                self._shoppers.setdefault(event.user_id, len(self._shoppers)),
                self.products.setdefault(event.product_id, len(self.products)),
                self._groups.setdefault(event.group, len(self._groups)),
            )  # fmt: skip
            for column, value in zip(self._columns, row, strict=True):
                column.append(value)
        if len(self) > 2 * MAX_FOLDED:
            self._columns = [column[-MAX_FOLDED:] for column in self._columns]

    def since(self, created_ms: int, left_out: Set[str] = frozenset()) -> News:
        """A copy of the newest MAX_FOLDED that were stored at created_ms or later, without those of the shoppers
        `left_out`.
        """
        news = News(*(np.array(column[-MAX_FOLDED:], np.int64) for column in self._columns))
        robots = [self._shoppers[user] for user in left_out & self._shoppers.keys()]
        kept = (news.created_ms >= created_ms) & ~np.isin(news.shoppers, robots)
        return News(*(column[kept] for column in news))


def fold(news: News, numbers: Int64, arrays: Mapping[str, NDArray[Any]], size: int) -> Evidence:
    """The evidence of `news` beside that of a model's `arrays`.

    numbers: of each code of a product its number, -1 for one unknown; size: product numbers in use, those of all events
    among them. Some 15 ms for MAX_FOLDED events in a catalog of 10,000 products; call it off the loop.
    """
    happened = _histories(news, numbers)
    if not len(happened.items):
        return NOTHING
    return folded(Grouped(happened, max(size, int(happened.items.max()) + 1), arrays))


def number_codes(products: Mapping[str, int], number_of: Callable[[str], int]) -> Int64:
    """Of each code of a product its number."""
    return np.array([number_of(product_id) for product_id in products], np.int64)


def _histories(news: News, numbers: Int64) -> Histories:
    """The newest PER_SHOPPER products of each shopper, each once, and apart from that once more as bought."""
    if not len(news.products):
        return NO_HISTORIES
    items = numbers[news.products]
    age = np.arange(len(items))[::-1]  # the newest is 0
    bought = news.types == PURCHASE
    rows = np.lexsort((age, bought, items, news.shoppers))
    again = np.zeros(len(rows), bool)
    again[1:] = np.all([column[rows[1:]] == column[rows[:-1]] for column in (news.shoppers, items, bought)], axis=0)
    rows = rows[~again & (items[rows] >= 0)]
    rows = rows[np.lexsort((age[rows], news.shoppers[rows]))]
    _, starts, counts = np.unique(news.shoppers[rows], return_index=True, return_counts=True)
    rows = rows[np.arange(len(rows)) - np.repeat(starts, counts) < PER_SHOPPER]
    rows = rows[
        np.lexsort((news.groups[rows], items[rows], news.types[rows], news.times_ms[rows], news.shoppers[rows]))
    ]
    shoppers, counts = np.unique(news.shoppers[rows], return_counts=True)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    types, numbered = news.types[rows].astype(np.uint8), items[rows].astype(np.int32)
    return Histories([""] * len(shoppers), indptr, numbered, types, news.times_ms[rows], news.groups[rows])
