"""What is noted of a shop's integration while its requests are answered, for those who mend it.

Whoever notes something knows this form only; integration/notes.py counts it and writes it down.
"""

from typing import Literal, Protocol

from recomengine.web.problems import Problem

NoteKind = Literal[
    "sdk", "sdk_error", "segment_event", "segment_unknown", "origin_refused", "event_rejected", "event_received",
    "list_asked",
]  # fmt: skip


class Notes(Protocol):
    def count(self, tenant_id: str, kind: NoteKind, subject: str, times: int = 1) -> None:
        """Never raises, never waits. The subject holds nothing that tells a shopper."""

    def rejected(self, tenant_id: str, source: str, problem: Problem, sent: bytes) -> None:
        """What was sent, and why it was refused, for the tenant's own eyes. Never raises, never waits."""
