"""What became of each message, as it is shown to the shop and counted."""

from collections import Counter
from typing import Any, Protocol

from recomengine.segment.schemas import Message
from recomengine.web.problems import Problem

SOURCE = "segment"
NOTHING = "nothing to store"


class Notes(Protocol):
    def count(self, tenant_id: str, kind: Any, subject: str, times: int = 1) -> None: ...
    def receipt(self, tenant_id: str, source: str, event: str, message_id: str, outcome: str) -> None: ...


class Receipt:
    def __init__(self, message: Message) -> None:
        self.message = message
        self.event = "(no type)"
        self.known = True
        self.stored: Counter[str] = Counter()
        self.faults: list[tuple[str, Problem]] = []
        """Each with the place that it is about."""
        self.remarks: list[str] = []

    def reject(self, problem: Problem, at: str = "") -> None:
        self.faults.append((at, problem))

    @property
    def outcome(self) -> str:
        counts = [f"{count} {what}" for what, count in self.stored.items()]
        faults = [f"{len(self.faults)} rejected: {at}{problem.detail}" for at, problem in self.faults[:1]]
        return "; ".join([*counts, *faults, *self.remarks]) or NOTHING


def note(notes: Notes, tenant: str, receipt: Receipt) -> None:
    notes.count(tenant, "segment_event" if receipt.known else "segment_unknown", receipt.event)
    for _, problem in receipt.faults:
        path = problem.errors[0].path if problem.errors else problem.problem_code
        notes.count(tenant, "event_rejected", path)
    message_id = receipt.message.message_id
    shown = message_id if isinstance(message_id, str) else ""
    notes.receipt(tenant, SOURCE, receipt.event, shown, receipt.outcome)
