"""What is noted of a shop's integration while its requests are answered, for those who mend it.

Whoever notes something knows this form only; integration/notes.py counts it and writes it down.
"""

from typing import Literal, Protocol

NoteKind = Literal[
    "sdk", "sdk_error", "segment_event", "segment_unknown", "origin_refused", "event_rejected", "event_received",
    "list_asked",
]  # fmt: skip


class Notes(Protocol):
    def count(self, tenant_id: str, kind: NoteKind, subject: str, times: int = 1) -> None:
        """Never raises, never waits. The subject holds nothing that tells a shopper."""
