"""The identity of an event: the same event has the same id, whoever receives it and whenever.

A UUID of version 8. Without a client's eventId: 48 bits of the event's own millisecond, then a hash of
(tenantId, userId, eventType, productId, timestamp), so ids sort by time and the index stays local. With one: a hash of
(tenantId, eventId) alone, so that a retry without a timestamp is the same event; so is a line of an import that has
neither, by (tenantId, userId, eventType, productId). A purchase or return of an order is a line of it, whatever its
moment and whoever its shopper: a hash of (tenantId, eventType, orderId, productId) and what tells the order's lines of
one product apart. Parts are length-prefixed: no two different tuples hash the same bytes.
"""

from hashlib import blake2b, sha256
from uuid import UUID

VERSION = 0x8 << 76
VARIANT = 0b10 << 62
LOW_62 = (1 << 62) - 1
LOW_12 = 0xFFF
MAX_48 = (1 << 48) - 1


def natural_id(tenant: bytes, user_id: str, event_type: str, product_id: str, timestamp_ms: int) -> UUID:
    """tenant: the 16 bytes of its id. Times before 1970 share the smallest prefix; the hash still tells them apart."""
    hashed = _hash(tenant, user_id.encode(), event_type.encode(), product_id.encode(), str(timestamp_ms).encode())
    return _uuid(min(max(timestamp_ms, 0), MAX_48), hashed)


def named_id(tenant: bytes, event_id: str) -> UUID:
    """The identity of an event that its client has named."""
    hashed = _hash(tenant, event_id.encode())
    return _uuid(hashed >> 80, hashed)


def untimed_id(tenant: bytes, user_id: str, event_type: str, product_id: str) -> UUID:
    """The identity of an imported event without a time: it must not depend on when it is imported."""
    hashed = _hash(tenant, user_id.encode(), event_type.encode(), product_id.encode())
    return _uuid(hashed >> 80, hashed)


def order_line_id(tenant: bytes, event_type: str, order_id: str, product_id: str, line: tuple[str, ...]) -> UUID:
    """The identity of a line of an order. line: the name that the shop has for it; or its variant, price and
    quantity.
    """
    parts = (part.encode() for part in (event_type, order_id, product_id, *line))
    hashed = _hash(tenant, b"line", *parts)
    return _uuid(hashed >> 80, hashed)


def shopper_digest(tenant: bytes, user_id: str) -> bytes:
    """32 bytes that stand for an erased shopper: they tell the shopper's id again, and do not give it away."""
    return sha256(tenant + user_id.encode()).digest()


def _hash(*parts: bytes) -> int:
    """128 bits of the parts, each after its length."""
    joined = b"".join([b"%d:%b" % (len(part), part) for part in parts])
    return int.from_bytes(blake2b(joined, digest_size=16).digest())


def _uuid(first_48: int, hashed: int) -> UUID:
    return UUID(int=(first_48 << 80) | VERSION | ((hashed >> 62 & LOW_12) << 64) | VARIANT | (hashed & LOW_62))
