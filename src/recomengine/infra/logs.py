"""Structured logs: JSON or console, with secrets redacted whatever the caller passes."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_FIELDS = frozenset({"password", "token", "apikey", "api_key", "authorization", "cookie", "secret", "key", "email"})


def configure_logs(level: str, form: str) -> None:
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    logging.getLogger().handlers = [_Libraries(logging.WARNING)]


class _Libraries(logging.Handler):
    """What libraries log goes the same way as what we log, an exception in one line."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        said = {"error": f"{type(error).__name__}: {error}"} if error else {}
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, **said)


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for field in event:
        if field.lower() in SECRET_FIELDS:
            event[field] = "[redacted]"
    return event
