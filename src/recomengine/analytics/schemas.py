"""What the analytics endpoints are asked, and what they answer."""

from collections.abc import Callable
from datetime import date as Day
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta, field

from recomengine.analytics.queries import Only
from recomengine.web.fields import ONE_LINE
from recomengine.web.paging import Limit

Metric = Literal[
    "impressions", "clicks", "conversions", "revenue", "ctr", "conversionRate", "averageOrderValue",
    "attributedConversions", "attributedRevenue", "orders", "otherCurrency", "returns", "returnedRevenue",
    "unmatchedReturns",
]  # fmt: skip
ProductMetric = Literal["impressions", "clicks", "conversions", "revenue", "attributedConversions", "attributedRevenue"]
Interval = Literal["day", "hour"]
Group = Literal["placementId", "strategy"]
Credited = Annotated[
    str, Meta(max_length=500, pattern=ONE_LINE, extra={"expected": "at most 500 characters without control characters"})
]
CENT, NO_MONEY = Decimal("0.01"), Decimal("0.00")


class RangeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    start: str | None = field(name="from", default=None)
    end: str | None = field(name="to", default=None)


class CreditQuery(RangeQuery, frozen=True, forbid_unknown_fields=True):
    """Only what is credited to a placement, to a strategy; "" is what belongs to none."""

    placement_id: Credited | None = field(name="placementId", default=None)
    strategy: Credited | None = None

    @property
    def only(self) -> Only:
        return Only(self.placement_id, self.strategy)


class OverviewQuery(CreditQuery, frozen=True, forbid_unknown_fields=True):
    compare: Literal["previous"] | None = None


class TimeseriesQuery(CreditQuery, frozen=True, forbid_unknown_fields=True):
    metric: Metric = "impressions"
    interval: Interval = "day"
    group_by: Group | None = field(name="groupBy", default=None)


class FunnelQuery(CreditQuery, frozen=True, forbid_unknown_fields=True):
    pass


class ProductsQuery(RangeQuery, frozen=True, forbid_unknown_fields=True):
    metric: ProductMetric = "revenue"
    limit: Annotated[int, Meta(ge=1, le=100)] = 10


class ExportQuery(CreditQuery, frozen=True, forbid_unknown_fields=True):
    interval: Interval = "day"


class LiveQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reconcile: bool = False


class Figures(msgspec.Struct, rename="camel", frozen=True):
    """The figures of some stretch of time; docs/analytics.md defines each. Money in the tenant's currency."""

    impressions: int = 0
    clicks: int = 0
    conversions: int = 0
    revenue: Decimal = NO_MONEY
    ctr: float = 0.0
    conversion_rate: float = 0.0
    average_order_value: Decimal = NO_MONEY
    attributed_conversions: int = 0
    attributed_revenue: Decimal = NO_MONEY
    orders: int = 0
    other_currency: int = 0
    returns: int = 0
    returned_revenue: Decimal = NO_MONEY
    unmatched_returns: int = 0


class Previous(Figures, rename="camel", frozen=True, kw_only=True):
    start: datetime = field(name="from")
    end: datetime = field(name="to")


class Overview(Figures, rename="camel", frozen=True, kw_only=True):
    start: datetime = field(name="from")
    end: datetime = field(name="to")
    timezone: str
    currency: str
    previous: Previous | msgspec.UnsetType = msgspec.UNSET


class ShopsQuery(RangeQuery, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: UUID | None = None


class Glance(msgspec.Struct, rename="camel", frozen=True):
    """events: impressions, clicks, purchases and returns."""

    revenue: Decimal
    attributed_revenue: Decimal
    clicks: int
    events: int


class ShopGlance(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A shop in a line: its figures of the range and of the one before; both null while they are still computed.
    lastEventAt: the time of the newest event; modelBuiltAt: of the served model; null without one.
    """

    tenant_id: UUID
    name: str
    status: str
    timezone: str
    currency: str
    start: datetime = field(name="from")
    end: datetime = field(name="to")
    figures: Glance | None
    previous: Glance | None
    last_event_at: datetime | None
    model_built_at: datetime | None


class Point(msgspec.Struct, rename="camel", frozen=True):
    """value: a number; date: of a day; time: the start of an hour; placementId or strategy where the series is
    grouped.
    """

    value: Any
    date: Day | msgspec.UnsetType = msgspec.UNSET
    time: datetime | msgspec.UnsetType = msgspec.UNSET
    placement_id: str | msgspec.UnsetType = msgspec.UNSET
    strategy: str | msgspec.UnsetType = msgspec.UNSET


class Product(msgspec.Struct, rename="camel", frozen=True):
    product_id: str
    name: str | None
    impressions: int
    clicks: int
    conversions: int
    revenue: Decimal
    ctr: float
    attributed_conversions: int
    attributed_revenue: Decimal


StepName = Literal["impression", "click", "add_to_cart", "purchase"]
STEPS: tuple[StepName, ...] = get_args(StepName)


class Step(msgspec.Struct, rename="camel", frozen=True):
    """events: how many; shoppers: who has one of them or more."""

    event_type: StepName
    events: int = 0
    shoppers: int = 0


class Funnel(msgspec.Struct, rename="camel", frozen=True):
    """From impressions to purchases. Clicks: in recommendations; added to the cart or bought: what such a click is
    credited with.
    """

    start: datetime = field(name="from")
    end: datetime = field(name="to")
    steps: list[Step]


class Counts(msgspec.Struct, frozen=True):
    impressions: int = 0
    clicks: int = 0
    conversions: int = 0
    revenue: Decimal = NO_MONEY


class Live(Counts, rename="camel", frozen=True, kw_only=True):
    """Today so far; usual: the average of the last 28 days that had events; drift: what the counters have too much
    (less than 0: lack).
    """

    date: Day
    timezone: str
    currency: str
    ctr: float
    source: Literal["counters", "events"]
    usual: Counts | None
    drift: Counts | msgspec.UnsetType | None = msgspec.UNSET


def money(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def share(part: int, whole: int) -> float:
    """0 of nothing."""
    return part / whole if whole else 0.0


VALUES: dict[Metric, Callable[[asyncpg.Record], Any]] = {
    "impressions": lambda row: row["impressions"],
    "clicks": lambda row: row["clicks"],
    "conversions": lambda row: row["conversions"],
    "revenue": lambda row: money(row["revenue"]),
    "ctr": lambda row: share(row["clicks"], row["impressions"]),
    "conversionRate": lambda row: share(row["attributed_conversions"], row["clicks"]),
    "averageOrderValue": lambda row: money(row["revenue"] / row["orders"]) if row["orders"] else NO_MONEY,
    "attributedConversions": lambda row: row["attributed_conversions"],
    "attributedRevenue": lambda row: money(row["attributed_revenue"]),
    "orders": lambda row: row["orders"],
    "otherCurrency": lambda row: row["other_currency"],
    "returns": lambda row: row["returns"],
    "returnedRevenue": lambda row: money(row["returned_revenue"]),
    "unmatchedReturns": lambda row: row["unmatched_returns"],
}
"""Each figure of a row of sums, in the order of the fields of Figures."""


def figures_of(row: asyncpg.Record) -> Figures:
    return Figures(*(value(row) for value in VALUES.values()))


def product_of(row: asyncpg.Record) -> Product:
    return Product(
        row["product_id"], row["name"], row["impressions"], row["clicks"], row["conversions"], money(row["revenue"]),
        share(row["clicks"], row["impressions"]), row["attributed_conversions"], money(row["attributed_revenue"]),
    )  # fmt: skip
