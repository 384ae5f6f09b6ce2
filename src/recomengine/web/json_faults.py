"""Where in a JSON text stands what the decoders refuse without saying where.

Only what was refused comes here, so it may be slow: the text is parsed once more, by a parser that takes everything.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

MAX_PATH = 200
BEYOND_DOUBLE = (
    "expected a number within the range of a double (±1.8e308), got one beyond it. "
    "Send a smaller number, or send it as text"
)
HALF_CHARACTER = (
    "holds half of a surrogate pair, such as \\ud83d without the \\ude00 behind it, which is no character. "
    "Send both halves, or the character itself; text that is cut must be cut between characters"
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def number_beyond_double(text: bytes) -> str | None:
    """The path of the first number beyond a double's range; None without one. Raises RecursionError."""
    return _first(text, lambda value: isinstance(value, float) and math.isinf(value))


def lone_surrogate(text: bytes) -> str | None:
    """The path of the first string, or of the first object with a name, that holds half a character. Raises
    RecursionError.
    """
    if b"\\u" not in text:
        return None
    return _first(text, lambda value: isinstance(value, str) and _SURROGATE.search(value) is not None)


def _first(text: bytes, is_wrong: Callable[[object], bool]) -> str | None:
    """Objects come as tuples of pairs, so that a name given twice hides nothing."""
    try:
        tree = json.loads(text.decode(), parse_int=float, parse_float=float, object_pairs_hook=tuple)
    except ValueError:
        return None
    path = _find(tree, "$", is_wrong)
    return path if path is None or len(path) <= MAX_PATH else path[:MAX_PATH] + "…"


def _find(value: Any, path: str, is_wrong: Callable[[object], bool]) -> str | None:
    if is_wrong(value):
        return path
    if isinstance(value, list):
        return next(
            (found for index, member in enumerate(value) if (found := _find(member, f"{path}[{index}]", is_wrong))),
            None,
        )
    if isinstance(value, tuple):
        return next((found for name, member in value if (found := _find_member(name, member, path, is_wrong))), None)
    return None


def _find_member(name: str, value: Any, path: str, is_wrong: Callable[[object], bool]) -> str | None:
    return path if is_wrong(name) else _find(value, f"{path}.{_SURROGATE.sub('?', name)}", is_wrong)
