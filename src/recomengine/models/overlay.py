"""What came after the build, folded into a served model until the next one: new products, and what shoppers did since.

Tables that are sums over events take the new events' sums beside their own, as the next build will: `sequence`, `transition`,
`confidence`, `affinity`. New sessions and baskets are searched like old ones. What is no sum (cosine, EASE) and what tests a
whole shop's figures (`together`) waits for the build.

A shopper counts here with their newest PER_SHOPPER products, each once: whoever repeats a pair a hundred times has said it once.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int64
from recomengine._core.sequences import following_topk
from recomengine._core.sources import Neighbours, Sequences
from recomengine.events.feed import Fed
from recomengine.models.evidence import (
    AFFINITY,
    CONFIDENCE,
    MIN_BASKETS,
    MIN_ORDERS,
    NEIGHBOURS,
    Evidence,
    baskets,
    damped_confidence,
    index_of,
    sequences_of,
)  # fmt: skip
from recomengine.models.histories import KINDS, NO_GROUP, NO_HISTORIES, Histories

PER_SHOPPER = 50
MAX_FOLDED = 10_000
"""Newest events that are folded; a shop with more of them between two builds has them in the next one."""
CODE_OF_KIND = {kind: code for code, kind in enumerate(KINDS)}
PURCHASE = "purchase"
NOTHING = Evidence({}, {}, {})


def fold(events: Sequence[Fed], number_of: Callable[[str], int], arrays: Mapping[str, NDArray[Any]], size: int) -> Evidence:
    """The evidence of `events` (oldest first) beside that of a model's `arrays`.

    number_of: product numbers, -1 for those unknown; size: product numbers in use, those of all events among them.
    About 60 ms for MAX_FOLDED events in a catalog of 10,000 products; call it off the loop.
    """
    happened = _histories(events, number_of)
    if not len(happened.items):
        return NOTHING
    size = max(size, int(happened.items.max()) + 1)
    indptr, items = sequences_of(happened)
    found = baskets(happened, carts=_count(arrays, "baskets") < MIN_ORDERS)
    tables = {
        "sequence": following_topk(indptr, items, size, NEIGHBOURS, threads=1),
        "transition": following_topk(indptr, items, size, NEIGHBOURS, window=1, back=0.0, threads=1),
    }
    if _count(arrays, "baskets") >= MIN_BASKETS:
        holding = _holding(arrays, "baskets", size) + np.bincount(found.indices, minlength=size)
        tables["confidence"] = damped_confidence(found, size, holding, **CONFIDENCE)
        tables["affinity"] = damped_confidence(found, size, holding, **AFFINITY)
    sequences = {
        "sessions": index_of(indptr, items, size, _count(arrays, "sessions"), _holding(arrays, "sessions", size)),
        "baskets": index_of(found.indptr, found.indices, size, _count(arrays, "baskets"), _holding(arrays, "baskets", size)),
    }
    checked = {name: Neighbours(matrix, size) for name, matrix in tables.items()}
    return Evidence(checked, {name: Sequences(*arrays) for name, arrays in sequences.items()}, {})


def _count(arrays: Mapping[str, NDArray[Any]], name: str) -> int:
    return len(arrays[f"{name}.indptr"]) - 1


def _holding(arrays: Mapping[str, NDArray[Any]], name: str, size: int) -> Int64:
    """How many of the model's sequences hold each product."""
    known: Int64 = np.diff(arrays[f"{name}.at"])
    return np.concatenate([known, np.zeros(max(0, size - len(known)), np.int64)])


def _histories(events: Sequence[Fed], number_of: Callable[[str], int]) -> Histories:
    """The newest PER_SHOPPER products of each shopper, each once, and apart from that once more as bought."""
    users: dict[str, set[tuple[str, bool]]] = {}
    rows: list[tuple[str, int, int, int, int]] = []
    groups: dict[str, int] = {"": NO_GROUP}
    for event in islice(reversed(events), MAX_FOLDED):
        known, what = users.setdefault(event.user_id, set()), (event.product_id, event.event_type == PURCHASE)
        number = number_of(event.product_id)
        if number < 0 or what in known or len(known) >= PER_SHOPPER:
            continue
        known.add(what)
        group = groups.setdefault(event.group, len(groups))
        rows.append((event.user_id, event.timestamp_ms, CODE_OF_KIND[event.event_type], number, group))
    if not rows:
        return NO_HISTORIES
    rows.sort()
    names = sorted({row[0] for row in rows})
    times, kinds, items, of_group = (np.array(column) for column in list(zip(*rows, strict=True))[1:])
    return Histories(names, _starts(rows, names), items.astype(np.int32), kinds.astype(np.uint8), times.astype(np.int64), of_group.astype(np.int64))


def _starts(rows: Sequence[tuple[str, int, int, int, int]], names: Sequence[str]) -> Int64:
    """Where each user's rows begin, and where the last one's end."""
    places = {name: place for place, name in enumerate(names)}
    owners: NDArray[np.int64] = np.array([places[row[0]] for row in rows])
    return np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(names)))]).astype(np.int64)
