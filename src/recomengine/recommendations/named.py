"""Named lists: products in a plain order, which no weights decide on, with the filters of any request.

recently_viewed: what the shopper looked at, newest first. buy_again: what they bought, newest first. new_arrivals: the
catalog, newest day first, the more popular of one day before the others. popular: by popularity lately.

What a list does not fill is filled up by popularity. Cost: of new_arrivals a sort of the catalog by 16-bit days, of the
others next to nothing.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from recomengine._core.csr import Int32
from recomengine.catalog.live import LiveCatalog
from recomengine.models.histories import CLICK, VIEW
from recomengine.models.model import Model
from recomengine.models.shopper import NO_ITEMS, Shopper
from recomengine.models.sources import BUY_AGAIN, FILLING, PLACE, SOURCES, EvidenceKind, EvidenceSource

VIEWED = EvidenceKind("recently_viewed", "recently_viewed", "", "looked at lately", "You looked at this lately")
NEW = EvidenceKind("new", "new_arrivals", "", "newest in the catalog", "Among the newest in this shop")
OWN = SOURCES[PLACE["own"]]


class NamedList(NamedTuple):
    """source: what its products stand there for. order: product numbers, the first first; any of them more than once,
    and any that the catalog has no longer."""

    source: EvidenceSource
    order: Callable[[Shopper, LiveCatalog, Model | None], Int32]


def recently_viewed(shopper: Shopper, _catalog: LiveCatalog, _model: Model | None) -> Int32:
    viewed: Int32 = shopper.items[(shopper.types == VIEW) | (shopper.types == CLICK)]
    return viewed


def bought_before(shopper: Shopper, _catalog: LiveCatalog, _model: Model | None) -> Int32:
    return shopper.purchased


def newest(_shopper: Shopper, catalog: LiveCatalog, model: Model | None) -> Int32:
    popular = by_popularity(_shopper, catalog, model)
    products = np.concatenate([popular[popular < catalog.size], np.arange(catalog.size, dtype=np.int32)[::-1]])
    return products[np.argsort(-catalog.arrived_days[products], kind="stable")]


def by_popularity(_shopper: Shopper, _catalog: LiveCatalog, model: Model | None) -> Int32:
    return model.fallback if model else NO_ITEMS


NAMED_LISTS = {
    "recently_viewed": NamedList(OWN._replace(name="recently_viewed", kind=VIEWED), recently_viewed),
    "buy_again": NamedList(OWN._replace(name="buy_again", kind=BUY_AGAIN), bought_before),
    "new_arrivals": NamedList(FILLING._replace(name="new_arrivals", kind=NEW), newest),
    "popular": NamedList(FILLING._replace(name="bestsellers"), by_popularity),
}
