"""What is noted of who sends events: why they were refused, and which program sent them."""

from recomengine.events.schemas import EventIn, KnownMetadata, SdkClient
from recomengine.web.notes import Notes
from recomengine.web.problems import Problem

_MEMBERS = frozenset(EventIn.__struct_encode_fields__) | frozenset(KnownMetadata.__struct_encode_fields__)


def note_refused(notes: Notes, tenant: str, problem: Problem) -> None:
    notes.count(tenant, "event_rejected", reason_of(problem))


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
