"""Where products without an event stand in the popular lists: among those like them.

A newcomer would never be seen where lists go by popularity, and so never become popular. It is taken to be as wanted as
the products with events that are like it by content, on average.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32


class Place(NamedTuple):
    """popularity: as recent counts; behind: so many products of the fallback come before it; features: as the model has
    them of others.
    """

    popularity: float
    behind: float
    features: Float32


def estimate(
    alike: Mapping[int, tuple[Int32, Float32]], popularity: Float32, fallback: Int32, features: Float32
) -> dict[int, Place]:
    """Of each newcomer, by the products like it (numbers, likeness > 0): the mean of what is known of them."""
    places = np.full(len(popularity), len(fallback))
    places[fallback] = np.arange(len(fallback))

    def mean(values: NDArray[Any], items: Int32, likeness: Float32) -> Any:
        return np.average(values[items], axis=0, weights=likeness)

    return {
        number: Place(
            float(mean(popularity, *found)), float(mean(places, *found)), mean(features, *found).astype(np.float32)
        )
        for number, found in alike.items()
    }


def with_features(features: Float32, newcomers: Mapping[int, Place]) -> Float32:
    """Item features with those of the newcomers, for as many products as they need."""
    if not newcomers:
        return features
    extended = np.zeros((max(len(features), max(newcomers) + 1), features.shape[1]), np.float32)
    extended[: len(features)] = features
    for number, place in newcomers.items():
        extended[number] = place.features
    return extended


def merged(items: Int32, scores: Float32, newcomers: Mapping[int, Place]) -> tuple[Int32, Float32]:
    """A ranking with the newcomers in it, highest first, ties by number."""
    numbers = np.concatenate([items, np.array(list(newcomers), np.int32)])
    values = np.concatenate([scores, np.array([place.popularity for place in newcomers.values()], np.float32)])
    order = np.lexsort((numbers, -values))
    return numbers[order], values[order]


def with_newcomers(fallback: Int32, newcomers: Mapping[int, Place]) -> Int32:
    numbers = np.concatenate([fallback, np.array(list(newcomers), np.int32)])
    places = np.concatenate([np.arange(len(fallback)), np.array([place.behind for place in newcomers.values()])])
    return numbers[np.lexsort((numbers, places))]
