"""Traces for an OpenTelemetry collector, where OTEL_EXPORTER_OTLP_ENDPOINT says that there is one.

Elsewhere nothing of OpenTelemetry is imported, and a span costs one look at a variable. Spans bear names of routes,
statements, commands and kernels, and never a value: no URL, no parameter, no message of an exception. The SDK's own
variables (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, …) are its own affair.
"""

import asyncio
import os
import re
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import lru_cache
from typing import Any

from recomengine.infra.redis import Command, RedisClient

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
STOP_S = 2.0
"""For so long the last spans may take to leave."""
STATEMENT = re.compile(r"\s*(\w+)")

_NOTHING: AbstractContextManager[Any] = nullcontext()
_tracer: Any = None


def wanted() -> bool:
    return bool(os.environ.get(VARIABLE))


@asynccontextmanager
async def tracing() -> AsyncIterator[None]:
    """Spans leave while this is open, if they are wanted."""
    global _tracer
    if not wanted():
        yield
        return
    provider = _open_provider()
    _tracer = provider.get_tracer("recomengine")
    try:
        yield
    finally:
        _tracer = None
        await _shut(provider)


def span(name: str) -> AbstractContextManager[Any]:
    """A span around what is done within; it becomes the parent of spans that begin there."""
    return _NOTHING if _tracer is None else _current(name)


def server_span(method: str, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
    """The span of a request, which goes on the trace that the caller began, if it says so."""
    if _tracer is None:
        return _NOTHING
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return _current(method, context=TraceContextTextMapPropagator().extract(headers), kind=SpanKind.SERVER)


def mark_failed(span: Any, error_type: str) -> None:
    from opentelemetry.trace import StatusCode

    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", error_type)


def record_statement(query: Any) -> None:
    """For asyncpg, which calls it after each statement."""
    if _tracer is None:
        return
    name = _statement(query.query)
    done = _client_span(
        name,
        {"db.system.name": "postgresql", "db.query.summary": name},
        begun_ns=time.time_ns() - int(query.elapsed * 1e9),
    )
    if query.exception is not None:
        mark_failed(done, type(query.exception).__name__)
    done.end()


class TracedRedis(RedisClient):
    """Whose calls are spans, from when they are asked to when they are answered."""

    def call(self, *commands: Command) -> "asyncio.Future[list[Any]]":
        future = super().call(*commands)
        if _tracer is None:
            return future
        verbs = " ".join(dict.fromkeys(str(command[0]) for command in commands))
        asked = _client_span(
            verbs, {"db.system.name": "redis", "db.operation.name": verbs, "db.operation.batch.size": len(commands)}
        )

        def answered(done: "asyncio.Future[list[Any]]") -> None:
            error = None if done.cancelled() else done.exception()
            if error is not None:
                mark_failed(asked, type(error).__name__)
            asked.end()

        future.add_done_callback(answered)
        return future


def open_redis(url: str) -> RedisClient:
    return TracedRedis(url) if wanted() else RedisClient(url)


def _current(name: str, **options: Any) -> AbstractContextManager[Any]:
    # An exception's message and stack may hold anything.
    current: AbstractContextManager[Any] = _tracer.start_as_current_span(
        name, record_exception=False, set_status_on_exception=False, **options
    )
    return current


def _client_span(name: str, attributes: dict[str, Any], begun_ns: int | None = None) -> Any:
    from opentelemetry.trace import SpanKind

    return _tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=begun_ns)


@lru_cache(maxsize=1000)
def _statement(sql: str) -> str:
    """The name of the constant that it is, with its domain; of any other statement its first word."""
    for name, module in list(sys.modules.items()):
        if name.startswith("recomengine.") and (constant := _constants(name, module).get(sql)):
            return constant
    first = STATEMENT.match(sql)
    return first[1].upper() if first else "SQL"


def _constants(name: str, module: Any) -> dict[str, str]:
    domain = name.removeprefix("recomengine.").removesuffix(".queries")
    return {
        value: f"{domain}.{constant}"
        for constant, value in vars(module).items()
        if constant.isupper() and isinstance(value, str)
    }


def _open_provider() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({SERVICE_NAME: os.environ.get("OTEL_SERVICE_NAME", "recomengine")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


async def _shut(provider: Any) -> None:
    """Send what is left. A collector that does not answer holds up no process: the thread ends with it."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def shut() -> None:
        provider.shutdown()
        if not loop.is_closed():
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=shut, daemon=True).start()
    await asyncio.wait({asyncio.ensure_future(done.wait())}, timeout=STOP_S)
