"""The figures of a shop computed plainly, in Python, from the events as they were sent: what every table and answer
must equal.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from recomengine.events.identity import named_id

CENT = Decimal("0.01")
COUNTED = ("impression", "click", "purchase")


class Fact(NamedTuple):
    """What one event counts for."""

    at: datetime
    product_id: str
    placement_id: str
    strategy: str
    impressions: int = 0
    clicks: int = 0
    conversions: int = 0
    revenue: Decimal = Decimal("0.00")
    attributed_conversions: int = 0
    attributed_revenue: Decimal = Decimal("0.00")
    orders: int = 0
    other_currency: int = 0


SUMS = (
    "impressions",
    "clicks",
    "conversions",
    "revenue",
    "attributed_conversions",
    "attributed_revenue",
    "orders",
    "other_currency",
)


class Sent(NamedTuple):
    id: UUID
    type: str
    user: str
    product: str
    at: datetime
    metadata: dict[str, Any]

    @property
    def order(self) -> tuple[datetime, UUID]:
        return self.at, self.id

    @property
    def recommended(self) -> bool:
        return bool(self.metadata.get("recommendationId") or self.metadata.get("placementId"))


def facts(tenant_id: UUID, events: Iterable[dict[str, Any]], window_hours: int, currency: str) -> list[Fact]:
    """events: bodies of POST events, each with an eventId and a timestamp in milliseconds."""
    sent = list(
        {event.id: event for event in (_sent(tenant_id, body) for body in events) if event.type in COUNTED}.values()
    )
    return [
        _purchase(event, sent, window_hours, currency) if event.type == "purchase" else _seen(event) for event in sent
    ]


def _sent(tenant_id: UUID, body: dict[str, Any]) -> Sent:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=body["timestamp"])
    identity = named_id(tenant_id.bytes, body["eventId"])
    return Sent(identity, body["eventType"], body["userId"], body["productId"], at, body.get("metadata") or {})


def _seen(event: Sent) -> Fact:
    place, strategy = (event.metadata.get(name) or "" for name in ("placementId", "strategy"))
    return Fact(event.at, event.product, place, strategy, event.type == "impression", event.type == "click")


def _purchase(event: Sent, sent: Sequence[Sent], window_hours: int, currency: str) -> Fact:
    clicks = [
        click for click in sent
        if click.type == "click" and click.recommended and (click.user, click.product) == (event.user, event.product)
        and event.at - timedelta(hours=window_hours) <= click.at <= event.at
    ]  # fmt: skip
    click = max(clicks, key=lambda each: each.order, default=None)
    own = (event.metadata.get("currency") or currency) == currency
    amount = (Decimal(str(event.metadata.get("price") or 0)) * (event.metadata.get("quantity") or 1)).quantize(
        CENT, ROUND_HALF_UP
    )
    worth = amount if own else Decimal("0.00")
    credited = _seen(click)[2:4] if click else ("", "")
    return Fact(
        event.at, event.product, *credited, 0, 0, 1, worth, click is not None, worth if click else Decimal("0.00"),
        own and _is_first_line(event, sent, currency), not own,
    )  # fmt: skip


def _is_first_line(event: Sent, sent: Sequence[Sent], currency: str) -> bool:
    order = event.metadata.get("orderId")
    lines = [
        line for line in sent
        if line.type == "purchase" and line.metadata.get("orderId") == order
        and (line.metadata.get("currency") or currency) == currency
    ]  # fmt: skip
    return not order or event.order == min(line.order for line in lines)


def total(found: Iterable[Fact], *names: str) -> tuple[Any, ...]:
    found = list(found)
    return tuple(
        sum((getattr(fact, name) for fact in found), Decimal("0.00") if "revenue" in name else 0)
        for name in names or SUMS
    )


def day_of(fact: Fact, zone: ZoneInfo) -> date:
    return fact.at.astimezone(zone).date()


def hour_of(fact: Fact, zone: ZoneInfo) -> datetime:
    midnight = datetime.combine(day_of(fact, zone), time(), zone).astimezone(UTC)
    return midnight + (fact.at - midnight) // timedelta(hours=1) * timedelta(hours=1)


def sums(found: Iterable[Fact], key: Any) -> dict[Any, tuple[Any, ...]]:
    """Totals by `key`, which is a function of a fact."""
    groups: dict[Any, list[Fact]] = {}
    for fact in found:
        groups.setdefault(key(fact), []).append(fact)
    return {name: total(group) for name, group in groups.items()}
