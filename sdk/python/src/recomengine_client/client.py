"""The two clients. What a call is and when it is sent again is told by calls.py and retrying.py; here is what differs
between waiting and awaiting.
"""

import asyncio
import inspect
import platform
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from recomengine_client import calls
from recomengine_client.bulk import AsyncBulkSender, BulkSender, OnReceipts
from recomengine_client.call import Call
from recomengine_client.retrying import PATIENCE, Attempts, Patience
from recomengine_client.version import VERSION

P = ParamSpec("P")
T = TypeVar("T")
CONNECTIONS = 20
BULK_PATIENCE = Patience(attempts=None, attempt_s=30.0, total_s=600.0)
"""A server that is started anew is waited for."""


def _method(make: Callable[P, Call[T]]) -> Callable[Concatenate["Client", P], T]:
    @wraps(make)
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.send(make(*args, **kwargs))

    _sign(method, make)
    return method


def _coroutine(make: Callable[P, Call[T]]) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, T]]:
    @wraps(make)
    async def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.send(make(*args, **kwargs))

    _sign(method, make)
    return method


def _sign(method: Any, make: Callable[..., Any]) -> None:
    """For `help`: the call's parameters behind `self`."""
    signature = inspect.signature(make)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = signature.replace(parameters=[own, *signature.parameters.values()])


def _headers(key: str) -> dict[str, str]:
    """Raises ValueError, which does not show the key."""
    if not key.isascii() or not key.isprintable() or not key.strip():
        raise ValueError("Expected an API key, such as rk_live_…, got something else. Copy it again.")
    agent = f"recomengine-client-python/{VERSION} (Python {platform.python_version()})"
    return {"Authorization": f"Bearer {key}", "User-Agent": agent}


def _base(url: str) -> str:
    """Raises ValueError."""
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"Expected the server's URL, such as https://recommendations.example.com, got {url!r}.")
    return f"{url.rstrip('/').removesuffix('/api/v1')}/api/v1"


def _limits(connections: int) -> httpx.Limits:
    return httpx.Limits(max_connections=connections, max_keepalive_connections=connections)


class Client:
    """Calls that wait. One client may be used by many threads; its connections are kept until `close`.

    Raises RecomEngineError: ApiError where the server refuses, NotReached where no answer comes.
    """

    def __init__(self, url: str, key: str, *, patience: Patience = PATIENCE, connections: int = CONNECTIONS) -> None:
        self._http = httpx.Client(base_url=_base(url), headers=_headers(key), limits=_limits(connections))
        self._patience = patience

    def with_patience(self, patience: Patience) -> Self:
        """A client on the same connections that waits otherwise."""
        other = object.__new__(type(self))
        other._http, other._patience = self._http, patience
        return other

    def send(self, call: Call[T]) -> T:
        attempts = Attempts(call, self._patience)
        while True:
            try:
                response = self._http.request(
                    call.method, call.path, params=call.query or None, headers=call.headers,
                    content=None if call.content is None else call.content(), timeout=attempts.timeout,
                )  # fmt: skip
            except httpx.RequestError as error:
                wait_s = attempts.failed(error)
            else:
                answered = attempts.answered(response)
                if answered is None:
                    return call.answer(response)
                wait_s = answered
            time.sleep(wait_s)

    def bulk(
        self, on_receipts: OnReceipts, *, concurrency: int = 4, most_waiting: int = 20_000,
        patience: Patience = BULK_PATIENCE,
    ) -> BulkSender:  # fmt: skip
        """A sender of any number of events; see BulkSender."""
        return BulkSender(
            self.with_patience(patience).send, on_receipts, concurrency=concurrency, most_waiting=most_waiting
        )

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    recommend = _method(calls.recommend)
    recommend_batch = _method(calls.recommend_batch)
    send_event = _method(calls.send_event)
    send_events = _method(calls.send_events)
    import_events = _method(calls.import_events)
    get_product = _method(calls.get_product)
    put_product = _method(calls.put_product)
    patch_product = _method(calls.patch_product)
    delete_product = _method(calls.delete_product)
    put_products = _method(calls.put_products)
    import_catalog = _method(calls.import_catalog)
    get_user = _method(calls.get_user)
    delete_user = _method(calls.delete_user)
    put_properties = _method(calls.put_properties)
    add_alias = _method(calls.add_alias)
    undo_alias = _method(calls.undo_alias)
    get_model = _method(calls.get_model)
    refresh_model = _method(calls.refresh_model)


class AsyncClient:
    """Calls that are awaited, in one event loop; else as Client."""

    def __init__(self, url: str, key: str, *, patience: Patience = PATIENCE, connections: int = CONNECTIONS) -> None:
        self._http = httpx.AsyncClient(base_url=_base(url), headers=_headers(key), limits=_limits(connections))
        self._patience = patience

    def with_patience(self, patience: Patience) -> Self:
        """A client on the same connections that waits otherwise."""
        other = object.__new__(type(self))
        other._http, other._patience = self._http, patience
        return other

    async def send(self, call: Call[T]) -> T:
        attempts = Attempts(call, self._patience)
        while True:
            try:
                response = await self._http.request(
                    call.method, call.path, params=call.query or None, headers=call.headers,
                    content=None if call.content is None else _awaited(call.content()), timeout=attempts.timeout,
                )  # fmt: skip
            except httpx.RequestError as error:
                wait_s = attempts.failed(error)
            else:
                answered = attempts.answered(response)
                if answered is None:
                    return call.answer(response)
                wait_s = answered
            await asyncio.sleep(wait_s)

    def bulk(
        self, on_receipts: OnReceipts, *, concurrency: int = 4, most_waiting: int = 20_000,
        patience: Patience = BULK_PATIENCE,
    ) -> AsyncBulkSender:  # fmt: skip
        """A sender of any number of events; see AsyncBulkSender."""
        return AsyncBulkSender(
            self.with_patience(patience).send, on_receipts, concurrency=concurrency, most_waiting=most_waiting
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    recommend = _coroutine(calls.recommend)
    recommend_batch = _coroutine(calls.recommend_batch)
    send_event = _coroutine(calls.send_event)
    send_events = _coroutine(calls.send_events)
    import_events = _coroutine(calls.import_events)
    get_product = _coroutine(calls.get_product)
    put_product = _coroutine(calls.put_product)
    patch_product = _coroutine(calls.patch_product)
    delete_product = _coroutine(calls.delete_product)
    put_products = _coroutine(calls.put_products)
    import_catalog = _coroutine(calls.import_catalog)
    get_user = _coroutine(calls.get_user)
    delete_user = _coroutine(calls.delete_user)
    put_properties = _coroutine(calls.put_properties)
    add_alias = _coroutine(calls.add_alias)
    undo_alias = _coroutine(calls.undo_alias)
    get_model = _coroutine(calls.get_model)
    refresh_model = _coroutine(calls.refresh_model)


def _awaited(content: bytes | Iterable[bytes]) -> bytes | AsyncIterator[bytes]:
    return content if isinstance(content, bytes) else _in_threads(content)


async def _in_threads(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """A disk may be slow; the loop does not wait for it."""
    iterator = iter(pieces)
    while (piece := await asyncio.to_thread(next, iterator, None)) is not None:
        yield piece
