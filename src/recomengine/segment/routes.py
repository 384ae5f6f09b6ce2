"""Segment's HTTP API under our address, with the short paths that its library for browsers uses."""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.segment.receipts import refused
from recomengine.segment.schemas import (
    MAX_BATCH_BYTES,
    MAX_MESSAGE_BYTES,
    Accepted,
    Message,
    MessageBatch,
    MessageType,
    Sent,
    decode_batch,
    decoder_of,
)
from recomengine.shop import Permission
from recomengine.web.caller import Caller
from recomengine.web.codec import Body
from recomengine.web.door import Call
from recomengine.web.operations import Operation

if TYPE_CHECKING:
    from recomengine.context import Context

Handler = Callable[["Context", Call[Caller, Sent]], Awaitable[Response]]
ACCEPTED = msgspec.json.encode(Accepted())
ONE: tuple[tuple[MessageType, str, str], ...] = (
    ("track", "t", "Take an event"),
    ("page", "p", "Take a view of a page"),
    ("screen", "s", "Take a view of a screen"),
    ("identify", "i", "Take who a shopper is, and traits"),
    ("alias", "a", "Take another id of a shopper"),
    ("group", "g", "Take a group, of which nothing is kept"),
)
MANY = (
    ("batch", "Take several messages", True),
    ("b", "Take several messages (browsers)", True),
    ("import", "Take messages of the past", False),
)


def _handler(name: str, *, live: bool = True) -> Handler:
    async def take(context: "Context", call: Call[Caller, Sent]) -> Response:
        """What is wrong with a message is counted and shown at the tenant's integration; the answer is the same."""
        now_ms = int(time.time() * 1000)
        await context.segment.take(call.by, call.body, now_ms, live=live)
        return _accepted()

    take.__name__ = f"take_{name}"
    return take


async def drop_metrics(request: Request) -> Response:
    """analytics.js counts what it does itself and sends it here; nothing is kept of it, so no key is asked for."""
    request.scope["allowed_origin"] = request.headers.get("origin")
    return _accepted()


def _accepted() -> Response:
    return Response(ACCEPTED, media_type="application/json")


def _operation(name: str, summary: str, body: Body[Sent], *, live: bool = True) -> Operation:
    return Operation(
        "POST", f"/v1/{name}", _handler(name, live=live), summary, {200: Accepted}, needs=(Permission.INGEST,),
        body=body,
    )  # fmt: skip


_several = Body(MessageBatch, MAX_BATCH_BYTES, decode_batch, refused, from_libraries=True)

routes = [
    *(
        _operation(name, summary, Body(Message, MAX_MESSAGE_BYTES, decoder_of(call), refused, from_libraries=True))
        for call, short, said in ONE
        for name, summary in ((call, said), (short, f"{said} (browsers)"))
    ),
    *(_operation(name, summary, _several, live=live) for name, summary, live in MANY),
    Operation("POST", "/v1/m", drop_metrics, "Drop what analytics.js counts of itself", {200: Accepted}),
]
