"""Categories: paths such as Shoes > Running, of which a product may have several, and a code for each set of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64
from recomengine.catalog.markup import without_entities

SEPARATOR = " > "
MAX_MASKS = 1000

Paths = tuple[Int64, Int32]
"""Those of category code c are paths[1][paths[0][c] : paths[0][c + 1]], each a number."""


def parts_of(path: str) -> list[str]:
    """ "Shoes &gt;Running" as Shoes, Running."""
    return [part.strip() for part in without_entities(path).split(">")]


class CategoryCodes:
    """A product has one code, whatever the number of its categories: what goes by category in a request costs one
    look-up a product."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, ...], int] = {}
        self._numbers: dict[str, int] = {}
        self._paths: Paths = (np.zeros(1, np.int64), np.zeros(0, np.int32))
        self._masks: dict[str, NDArray[np.uint8]] = {}

    def code(self, paths: tuple[str, ...]) -> int:
        """paths: each once, the main one first; -1 for none."""
        return self._codes.setdefault(paths, len(self._codes)) if paths else -1

    @property
    def paths(self) -> Paths:
        """As `rank` takes them."""
        if len(self._paths[0]) <= len(self._codes):
            numbers = [[self._numbers.setdefault(path, len(self._numbers)) for path in paths] for paths in self._codes]
            starts = np.cumsum([0, *map(len, numbers)], dtype=np.int64)
            self._paths = starts, np.array([number for each in numbers for number in each], np.int32)
        return self._paths

    def main_paths(self, codes: Int32) -> Int32:
        """The number of the first path of each code, -1 where there is none."""
        starts, numbers = self.paths
        if not len(numbers):
            return codes
        return np.where(codes < 0, np.int32(-1), numbers[starts[np.maximum(codes, 0)]])

    def mask(self, wanted: Sequence[str]) -> NDArray[np.uint8]:
        """One byte a code: 1 where one of its paths is one of those wanted, or below it."""
        masks = [self._mask(SEPARATOR.join(parts_of(path))) for path in wanted]
        return masks[0] if len(masks) == 1 else np.bitwise_or.reduce(masks)

    def _mask(self, path: str) -> NDArray[np.uint8]:
        mask = self._masks.get(path)
        if mask is None or len(mask) < len(self._codes):
            mask = np.array([any(is_below(each, path) for each in paths) for paths in self._codes] or [False], np.uint8)
            if len(self._masks) >= MAX_MASKS:
                self._masks.clear()
            self._masks[path] = mask
        return mask


def is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(above + SEPARATOR)
