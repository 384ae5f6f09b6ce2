from collections.abc import Sequence

from recomengine._core.sources import Sequences

def pair_figures(
    sequences: Sequences, ones: Sequence[int], others: Sequence[int], newest: int
) -> list[tuple[int, float]]:
    """Of each pair (ones[k], others[k]) how many sequences hold both, and the lift to 3 places. Of the one its newest
    `newest` sequences are looked at. What the sequences do not know occurs in none; where none holds both, the lift is
    0.

    ones, others: as many of each. Raises ValueError on other lengths, and where newest < 1; OverflowError and TypeError
    on what is no int32.
    """
