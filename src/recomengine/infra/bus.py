"""Messages between processes over one Redis channel: hints that something changed, never the only way to learn it.

Each listener also has a poll or a short lifetime as its net, because a message is lost when Redis is. `connected` says
whether messages arrive, and is never wrong for longer than SILENCE_S: a peer that went silent is asked and given up.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import structlog

from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import Conversation, RedisClient, RedisUnavailable, conversation

CHANNEL = "reco:bus"
SILENCE_S = 0.4
CONNECT_TIMEOUT_S = 2.0
Handler = Callable[[UUID, dict[str, Any]], None]

log = structlog.get_logger()


class Message(msgspec.Struct, rename="camel"):
    topic: str
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

    def subscribe(self, topic: str, handler: Handler) -> None:
        """Have `handler(tenant_id, data)` called for every message of `topic`; it must be quick and not block."""
        self._handlers.setdefault(topic, []).append(handler)

    def on_connected(self, handler: Callable[[], None]) -> None:
        """Have `handler()` called when messages begin to arrive: those of the time before are lost."""
        self._on_connected.append(handler)

    async def publish(self, topic: str, tenant_id: UUID, **data: Any) -> None:
        try:
            await self._client.call(("PUBLISH", CHANNEL, _encode(Message(topic, tenant_id, data))))
        except RedisUnavailable:
            FALLBACKS.labels("bus").inc()

    async def listen(self) -> None:
        """Deliver messages until the connection ends; run in a loop by the context."""
        try:
            async with _channel(self._url) as channel:
                self._connect()
                while True:
                    self._deliver(await channel.next_message())
        except (RedisUnavailable, OSError) as error:  # OSError: of which TimeoutError is one
            log.warning("message bus lost", error=str(error))
        finally:
            self.connected = False

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
        for handler in self._handlers.get(message.topic, ()):
            handler(message.tenant_id, message.data)


class _Channel:
    """A connection that has subscribed."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def next_message(self) -> bytes:
        """The next message's payload. After a silence the server is asked; its not answering is a TimeoutError."""
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    reply = await self._conversation.reply()
            except TimeoutError:
                await self._conversation.say(
                    ("SUBSCRIBE", CHANNEL)
                )  # a server that has no room for its file refuses a PING
                async with asyncio.timeout(SILENCE_S):
                    reply = await self._conversation.reply()
            if reply[0] == b"message":
                payload: bytes = reply[2]
                return payload


@asynccontextmanager
async def _channel(url: str) -> AsyncIterator[_Channel]:
    """Subscribed, by the server's own word."""
    async with conversation(url, CONNECT_TIMEOUT_S) as opened:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await opened.ask(("SUBSCRIBE", CHANNEL))
        yield _Channel(opened)
