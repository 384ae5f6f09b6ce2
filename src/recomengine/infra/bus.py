"""Messages between processes over one Redis channel: hints that something changed, never the only way to learn it.

Each listener also has a poll or a short lifetime as its net, because a message is lost when Redis is. `connected` says
whether messages arrive, and is never wrong for longer than SILENCE_S: a peer that went silent is asked and given up.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable

CHANNEL = "reco:bus"
SILENCE_S = 0.4
CONNECT_TIMEOUT_S = 2.0
Handler = Callable[[UUID, dict[str, Any]], None]

log = structlog.get_logger()


class Message(msgspec.Struct, rename="camel"):
    kind: str
    tenant_id: UUID
    data: dict[str, Any] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Message).decode


class Bus:
    def __init__(self, url: str, client: RedisClient) -> None:
        self._url = url
        self._client = client
        self._handlers: dict[str, list[Handler]] = {}
        self._on_connected: list[Callable[[], None]] = []
        self.connected = False

    def subscribe(self, kind: str, handler: Handler) -> None:
        """Have `handler(tenant_id, data)` called for every message of `kind`; it must be quick and not block."""
        self._handlers.setdefault(kind, []).append(handler)

    def on_connected(self, handler: Callable[[], None]) -> None:
        """Have `handler()` called when messages begin to arrive: those of the time before are lost."""
        self._on_connected.append(handler)

    async def publish(self, kind: str, tenant_id: UUID, **data: Any) -> None:
        try:
            await self._client.call(("PUBLISH", CHANNEL, _encode(Message(kind, tenant_id, data))))
        except RedisUnavailable:
            FALLBACKS.labels("bus").inc()

    async def listen(self) -> None:
        """Deliver messages until the connection ends; run in a loop by the context."""
        # no retries: a connection made anew behind our back would have missed messages
        redis = Redis.from_url(self._url, socket_connect_timeout=CONNECT_TIMEOUT_S, retry=Retry(NoBackoff(), 0))
        try:
            async with redis.pubsub() as channel:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await channel.subscribe(CHANNEL)
                    await channel.get_message(timeout=None)  # the server's word that it was done
                self._connect()
                while message := await _next_message(channel):
                    if message["type"] == "message":
                        self._deliver(message["data"])
        except (RedisError, OSError) as error:  # OSError: of which TimeoutError is one
            log.warning("message bus lost", error=str(error))
        finally:
            self.connected = False
            await redis.aclose()

    def _connect(self) -> None:
        self.connected = True
        for handler in self._on_connected:
            handler()

    def _deliver(self, payload: bytes) -> None:
        try:
            message = _decode(payload)
        except msgspec.DecodeError as error:
            log.warning("unreadable message on the bus", error=str(error))
            return
        for handler in self._handlers.get(message.kind, ()):
            handler(message.tenant_id, message.data)


async def _next_message(channel: PubSub) -> dict[str, Any] | None:
    """The next message; after a silence the server is asked, and None is its not answering."""
    message: dict[str, Any] | None = await channel.get_message(timeout=SILENCE_S)
    if message is None:
        await channel.ping()
        message = await channel.get_message(timeout=SILENCE_S)
    return message
