"""Messages between processes over one Redis channel: hints that something changed, never the only way to learn it.

Each listener also has a poll or a short lifetime as its net, because a message is lost when Redis is.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable

CHANNEL = "reco:bus"
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
        self.connected = False

    def subscribe(self, kind: str, handler: Handler) -> None:
        """Have `handler(tenant_id, data)` called for every message of `kind`; it must be quick and not block."""
        self._handlers.setdefault(kind, []).append(handler)

    async def publish(self, kind: str, tenant_id: UUID, **data: Any) -> None:
        try:
            await self._client.call(("PUBLISH", CHANNEL, _encode(Message(kind, tenant_id, data))))
        except RedisUnavailable:
            FALLBACKS.labels("bus").inc()

    async def listen(self) -> None:
        """Deliver messages until the connection ends; run in a loop by the context."""
        redis = Redis.from_url(self._url, socket_connect_timeout=2, health_check_interval=10)
        try:
            async with redis.pubsub(ignore_subscribe_messages=True) as channel:
                await channel.subscribe(CHANNEL)
                self.connected = True
                async for message in channel.listen():
                    self._deliver(message["data"])
        except RedisError as error:
            log.warning("message bus lost", error=str(error))
        finally:
            self.connected = False
            await redis.aclose()

    def _deliver(self, payload: bytes) -> None:
        try:
            message = _decode(payload)
        except msgspec.DecodeError as error:
            log.warning("unreadable message on the bus", error=str(error))
            return
        for handler in self._handlers.get(message.kind, ()):
            handler(message.tenant_id, message.data)
