"""How an integration does, as answers show it."""

from datetime import datetime

import msgspec


class Receipt(msgspec.Struct, rename="camel", frozen=True):
    """Of a foreign event: where it came from, what it is called there, and what became of it."""

    at: datetime
    source: str
    event: str
    message_id: str
    outcome: str
