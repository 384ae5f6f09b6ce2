"""Input and output of the commands."""

import json
from typing import Any

HOUR_MS = 3_600_000
FIRST_MS = 1_700_000_000_000


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "eventType": "view",
        "userId": f"user-{number % 7}",
        "productId": f"p-{number % 5}",
        "timestamp": FIRST_MS + number * HOUR_MS,
        **fields,
    }


def ndjson(*lines: dict[str, Any] | bytes) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


def is_one_line(error: str) -> bool:
    return error.startswith("error: ") and error.count("\n") == 1 and error.endswith("\n")
