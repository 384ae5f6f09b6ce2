"""How far the source `sequence` looks, chosen for each shop among few by the backtest.

What is browsed in one visit is near its neighbours, in both directions; what is bought over months is spread wider, and
rarely bought in the other order. The default stays unless another is better by more than one standard error of the
paired difference over the cases (Breiman et al. 1984: the one-standard-error rule).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FOLLOWING = "sequence.settings"
"""The array of a model that holds them."""


class Following(NamedTuple):
    """As `_core.sequences.following_topk` takes them."""

    window: int
    exponent: float
    back: float


NEAR = Following(10, 1.0, 0.5)
CANDIDATES = (NEAR, Following(20, 0.5, 0.2))
"""The default first."""


def as_array(following: Following) -> NDArray[np.float64]:
    return np.array(following, np.float64)


def following_in(arrays: Mapping[str, NDArray[Any]]) -> Following:
    """A model's; those from before it was chosen have the default."""
    if FOLLOWING not in arrays:
        return NEAR
    window, exponent, back = arrays[FOLLOWING].tolist()
    return Following(int(window), exponent, back)


def chosen(figures: Sequence[NDArray[np.float64]]) -> Following:
    """figures: of each of CANDIDATES, the metric of each case."""
    gains = [values - figures[0] for values in figures]
    clear = [0.0, *(_clear_gain(gain) for gain in gains[1:])]
    return CANDIDATES[int(np.argmax(clear))]


def _clear_gain(gain: NDArray[np.float64]) -> float:
    """The mean where it is more than its standard error, else 0."""
    mean, error = float(gain.mean()), float(gain.std(ddof=1)) / len(gain) ** 0.5
    return mean if mean > error else 0.0
