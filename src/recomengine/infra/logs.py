"""Structured logs: JSON or console. A line carries the request it belongs to; what must not be in a log is taken out
here,
whatever the caller passes: fields by their names, and in all texts what looks like a credential or an address.

Of an exception a line tells type and place. Its message stands beside them only where it comes from a server or the
system (`said`): the others quote values, which may be anybody's.
"""

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO, cast

import asyncpg
import structlog

from recomengine.infra.metrics import LOG_LINES_LOST

REQUEST: ContextVar[MutableMapping[str, Any] | None] = ContextVar("request", default=None)
"""The scope of the request that is being answered; whoever learns whose it is puts `tenant` and `key_prefix` there."""

SECRET_FIELD = re.compile(r"passw|token|secret|authorization|cookie|credential|e.?mail|key$", re.IGNORECASE)
PREFIX_OF_KEY = re.compile(r"\b(rk_(?:live|pub)_[0-9A-Za-z]{8})_\w+")
HIDDEN = "[redacted]"
SECRETS = re.compile(
    r"""eyJ[\w-]+\.[\w.-]+                                       # a token
    | (?<=://)[^/\s@]+(?=@)                                      # user and password in a URL
    | (?:(?<=bearer\ )|(?<=basic\ ))[\w.~+/=-]+
    | (?<![\w-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+                     # an e-mail address
    | (?<=[?&]key=)[^&\s"']+""",
    re.IGNORECASE | re.VERBOSE,
)
QUOTING = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.InterfaceError,
    UnicodeError,
    KeyError,
    ValueError,
    TypeError,
)


_LEVEL = logging.getLogger("recomengine")
"""Knows the level by which structlog filters; nothing is written through it."""


def configure_logs(level: str, form: str) -> None:
    _LEVEL.setLevel(level.upper())
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            _add_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_traceback,
            hide_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Output(sys.stderr))),
    )
    logging.getLogger().handlers = [_Libraries(logging.WARNING)]


def says_debug() -> bool:
    """Whether lines of the least level are written; to find out by writing one costs as much as a small answer."""
    return _LEVEL.isEnabledFor(logging.DEBUG)


def said(error: BaseException) -> str:
    """An exception in a line: its type, and the first line of its message unless that quotes values."""
    name = type(error).__name__
    return name if isinstance(error, QUOTING) else f"{name}: {str(error).partition(chr(10))[0]}"


class _Output:
    """Where lines go. One that cannot be written, to a file on a full disk say, is counted and is nobody's failure."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError:
            LOG_LINES_LOST.inc()

    def flush(self) -> None:
        """Each line has been."""


class _Libraries(logging.Handler):
    """What libraries log goes the same way as what we log."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        more = {"error": said(error), "exc_info": error} if error else {}
        structlog.get_logger().log(record.levelno, record.getMessage().partition("\n")[0], logger=record.name, **more)


def _add_request(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    scope = REQUEST.get()
    if scope is not None:
        for field in ("request_id", "tenant", "key_prefix"):
            if field in scope:
                event.setdefault(field, scope[field])
    return event


def _add_traceback(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as the places it passed, innermost last, without messages; and so what caused it."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["traceback"] = [
            f"{type(cause).__name__} at {frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
            for cause in _causes(error) for frame in traceback.extract_tb(cause.__traceback__)
        ]  # fmt: skip
    return event


def _causes(error: BaseException) -> list[BaseException]:
    """The first cause first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return chain[::-1]


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in event:
        event[field] = _clean(field, event[field])
    return event


def _clean(field: str, value: Any) -> Any:
    if SECRET_FIELD.search(field):
        return HIDDEN
    if isinstance(value, Mapping):
        return {_without_secrets(str(name)): _clean(str(name), part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", part) for part in value]
    if isinstance(value, bool | int | float | None):
        return value
    return _without_secrets(value if isinstance(value, str) else repr(value))


def _without_secrets(text: str) -> str:
    return SECRETS.sub(HIDDEN, PREFIX_OF_KEY.sub(rf"\1_{HIDDEN}", text))
