"""What is noted of who sends events: why they were refused, and which program sent them."""

from datetime import datetime

import msgspec

from recomengine.events.schemas import EventIn, KnownMetadata, SdkClient
from recomengine.web.notes import Notes
from recomengine.web.problems import Problem

MAX_SENT = 2000
"""Characters of what was sent."""
_MEMBERS = frozenset(EventIn.__struct_encode_fields__) | frozenset(KnownMetadata.__struct_encode_fields__)


class RejectedEvent(msgspec.Struct, rename="camel", frozen=True):
    """source: through what it came. reason: what was wrong, with code and path as in the answer that its sender got.
    sent: the beginning of it."""

    at: datetime
    source: str
    code: str
    path: str | None
    reason: str
    sent: str


def rejected_key(tenant: str) -> str:
    return f"reco:rejected:{{{tenant}}}"


def note_refused(notes: Notes, tenant: str, problem: Problem, sent: bytes, source: str = "event") -> None:
    notes.count(tenant, "event_rejected", reason_of(problem))
    notes.rejected(tenant, source, problem, sent)


def note_client(notes: Notes, tenant: str, client: SdkClient | None) -> None:
    if client is None:
        return
    notes.count(tenant, "sdk", f"{client.name}/{client.version}")
    for code, times in client.errors.items():
        notes.count(tenant, "sdk_error", code, times)


def reason_of(problem: Problem) -> str:
    """The problem's code and the member that it is about. Names that are the client's own may tell a shopper, and are
    left out.
    """
    path = problem.errors[0].path if problem.errors else ""
    known = [name for name in path.split(".") if name == "$" or name in _MEMBERS]
    return " ".join([problem.problem_code, *([".".join(known)] if len(known) > 1 else [])])
