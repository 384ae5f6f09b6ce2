"""What became of each message, as it is shown to the shop and counted."""

from collections import Counter
from functools import partial
from typing import Protocol

import msgspec

from recomengine.events.noted import note_refused
from recomengine.segment.schemas import Message
from recomengine.web.notes import Notes as Counts
from recomengine.web.problems import Problem

SOURCE = "segment"
NOTHING = "nothing to store"
RECEIVED = {"stored": "accepted", "duplicate": "duplicate"}


class Notes(Counts, Protocol):
    def receipt(self, tenant_id: str, source: str, event: str, message_id: str, outcome: str) -> None:
        """That a foreign event came, and what became of it."""


class Receipt:
    def __init__(self, message: Message) -> None:
        self.message = message
        self.event = "(no type)"
        self.known = False
        self.stored: Counter[str] = Counter()
        self.faults: list[tuple[str, Problem]] = []
        """Each with the place that it is about."""
        self.remarks: dict[str, None] = {}
        """Each once."""

    def reject(self, problem: Problem, at: str = "") -> None:
        self.faults.append((at, problem))

    def remark(self, text: str) -> None:
        self.remarks[text] = None

    @property
    def outcome(self) -> str:
        counts = [f"{count} {what}" for what, count in self.stored.items()]
        faults = [f"{len(self.faults)} rejected: {at}{problem.detail}" for at, problem in self.faults[:1]]
        return "; ".join([*counts, *faults, *self.remarks]) or NOTHING


_encode = msgspec.json.Encoder().encode
refused = partial(note_refused, source=SOURCE)
"""What cannot be decoded, or says too little."""


def note(notes: Notes, tenant: str, receipt: Receipt) -> None:
    notes.count(tenant, "segment_event" if receipt.known else "segment_unknown", receipt.event)
    for _, problem in receipt.faults:
        refused(notes, tenant, problem, _encode(receipt.message))
    for what, status in RECEIVED.items():
        if times := receipt.stored[what]:
            notes.count(tenant, "event_received", status, times)
    message_id = receipt.message.message_id
    shown = message_id if isinstance(message_id, str) else ""
    notes.receipt(tenant, SOURCE, receipt.event, shown, receipt.outcome)
