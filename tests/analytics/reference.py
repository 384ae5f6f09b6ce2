"""The figures of a shop computed plainly, in Python, from the events as they were sent: what every table and answer
must equal.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from recomengine.events.identity import named_id

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
COUNTED = ("impression", "click", "purchase", "return")


class Fact(NamedTuple):
    """What one event counts for; a return has one for each purchase that it takes money off."""

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
    returns: int = 0
    returned_revenue: Decimal = Decimal("0.00")
    unmatched_returns: int = 0


SUMS = (
    "impressions",
    "clicks",
    "conversions",
    "revenue",
    "attributed_conversions",
    "attributed_revenue",
    "orders",
    "other_currency",
    "returns",
    "returned_revenue",
    "unmatched_returns",
)


class Sent(NamedTuple):
    id: UUID
    type: str
    user: str
    """The shopper: of a joined id its user."""
    product: str
    at: datetime
    metadata: dict[str, Any]

    @property
    def order(self) -> tuple[datetime, UUID]:
        return self.at, self.id

    @property
    def recommended(self) -> bool:
        return bool(self.metadata.get("recommendationId") or self.metadata.get("placementId"))


def facts(
    tenant_id: UUID,
    events: Iterable[dict[str, Any]],
    window_hours: int,
    currency: str,
    joined: Mapping[str, str] | None = None,
    robots: Collection[str] = (),
) -> list[Fact]:
    """events: bodies of POST events, each with an eventId and a timestamp in milliseconds; joined: the user of each
    anonymous id; robots: ids that are left out, with all that is joined with them.
    """
    people = joined or {}
    left_out = {people.get(robot, robot) for robot in robots}
    found = (_sent(tenant_id, body, people) for body in events)
    sent = list(
        {
            event.id: event
            for event in found
            if event.type in COUNTED and event.user not in left_out and not event.metadata.get("bot")
        }.values()
    )
    returned = returns(sent, currency)
    facts: list[Fact] = []
    for event in sent:
        if event.type == "return":
            facts += _return(event, returned[event.id], sent, window_hours)
        else:
            facts.append(_purchase(event, sent, window_hours, currency) if event.type == "purchase" else _seen(event))
    return facts


def _sent(tenant_id: UUID, body: dict[str, Any], people: Mapping[str, str]) -> Sent:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=body["timestamp"])
    identity = named_id(tenant_id.bytes, body["eventId"])
    user = people.get(body["userId"], body["userId"])
    return Sent(identity, body["eventType"], user, body["productId"], at, body.get("metadata") or {})


def _seen(event: Sent) -> Fact:
    place, strategy = (event.metadata.get(name) or "" for name in ("placementId", "strategy"))
    return Fact(event.at, event.product, place, strategy, event.type == "impression", event.type == "click")


def _purchase(event: Sent, sent: Sequence[Sent], window_hours: int, currency: str) -> Fact:
    credited = _credited(event, sent, window_hours)
    own = _own(event, currency)
    worth = _worth(event, currency)
    return Fact(
        event.at, event.product, *(credited or ("", "")), 0, 0, 1, worth, credited is not None,
        worth if credited else NOTHING, own and _is_first_line(event, sent, currency), not own,
    )  # fmt: skip


def _credited(event: Sent, sent: Sequence[Sent], window_hours: int) -> tuple[str, str] | None:
    """Placement and strategy of the click that a purchase is attributed to."""
    clicks = [
        click for click in sent
        if click.type == "click" and click.recommended and (click.user, click.product) == (event.user, event.product)
        and event.at - timedelta(hours=window_hours) <= click.at <= event.at
    ]  # fmt: skip
    click = max(clicks, key=lambda each: each.order, default=None)
    return _seen(click)[2:4] if click else None


def _own(event: Sent, currency: str) -> bool:
    return (event.metadata.get("currency") or currency) == currency


def _quantity(event: Sent) -> int:
    return int(event.metadata.get("quantity") or 1)


def _worth(event: Sent, currency: str) -> Decimal:
    amount = Decimal(str(event.metadata.get("price") or 0)) * _quantity(event)
    return amount.quantize(CENT, ROUND_HALF_UP) if _own(event, currency) else NOTHING


def _is_first_line(event: Sent, sent: Sequence[Sent], currency: str) -> bool:
    order = event.metadata.get("orderId")
    lines = [
        line for line in sent
        if line.type == "purchase" and line.metadata.get("orderId") == order and _own(line, currency)
    ]  # fmt: skip
    return not order or event.order == min(line.order for line in lines)


Taken = list[tuple[Sent, Decimal]]


def returns(sent: Sequence[Sent], currency: str) -> dict[UUID, Taken | None]:
    """What each return takes off which purchases, the oldest of them first; None where there is none that it may belong
    to. First those that name an order which has the product; the others take from what their shopper has left.
    """
    lines = sorted((event for event in sent if event.type == "purchase"), key=lambda each: each.order)
    left = {line.id: _worth(line, currency) for line in lines}
    found: dict[UUID, Taken | None] = {}
    rest = []
    for event in sorted((event for event in sent if event.type == "return"), key=lambda each: each.order):
        order = event.metadata.get("orderId")
        of_order = [line for line in lines if order and (line.metadata.get("orderId"), line.product) == (order,
                    event.product)]  # fmt: skip
        if of_order:
            found[event.id] = _take(_value(event, of_order, currency), of_order, left)
        else:
            rest.append(event)
    for event in rest:
        until_then = [
            line for line in lines if (line.user, line.product) == (event.user, event.product) and line.at <= event.at
        ]
        found[event.id] = _take(_value(event, until_then, currency), until_then, left) if until_then else None
    return found


def _value(event: Sent, lines: Sequence[Sent], currency: str) -> Decimal:
    """What a return asks for: its price, or what a piece of these lines cost on average."""
    if not _own(event, currency) or event.metadata.get("price") is not None:
        return _worth(event, currency)
    own = [line for line in lines if _own(line, currency)]
    pieces = sum(_quantity(line) for line in own)
    worth = sum((_worth(line, currency) for line in own), NOTHING)
    return (worth * _quantity(event) / pieces).quantize(CENT, ROUND_HALF_UP) if pieces else NOTHING


def _take(value: Decimal, lines: Sequence[Sent], left: dict[UUID, Decimal]) -> Taken:
    taken: Taken = []
    for line in lines:
        part = min(value, left[line.id])
        if part:
            left[line.id] -= part
            value -= part
            taken.append((line, part))
    return taken


def _return(event: Sent, taken: Taken | None, sent: Sequence[Sent], window_hours: int) -> list[Fact]:
    if not taken:
        return [Fact(event.at, event.product, "", "", returns=1, unmatched_returns=taken is None)]
    facts = []
    for line, part in taken:
        credited = _credited(line, sent, window_hours)
        off = Fact(event.at, event.product, *(credited or ("", "")), revenue=-part, returned_revenue=part)
        facts.append(off._replace(attributed_revenue=-part if credited else NOTHING, returns=not facts))
    return facts


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
