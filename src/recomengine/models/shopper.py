"""A shopper at one moment, and what the evidence starts from then. The same for a request and for a case of the
backtest.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32, Int64
from recomengine._core.history import purchases, seeds
from recomengine.models.histories import DISLIKE, PURCHASE, TYPE_WEIGHTS

STEEP, GENTLE, FLAT = 0, 1, 2
DECAYS = np.array([0.6, 0.9, 1.0])
"""How much a seed counts for each occasion that came after it, by profile."""
BEFORE = len(DECAYS)
"""So many profiles further on stand those of what was done before the page or the visit at hand."""
OWN_DECAY = 0.9
HOME_SEEDS, SESSION_SEEDS, BEFORE_SEEDS = 50, 20, 30
BROWSING = frozenset(np.flatnonzero(TYPE_WEIGHTS > 0).tolist()) - {PURCHASE}
"""Codes of the types of events that a visit is made of. Purchases alone are more history."""
PAGES = ("product", "cart")
"""The contexts of pages with products of their own."""
HOMES = frozenset(("home", "home_new"))
KNOWN = "_known"
"""Ends the names of contexts of a page, or a visit, where the shopper did something before it."""
IN_SESSION = "_in_session"
"""Ends the names of the weights of a home where a visit is weighed by what is known of homes."""
NO_ITEMS = np.empty(0, np.int32)
NO_WEIGHTS = np.empty(0, np.float32)


class Shopper(NamedTuple):
    """Events newest first: product numbers, codes of types, times, order or session; `session`: how many belong to the
    running session, 0 where none runs. That a type does not occur is told sooner by bytes than by a mask.
    """

    items: Int32
    types: NDArray[np.uint8]
    times_ms: Int64
    groups: Int64
    session: int

    @property
    def purchased(self) -> Int32:
        if PURCHASE not in self.types.tobytes():
            return NO_ITEMS
        bought: Int32 = self.items[self.types == PURCHASE]
        return bought

    @property
    def disliked(self) -> Int32:
        if DISLIKE not in self.types.tobytes():
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
    """What `rank` takes of a request. context: home, session, product or cart; weighed_as: whose weights it takes, one
    of models.cases.CONTEXTS or of a home with IN_SESSION; profiles: a row of weights a profile, beside the seeds; here:
    how many of the seeds are the page's or the visit's own, which come first, at home all.
    """

    context: str
    weighed_as: str
    seeds: Int32
    profiles: Float32
    here: int
    own_items: Int32
    own_weights: Float32
    shopper: Shopper

    @property
    def at_hand(self) -> Int32:
        """The seeds without those of before the page or the visit."""
        return self.seeds[: self.here]

    @property
    def on_page(self) -> Int32:
        """The products that are the page's, and so no news there."""
        return self.at_hand if self.context in PAGES else NO_ITEMS


def moment(page: str, products: Int32, shopper: Shopper, learned: Set[str] = frozenset()) -> Moment:
    """The page's own products where it has any; else the running visit of a shopper who looks around; beside them what
    the shopper did before, where weights were learned for it; else all that is known of the shopper. learned: contexts
    whose weights were learned from cases.
    """
    if len(products):
        return _on_page("cart" if page == "cart" else "product", products, shopper, learned)
    if shopper.session and not BROWSING.isdisjoint(shopper.types[: shopper.session].tobytes()):
        return _in_session(shopper, learned)
    return _at_home("home", "home", shopper._replace(session=0))


def _on_page(context: str, products: Int32, shopper: Shopper, learned: Set[str]) -> Moment:
    if context + KNOWN in learned and len(shopper.items):
        before, of_before = _seeds(shopper, BEFORE_SEEDS, products.tolist())
        if len(before):
            seeds, profiles = np.concatenate([products, before]), _in_rows(_alike(products), of_before)
            return Moment(context, context + KNOWN, seeds, profiles, len(products), *_own(shopper), shopper)
    return Moment(context, context, products, _in_rows(_alike(products)), len(products), NO_ITEMS, NO_WEIGHTS, NOBODY)


def _in_session(shopper: Shopper, learned: Set[str]) -> Moment:
    before, of_before = NO_ITEMS, None
    if shopper.session == len(shopper.items):
        seeds, profiles = _seeds(shopper, SESSION_SEEDS)
    else:
        seeds, profiles = _seeds(_part(shopper, slice(shopper.session)), SESSION_SEEDS)
        before, of_before = _seeds(_part(shopper, slice(shopper.session, None)), BEFORE_SEEDS, seeds.tolist())
    here, weighed_as = len(seeds), "session" + KNOWN if len(before) else "session"
    if weighed_as not in learned and not HOMES.isdisjoint(learned):
        return _at_home("session", "home" + IN_SESSION, shopper)
    if weighed_as not in learned or not len(before):
        return Moment("session", "session", seeds, _in_rows(profiles), here, *_own(shopper), shopper)
    both = np.concatenate([seeds, before])
    return Moment("session", weighed_as, both, _in_rows(profiles, of_before), here, *_own(shopper), shopper)


def _at_home(context: str, weighed_as: str, shopper: Shopper) -> Moment:
    seeds, profiles = _seeds(shopper, HOME_SEEDS)
    return Moment(context, weighed_as, seeds, _in_rows(profiles), len(seeds), *_own(shopper), shopper)


def _part(shopper: Shopper, span: slice) -> Shopper:
    items, types, times_ms, groups, _ = shopper
    return Shopper(items[span], types[span], times_ms[span], groups[span], 0)


def _own(shopper: Shopper) -> tuple[Int32, Float32]:
    items, types, times_ms, groups, _ = shopper
    return purchases(items, types, times_ms, groups, decay=OWN_DECAY, purchase=PURCHASE)


def _alike(products: Int32) -> Float32:
    return np.ones((BEFORE, len(products)), np.float32)


def _in_rows(here: Float32, before: Float32 | None = None) -> Float32:
    """A row a profile: the first BEFORE rows weigh the seeds at hand, the others those of before."""
    at_hand = here.shape[1]
    if before is None:
        rows = np.zeros((2 * BEFORE, at_hand), np.float32)
        rows[:BEFORE] = here
        return rows
    rows = np.zeros((2 * BEFORE, at_hand + before.shape[1]), np.float32)
    rows[:BEFORE, :at_hand], rows[BEFORE:, at_hand:] = here, before
    return rows


def _seeds(shopper: Shopper, limit: int, left_out: Sequence[int] = ()) -> tuple[Int32, Float32]:
    """(seeds, a row of weights a decay); without seeds the rows have one weight. left_out: products that are none."""
    items, types, times_ms, groups, _ = shopper
    found, weights = seeds(
        items, types, times_ms, groups, weight_by_type=TYPE_WEIGHTS, decays=DECAYS, limit=limit, purchase=PURCHASE
    )
    if not left_out:
        return found, weights
    kept = [at for at, item in enumerate(found.tolist()) if item not in left_out]
    return found[kept], weights[:, kept]
