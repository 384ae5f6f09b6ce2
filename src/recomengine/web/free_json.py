"""JSON that is the client's own: an event's metadata, a product's attributes.

What is stored is what was decoded, encoded anew: integers of 64 bits and doubles, which every reader of the database
takes (infra/stored_json.py). So 1e-16000 is stored as the 0 that it decodes to, and what no double can hold is refused.
"""

from decimal import Decimal
from typing import Any

import orjson

from recomengine.web.json_faults import BEYOND_DOUBLE, number_beyond_double
from recomengine.web.problems import MalformedBody, Problem, invalid

WIDEST = 330
"""Characters that a double has at most when it is written without an exponent, as jsonb gives it back."""


def read_free(text: bytes, at: str, most_bytes: int, most_depth: int) -> tuple[Any, bytes]:
    """(what `text` says, the JSON to store of it). at: its path in the body. Raises a Problem that names the path."""
    if len(text) > most_bytes:
        raise invalid(at, f"expected at most {most_bytes} bytes, got {len(text)}")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _fault(text, at, most_depth) from None
    encoded = orjson.dumps(value)
    # The counts spare most texts a walk through their members: each level opens a bracket, U+0000 is escaped, an
    # exponent has an e.
    if encoded.count(b"{") + encoded.count(b"[") > most_depth and _is_deeper(value, most_depth):
        raise _too_deep(at, most_depth)
    if b"\\" in encoded and (path := _null_character(value, at)) is not None:
        raise invalid(path, "holds the character U+0000, which cannot be stored. Remove it")
    if len(encoded) + WIDEST * encoded.count(b"e") > most_bytes and (size := len(encoded) + _added(value)) > most_bytes:
        raise invalid(at, f"expected at most {most_bytes} bytes with all digits of its numbers written out, got {size}")
    return value, encoded


def _fault(text: bytes, at: str, most_depth: int) -> Problem:
    """What stands in the way of reading JSON whose form is right."""
    try:
        path = number_beyond_double(text)
    except RecursionError:
        return _too_deep(at, most_depth)
    if path is None:
        return MalformedBody(f"{at}: holds bytes that are no UTF-8. Encode its texts as UTF-8.")
    return invalid(at + path.removeprefix("$"), BEYOND_DOUBLE)


def _too_deep(at: str, most_depth: int) -> Problem:
    return invalid(at, f"is nested deeper than {most_depth} levels. Flatten it")


def _is_deeper(value: object, levels: int) -> bool:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return members is not None and (levels == 0 or any(_is_deeper(member, levels - 1) for member in members))


def _null_character(value: object, path: str) -> str | None:
    """The path of the first string, or of the first object with a name, that holds U+0000."""
    if isinstance(value, dict):
        found = (path if "\0" in name else _null_character(member, f"{path}.{name}") for name, member in value.items())
    elif isinstance(value, list):
        found = (_null_character(member, f"{path}[{index}]") for index, member in enumerate(value))
    else:
        return path if isinstance(value, str) and "\0" in value else None
    return next((each for each in found if each is not None), None)


def _added(value: object) -> int:
    """How many characters the numbers have more when they are written without exponents."""
    if isinstance(value, float):
        text = repr(value)
        return len(f"{Decimal(text):f}") - len(text) if "e" in text else 0
    if isinstance(value, dict):
        return sum(map(_added, value.values()))
    return sum(map(_added, value)) if isinstance(value, list) else 0
