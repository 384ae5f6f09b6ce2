"""When an event happened: as its client's clock has it, and as the server's.

A batch that says when it was sent (`sentAt`) shows how far its client's clock is off. Its events' times are moved by
the difference to the server's clock, and the client's own are kept beside them: the identity is made of these, so that
a batch sent again, which arrives with another difference, is still the same events.
"""

from datetime import UTC, datetime, timedelta

from recomengine.events.schemas import MAX_TIMESTAMP_MS, MIN_MILLISECONDS, MIN_TIMESTAMP_MS
from recomengine.web.problems import FieldError, Invalid, invalid

MAX_AHEAD_MS = 5 * 60 * 1000
MAX_DRIFT_MS = 5_000
"""What the way to the server takes is no fault of a clock."""
MAX_WAIT_MS = 366 * 86_400_000
"""So long before it is sent an event may have happened; by a `sentAt` that lies further away no clock is corrected."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def milliseconds_of(timestamp: int | datetime, path: str) -> int:
    """Raises a Problem that names the path."""
    if isinstance(timestamp, int) and timestamp < MIN_MILLISECONDS:
        raise _in_seconds(timestamp, path)
    ms = timestamp if isinstance(timestamp, int) else (timestamp - EPOCH) // MILLISECOND
    if not MIN_TIMESTAMP_MS <= ms <= MAX_TIMESTAMP_MS:
        raise invalid(path, f"expected a time of the years 1 to 9999 in milliseconds, got {str(ms)[:40]}")
    return ms


def corrected_ms(given_ms: int, sent_ms: int | None, now_ms: int) -> int:
    """By the server's clock, of what a client says that it happened at given_ms and was sent at sent_ms. A sent_ms that
    is of another clock than given_ms corrects nothing: before the event, or more than MAX_WAIT_MS after it.
    """
    if sent_ms is None or abs(now_ms - sent_ms) <= MAX_DRIFT_MS:
        return given_ms
    if not -MAX_AHEAD_MS <= sent_ms - given_ms <= MAX_WAIT_MS:
        return given_ms
    return given_ms + now_ms - sent_ms


def check_not_ahead(timestamp_ms: int, now_ms: int) -> None:
    if timestamp_ms > now_ms + MAX_AHEAD_MS:
        raise invalid(
            "$.timestamp",
            "lies more than 5 minutes ahead of the server's clock. Correct the sender's clock, or send a batch and "
            "when it is sent by the same clock (sentAt)",
        )


def _in_seconds(timestamp: int, path: str) -> Invalid:
    shown = str(timestamp)[:40]
    message = (
        f"expected milliseconds since 1970, got {shown}, which looks like seconds. Multiply it by 1000, "
        "or send RFC 3339 with zone, as moments before March 1973 must be"
    )
    return Invalid(f"{path}: {message}", code="timestamp_in_seconds", errors=[FieldError(path, message)])
