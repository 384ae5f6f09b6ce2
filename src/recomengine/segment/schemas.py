"""Messages as Segment's libraries send them: one a call of track, page, screen, identify, alias or group.

Libraries differ in what they fill and as what, so a message says anything in its members; mapping.py judges them, and
what is wrong in one message refuses no other.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from recomengine.web.codec import decode
from recomengine.web.problems import Invalid, TooLarge

MAX_MESSAGE_BYTES = 32 * 1024
MAX_BATCH_BYTES = 500 * 1024
MAX_MESSAGES = 2500
"""Of a batch."""
MessageType = Literal["track", "page", "screen", "identify", "alias", "group"]
CALLS: tuple[str, ...] = get_args(MessageType)


class Message(msgspec.Struct, rename="camel"):
    """One call. What other members say is not for a shop's recommendations. received_at: a service has taken it before,
    and corrected its timestamp.
    """

    type: Any = None
    event: Annotated[Any, Meta(examples=["Product Viewed"])] = None
    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    message_id: Annotated[Any, Meta(examples=["ajs-next-1768469400000-0d2f"])] = None
    properties: Annotated[Any, Meta(examples=[{"product_id": "boot-41", "price": 129.9, "currency": "EUR"}])] = None
    traits: Annotated[Any, Meta(examples=[{"plan": "gold"}])] = None
    context: Annotated[Any, Meta(examples=[{"userAgent": "Mozilla/5.0"}])] = None
    timestamp: Any = None
    original_timestamp: Annotated[Any, Meta(examples=["2026-01-15T09:30:00Z"])] = None
    sent_at: Any = None
    received_at: Annotated[Any, Meta(examples=["2026-01-15T09:30:01Z"])] = None
    write_key: Annotated[Any, Meta(examples=["rk_pub_…"])] = None


class MessageBatch(msgspec.Struct, rename="camel"):
    batch: Annotated[list[msgspec.Raw], Meta(max_length=MAX_MESSAGES, extra_json_schema={"items": {}})]
    """Messages, each with its type; what is none is counted as rejected."""
    context: Any = None
    """Of the messages that have none."""
    sent_at: Any = None
    write_key: Any = None


class Sent(msgspec.Struct):
    """What a request brings."""

    messages: Sequence[Message]
    key: str | None


class Accepted(msgspec.Struct):
    success: bool = True


_message = msgspec.json.Decoder(Message)
_batch = msgspec.json.Decoder(MessageBatch)


def decoder_of(call: MessageType) -> Callable[[bytes], Sent]:
    """Of bodies of one message, which is of this type whatever it says."""
    return partial(_decode_message, call)


def _decode_message(call: MessageType, body: bytes) -> Sent:
    message = decode(_message, body)
    message.type = call
    return Sent([message], _text(message.write_key))


def decode_batch(body: bytes) -> Sent:
    batch = decode(_batch, body)
    messages = [_member(raw, index) for index, raw in enumerate(batch.batch)]
    for message in messages:
        message.context = batch.context if message.context is None else message.context
        message.sent_at = batch.sent_at if message.sent_at is None else message.sent_at
    keys = map(_text, (batch.write_key, *(message.write_key for message in messages)))
    return Sent(messages, next(filter(None, keys), None))


def _member(raw: msgspec.Raw, index: int) -> Message:
    """One that is no object is a message without a type."""
    if len(body := bytes(raw)) > MAX_MESSAGE_BYTES:
        raise TooLarge(
            f"$.batch[{index}]: the message has {len(body)} bytes; one may have {MAX_MESSAGE_BYTES}. "
            "Send less in it, and the batch again without it."
        )
    try:
        return decode(_message, body)
    except Invalid:
        return Message()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
