"""A tenant's events as flat arrays, shopper by shopper, oldest first: what every part of a build reads."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64
from recomengine.infra.database import Connection
from recomengine.models import queries

WEIGHT_OF_KIND = {"impression": 0.0, "click": 1.0, "view": 1.0, "add_to_cart": 3.0, "remove_from_cart": 0.0, "wishlist": 3.0, "purchase": 5.0}
KINDS = ("impression", "click", "view", "add_to_cart", "remove_from_cart", "wishlist", "purchase")
"""Kinds of event that concern a product; a kind's code is its position."""
KIND_WEIGHTS = np.array([WEIGHT_OF_KIND[kind] for kind in KINDS], np.float32)
"""How much an event of each kind says of a shopper's interest."""
IMPRESSION, CLICK, VIEW = KINDS.index("impression"), KINDS.index("click"), KINDS.index("view")
ADD_TO_CART, PURCHASE = KINDS.index("add_to_cart"), KINDS.index("purchase")
EPOCH_2000_MS = 946_684_800_000
DAY_MS = 86_400_000
NO_GROUP = 0


class Histories(NamedTuple):
    """User u did kinds[indptr[u]:indptr[u+1]] with items[…] at times_ms[…] within the order or session groups[…]."""

    users: list[str]
    indptr: Int64
    items: Int32
    kinds: NDArray[np.uint8]
    times_ms: Int64
    groups: Int64

    @property
    def owners(self) -> Int64:
        """The user number of each event."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.indptr))

    @property
    def newest_ms(self) -> int:
        return int(self.times_ms.max()) if len(self.times_ms) else 0


async def read_histories(connection: Connection, tenant_id: UUID, through: datetime) -> Histories:
    rows = await queries.load_histories(connection, tenant_id, through, KINDS)
    return unpack(rows)


def unpack(rows: "list[Any]") -> Histories:
    """Rows of packed columns to arrays; events of a user in the order of time, then of kind."""
    indptr = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([row["events"] for row in rows], out=indptr[1:])
    items = _column(rows, "numbers", ">i4").astype(np.int32)
    kinds = (_column(rows, "kinds", ">i2") - 1).astype(np.uint8)
    times_ms = _column(rows, "times", ">i8").astype(np.int64) // 1000 + EPOCH_2000_MS
    groups = _column(rows, "groups", ">i8").astype(np.int64)
    owners = np.repeat(np.arange(len(rows)), np.diff(indptr))
    order = np.lexsort((items, kinds, times_ms, owners))
    return Histories([row["user_id"] for row in rows], indptr, items[order], kinds[order], times_ms[order], groups[order])


def _column(rows: "list[Any]", name: str, dtype: str) -> NDArray[Any]:
    return np.frombuffer(b"".join([row[name] for row in rows]), dtype)


def choose(histories: Histories, chosen: NDArray[np.bool_]) -> Histories:
    """The same shoppers with only the `chosen` events."""
    indptr = np.concatenate([[0], np.cumsum(chosen)])[histories.indptr].astype(np.int64)
    return Histories(
        histories.users, indptr, histories.items[chosen], histories.kinds[chosen], histories.times_ms[chosen], histories.groups[chosen]
    )


def newest_per_user(histories: Histories, limit: int) -> tuple[Int64, NDArray[np.bool_]]:
    """What stays known of each user: (indptr of the kept, mask over the events).

    The last `limit` events other than impressions, which say nothing of the user and would push the rest out; and every
    purchase, since what was bought stays bought.
    """
    counted = histories.kinds != IMPRESSION
    so_far = np.concatenate([[0], np.cumsum(counted)])
    left = np.repeat(so_far[histories.indptr[1:]], np.diff(histories.indptr)) - so_far[1:]
    kept = counted & ((left < limit) | (histories.kinds == PURCHASE))
    indptr = np.concatenate([[0], np.cumsum(kept)])[histories.indptr].astype(np.int64)
    return indptr, kept
