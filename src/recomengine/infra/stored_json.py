"""The one way in which stored JSON is read. It does not fail, whatever jsonb holds.

jsonb keeps any number to its last digit. What was stored before numbers were checked may hold some that no double can:
such a number is read as the largest double, of its sign.
"""

import json
import sys
from typing import Any

import orjson

from recomengine.infra.metrics import FALLBACKS

LARGEST = sys.float_info.max


def read_stored(text: "str | bytes") -> Any:
    """The value of jsonb, as its text; None for what is nested too deeply to be read."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        FALLBACKS.labels("stored_json").inc()
    try:
        return json.loads(text, parse_int=_number, parse_float=_number)
    except RecursionError:
        return None


def write_stored(value: object) -> str:
    return orjson.dumps(value).decode()


def _number(text: str) -> int | float:
    """As orjson reads it, where it can."""
    if len(text) < 20 and text.lstrip("-").isdecimal():
        return int(text)
    return min(max(float(text), -LARGEST), LARGEST)
