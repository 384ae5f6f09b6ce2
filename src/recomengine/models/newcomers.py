"""Where products without an event stand in the popular lists: among those like them.

A newcomer would never be seen where lists go by popularity, and so never become popular. It is taken to be as wanted as the
products with events that are like it by content, on average.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from recomengine._core.csr import Float32, Int32


class Place(NamedTuple):
    """popularity: as recent counts; behind: so many products of the fallback come before it."""

    popularity: float
    behind: float


def estimate(alike: Mapping[int, tuple[Int32, Float32]], popularity: Float32, fallback: Int32) -> dict[int, Place]:
    """Of each newcomer, by the products like it (numbers, likeness > 0): their mean popularity and place in the fallback."""
    places = np.full(len(popularity), len(fallback))
    places[fallback] = np.arange(len(fallback))
    found = {}
    for number, (items, likeness) in alike.items():
        found[number] = Place(float(np.average(popularity[items], weights=likeness)), float(np.average(places[items], weights=likeness)))
    return found


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
