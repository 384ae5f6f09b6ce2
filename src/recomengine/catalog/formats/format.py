"""What is known of a system's export: by which columns it is told, and what they mean."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from recomengine.catalog.category_cells import LEVELS
from recomengine.files.header import Names

Words = Mapping[str, bool]
Cells = Mapping[str, str]
"""The cells of a row by their columns' plain names, without outer blanks."""


class Family(NamedTuple):
    """A row's part in a product that is made of several."""

    role: Literal["alone", "head", "variant", "translation"] = "alone"
    """translation: it repeats the row before it in another language."""
    parent: str = ""
    """Of a variant, the head's id where the row says it."""
    children: Sequence[str] = ()
    """Of a head, its variants' ids where the row says them."""
    hidden: bool = False
    """Of a variant, that shoppers never see it by itself."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """All names and words are as files/cells.py: plain has them. `names` come behind the fields' own names, and before
    those of everybody.
    """

    name: str
    title: str
    """As the report says it."""
    marks: frozenset[str] = frozenset()
    """Columns that hardly another system has; `least` of them tell the format."""
    least: int = 3
    names: Names = {}
    fallbacks: frozenset[str] = frozenset()
    """Fields whose next column stands in where the best one's cell is empty."""
    listed: Mapping[str, Words] = {}
    """Columns that say whether shoppers may see a product, with their words, without blanks; another word lists it."""
    stock: Callable[[Cells], bool | None] | None = None
    """Whether it can be bought, where several columns say it; None: not said."""
    line_break: str = ""
    """What stands in a description for one."""
    levels: tuple[str, ...] = LEVELS
    several: str = ""
    ignored: re.Pattern[str] = re.compile("(?!)")
    """Columns that say nothing of a product to shoppers."""
    follows: tuple[str, ...] = ()
    """Columns of which one says what rows that follow each other have in common: those of one id are one product, and
    others have from the first what they do not say themselves.
    """
    family: Callable[[Cells], Family] | None = None
    """What a row is among rows that name each other."""
