"""What a cell may not hold, in words, and how names, lists, links and JSON in cells are read."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from recomengine.web.json_faults import HALF_CHARACTER, lone_surrogate

P = ParamSpec("P")
T = TypeVar("T")
MAX_SHOWN = 40
"""Characters of a cell in a message."""
_LINKS = re.compile(r"(?:https?:)?//[^\s,|;]+|/[^\s,|;]*")

_WITHIN_JSON = re.compile(r'https?:(?:\\?/){2}[^\s"]+')


class Refused(Exception):
    """A cell that cannot be taken. Says why, without the column's name."""


def named(column: str, read: Callable[Concatenate[str, P], T], text: str, *more: P.args, **further: P.kwargs) -> T:
    """`read(text, …)`; what it refuses is refused by the column's name."""
    try:
        return read(text, *more, **further)
    except Refused as refused:
        raise Refused(f"{column.strip()}: {refused}") from None


def shown(cell: str) -> str:
    """A cell as messages show it."""
    return f"'{cell}'" if len(cell) <= MAX_SHOWN else f"'{cell[:MAX_SHOWN]}…' of {len(cell)} characters"


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name or a word as it is compared: without case, blanks, signs, and what stands in parentheses.

    "Body (HTML)" is body, "item_id" itemid, "g:price" price, "In stock?" instock.
    """
    whole = unicodedata.normalize("NFKC", name).strip().casefold().removeprefix("g:")
    outside = "".join(filter(str.isalnum, re.sub(r"\([^)]*\)|\[[^\]]*\]", "", whole)))
    return outside or "".join(filter(str.isalnum, whole))


def first_link(cell: str) -> str:
    """The first of several addresses in a cell, as lists of pictures have them; a cell without one as it is."""
    if cell[:1] in ("[", "{"):  # JSON, such as [{"src": "https://…"}]
        within = _WITHIN_JSON.search(cell)
        return cell if within is None else within[0].replace("\\/", "/")
    found = _LINKS.search(cell)
    return cell if found is None or cell[: found.start()].strip() else found[0]


def text_of(cell: str | list[str] | None) -> str:
    """A cell without outer blanks; of a list, the first that holds something."""
    if isinstance(cell, str):
        return cell.strip()
    return next((text for one in cell or () if (text := one.strip())), "")


def texts_of(cell: str | list[str]) -> list[str]:
    """Those of a list that hold something; of any other cell, itself."""
    return [text for one in ([cell] if isinstance(cell, str) else cell) if (text := one.strip())]


def members_of(cell: str) -> dict[str, msgspec.Raw]:
    """Those of a cell's JSON object, to be decoded where they are checked; raises Refused."""
    try:
        return msgspec.json.decode(cell, type=dict[str, msgspec.Raw])
    except UnicodeEncodeError:
        raise Refused(HALF_CHARACTER) from None
    except RecursionError:
        raise Refused("it is nested too deeply. Flatten it") from None
    except msgspec.DecodeError:
        if (path := lone_surrogate(cell.encode())) is not None:
            raise Refused(f"{path}: {HALF_CHARACTER}") from None
        raise Refused(f'expected a JSON object such as {{"colour": "red"}}, got {shown(cell)}') from None
