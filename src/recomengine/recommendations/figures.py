"""What there is to count behind each line of a list: looked up for the lines that are returned, and for no others.

Of evidence that joins a seed with a product, the orders or visits that hold both, and the lift (models/together.py); of
the shopper's own, how many times they did it; of what is in demand, how many shoppers had to do with it. Content and
days count nothing. Cost: one call of a kernel for each kind of pairs in the list, some microseconds.
"""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from recomengine.models.histories import PURCHASE, VIEW
from recomengine.models.model import Model
from recomengine.models.shopper import Shopper
from recomengine.models.sources import BUY_AGAIN, POPULAR, TRENDING
from recomengine.models.together import INDEX_OF_KIND
from recomengine.recommendations.named import VIEWED
from recomengine.recommendations.ranked import Ranked

Figures = tuple[int | UnsetType, float | UnsetType]
NO_FIGURES: Figures = (UNSET, UNSET)
TYPE_OF_OWN = {BUY_AGAIN.name: PURCHASE, VIEWED.name: VIEW}
IN_DEMAND = {POPULAR.name, TRENDING.name}


def figures_of(ranked: Ranked, model: Model | None, shopper: Shopper) -> list[Figures]:
    """(count, lift) of each line; both unset where nothing was counted."""
    figures = [NO_FIGURES] * len(ranked.products)
    kinds = [source.kind.name for source in ranked.sources]
    for kind in set(kinds):
        places = [place for place, each in enumerate(kinds) if each == kind]
        if kind in INDEX_OF_KIND and model is not None:
            _put_pairs(figures, kind, places, ranked, model)
        elif kind in TYPE_OF_OWN:
            for place in places:
                figures[place] = _counted(_times(shopper, ranked.products[place], TYPE_OF_OWN[kind]))
        elif kind in IN_DEMAND and model is not None:
            for place in places:
                figures[place] = _counted(model.shoppers_of(ranked.products[place]))
    return figures


def _put_pairs(figures: list[Figures], kind: str, places: Sequence[int], ranked: Ranked, model: Model) -> None:
    seeds, products = [ranked.seeds[at] for at in places], [ranked.products[at] for at in places]
    for place, found in zip(places, model.figures_of(kind, seeds, products), strict=False):  # or of no place
        if found[0]:
            figures[place] = found


def _counted(count: int) -> Figures:
    return (count, UNSET) if count else NO_FIGURES


def _times(shopper: Shopper, product: int, event_type: int) -> int:
    """Events of one moment, such as lines of one order, are one time."""
    return len(set(shopper.times_ms[(shopper.items == product) & (shopper.types == event_type)].tolist()))
