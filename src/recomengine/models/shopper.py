"""A shopper at one moment, and what the evidence starts from then. The same for a request and for a case of the
backtest.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32, Int64
from recomengine._core.history import purchases, seeds
from recomengine.models.histories import DISLIKE, PURCHASE, TYPE_WEIGHTS

STEEP, GENTLE, FLAT = 0, 1, 2
DECAYS = np.array([0.6, 0.9, 1.0])
"""How much a seed counts for each occasion that came after it, by profile."""
OWN_DECAY = 0.9
HOME_SEEDS, SESSION_SEEDS = 50, 20
BROWSING = frozenset(np.flatnonzero(TYPE_WEIGHTS > 0).tolist()) - {PURCHASE}
"""Codes of the types of events that a session is made of. Purchases alone are more history."""
PAGES = ("product", "cart")
"""The contexts of pages with products of their own."""
NO_ITEMS = np.empty(0, np.int32)
NO_WEIGHTS = np.empty(0, np.float32)


class Shopper(NamedTuple):
    """Events newest first: product numbers, codes of types, times, order or session; `session`: how many belong to the
    running session, 0 where none runs.
    """

    items: Int32
    types: NDArray[np.uint8]
    times_ms: Int64
    groups: Int64
    session: int

    @property
    def purchased(self) -> Int32:
        bought: Int32 = self.items[self.types == PURCHASE]
        return bought

    @property
    def disliked(self) -> Int32:
        if DISLIKE not in self.types.tobytes():  # of nearly everybody, and told sooner than by a mask
            return NO_ITEMS
        not_liked: Int32 = self.items[self.types == DISLIKE]
        return not_liked


NOBODY = Shopper(NO_ITEMS, np.empty(0, np.uint8), np.empty(0, np.int64), np.empty(0, np.int64), 0)


def without_disliked(shopper: Shopper) -> Shopper:
    """The same shopper, with nothing known of products that they dislike but that."""
    disliked = shopper.disliked
    if not len(disliked):
        return shopper
    kept = ~np.isin(shopper.items, disliked) | (shopper.types == DISLIKE)
    items, types, times_ms, groups, session = shopper
    return Shopper(items[kept], types[kept], times_ms[kept], groups[kept], int(kept[:session].sum()))


class Moment(NamedTuple):
    """What `rank` takes of a request. context: home, session, product or cart; profiles: a row of weights a profile,
    beside the seeds.
    """

    context: str
    seeds: Int32
    profiles: Float32
    own_items: Int32
    own_weights: Float32
    shopper: Shopper

    @property
    def on_page(self) -> Int32:
        """The products that are the page's, and so no news there."""
        return self.seeds if self.context in PAGES else NO_ITEMS


def moment(page: str, products: Int32, shopper: Shopper) -> Moment:
    """The page's own products where it has any; else the running session of a shopper who looks around; else all that
    is known of the shopper.
    """
    if len(products):
        alike = np.ones((len(DECAYS), len(products)), np.float32)
        return Moment("cart" if page == "cart" else "product", products, alike, NO_ITEMS, NO_WEIGHTS, NOBODY)
    items, types, times_ms, groups, session = shopper
    own_items, own_weights = purchases(items, types, times_ms, groups, decay=OWN_DECAY, purchase=PURCHASE)
    if session and not BROWSING.isdisjoint(types[:session].tobytes()):
        recent = Shopper(items[:session], types[:session], times_ms[:session], groups[:session], session)
        seeds, profiles = _seeds(recent, SESSION_SEEDS)
        return Moment("session", seeds, profiles, own_items, own_weights, shopper)
    seeds, profiles = _seeds(shopper, HOME_SEEDS)
    return Moment("home", seeds, profiles, own_items, own_weights, shopper._replace(session=0))


def _seeds(shopper: Shopper, limit: int) -> tuple[Int32, Float32]:
    items, types, times_ms, groups, _ = shopper
    return seeds(
        items, types, times_ms, groups, weight_by_type=TYPE_WEIGHTS, decays=DECAYS, limit=limit, purchase=PURCHASE
    )
