"""The bytes of bodies that a process holds in memory: of one sender that it does not know yet, and of all together.

They are counted as they come (`hold`) and given back when their request ends, however it ends (`let_go`). Until
somebody marks the request as a known sender's (`mark_known`), its body is a stranger's. Imports are streams and hold
no body (upload.py).
"""

from starlette.types import Scope

from recomengine.web.problems import Unavailable

MIB = 1024 * 1024
STRANGERS_BODY_BYTES = 64 * 1024
"""The most of one body whose sender is not known."""


class Held:
    def __init__(self, whose: str, most_bytes: int) -> None:
        self._whose = whose
        self.most_bytes = most_bytes
        self.bytes = 0

    def take(self, size: int) -> None:
        if self.bytes + size > self.most_bytes:
            raise Unavailable(
                f"The server holds {self.most_bytes // MIB} MiB of bodies of {self._whose}, the most at once. "
                "Send this again in a second.",
                code="overloaded",
            )
        self.bytes += size

    def give_back(self, size: int) -> None:
        self.bytes -= size


OF_STRANGERS = Held("senders that it does not know yet", 64 * MIB)
OF_CALLERS = Held("known senders", 256 * MIB)


def mark_known(scope: Scope) -> None:
    scope["known_sender"] = True


def is_known(scope: Scope) -> bool:
    return "known_sender" in scope


def hold(scope: Scope, size: int) -> None:
    """Count `size` more bytes of the request's body; raises Unavailable where that would be too many."""
    held, before = scope.get("held_body") or (OF_CALLERS if is_known(scope) else OF_STRANGERS, 0)
    held.take(size)
    scope["held_body"] = held, before + size


def let_go(scope: Scope) -> None:
    """The request has ended, and nothing of its body is left."""
    held, size = scope.pop("held_body", (None, 0))
    if held is not None:
        held.give_back(size)
