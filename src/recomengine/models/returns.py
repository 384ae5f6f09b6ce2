"""What was returned counts no longer as bought: such purchases, and the returns themselves, are no part of a build.

A return takes back the purchases of its product in its order, by whichever of the shopper's ids, unless a part of them
was kept; the quantities are in the database alone (`queries.partly_returned`). A return without an order, or of one
that is not known, takes back the shopper's newest purchase of the product before it. What is in the archive counts,
too: the log of events holds it, and only its quantities are forgotten.
Cost: one pass over the events, and for each return of no known order one over its shopper's.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int64
from recomengine.models.histories import NO_GROUP, PURCHASE, RETURN, Histories, choose

SPREAD = 0x9E3779B97F4A7C15
"""An odd number (Knuth's multiplier of 64 bits), so that no two products of one order share a key."""


def without_returned(histories: Histories, partly: Sequence[tuple[int, int]]) -> Histories:
    """The same shoppers without what they returned. partly: (product, order) of which something was kept."""
    returns = histories.types == RETURN
    if not returns.any():
        return histories
    bought = histories.types == PURCHASE
    lines = _lines(histories.items, histories.groups)
    grouped = histories.groups != NO_GROUP
    kept_lines = np.array(partly, np.int64).reshape(-1, 2)
    kept = np.isin(lines, _lines(kept_lines[:, 0], kept_lines[:, 1]))
    known = returns & grouped & np.isin(lines, lines[bought & grouped])
    gone = bought & grouped & np.isin(lines, lines[known & ~kept])
    for position in np.flatnonzero(returns & ~known).tolist():
        _take_newest(histories, gone, bought, position)
    return choose(histories, ~(gone | returns))


def _lines(items: "NDArray[np.int32] | Int64", groups: Int64) -> NDArray[np.uint64]:
    """A key of each product of an order."""
    spread: NDArray[np.uint64] = items.astype(np.uint64) * np.uint64(SPREAD)
    return spread ^ groups.astype(np.uint64)


def _take_newest(histories: Histories, gone: NDArray[np.bool_], bought: NDArray[np.bool_], position: int) -> None:
    """Mark the newest purchase before the return at `position` that no other return took back."""
    owner = int(np.searchsorted(histories.indptr, position, side="right")) - 1
    past = slice(int(histories.indptr[owner]), position)
    of_product = histories.items[past] == histories.items[position]
    candidates = np.flatnonzero(bought[past] & ~gone[past] & of_product)
    if len(candidates):
        gone[past.start + candidates[-1]] = True
