from recomengine._core.csr import Int32
from recomengine._core.sources import Sequences

def pair_figures(sequences: Sequences, ones: Int32, others: Int32, newest: int) -> tuple[list[int], list[float]]:
    """Of each pair (ones[k], others[k]) how many sequences hold both, and the lift to 3 places. Of the one its newest
    `newest` sequences are looked at. What the sequences do not know occurs in none; where none holds both, the lift is
    0.

    ones, others int32, as many of each. Raises ValueError on other types or lengths, and where newest < 1.
    """
