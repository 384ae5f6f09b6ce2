"""Bodies of the experiment endpoints, and what they answer."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from recomengine.experiments.assignment import Variant
from recomengine.shop import ExperimentKind, Strategy
from recomengine.web.fields import Id, Title
from recomengine.web.paging import Limit

Metric = Literal["ctr", "conversion_rate", "revenue_per_user"]
Status = Literal["draft", "running", "paused", "completed"]
Guarded = Literal["revenue_per_user", "error_free_share"]
Decision = Literal["variant", "control", "undecided", "invalid"]
Split = Annotated[int, Meta(ge=1, le=99)]
Lift = Annotated[float, Meta(gt=-1, le=10)]
Interval = tuple[float, float]


class ExperimentIn(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Title
    control_strategy: Strategy
    variant_strategy: Strategy
    metric: Metric
    traffic_split: Split = 50
    placement_id: Id | None = None
    kind: ExperimentKind = "ab"


class ExperimentPatch(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: Title | UnsetType = UNSET
    control_strategy: Strategy | UnsetType = UNSET
    variant_strategy: Strategy | UnsetType = UNSET
    metric: Metric | UnsetType = UNSET
    traffic_split: Split | UnsetType = UNSET
    placement_id: Id | UnsetType | None = UNSET
    kind: ExperimentKind | UnsetType = UNSET


class ExperimentPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: UUID | None = None
    status: Status | None = None


class PowerQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lift: Lift
    """What is to be found, as a share of control's value: 0.05 is 5 % more."""
    power: Annotated[float, Meta(ge=0.5, le=0.99)] = 0.8


class Experiment(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    id: UUID
    name: str
    kind: ExperimentKind
    placement_id: str | None
    control_strategy: str
    variant_strategy: str
    traffic_split: int
    metric: Metric
    status: Status
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


def as_experiment(row: asyncpg.Record) -> Experiment:
    return Experiment(**row)


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Over `users` shoppers: of the metric's numerator y and denominator d, and of x, the same numerator in the time
    before; of their products.
    """

    users: int
    y: Decimal
    d: Decimal
    yy: Decimal
    yd: Decimal
    dd: Decimal
    x: Decimal = Decimal()
    xx: Decimal = Decimal()
    xy: Decimal = Decimal()
    xd: Decimal = Decimal()


class Arm(Sums, frozen=True, kw_only=True):
    """All that the statistics need of one variant. users: those who were exposed to it, and whom the hash gives it."""

    impressions: int
    clicks: int
    conversions: int
    """Users who bought, at or after their first exposure."""
    purchases: int
    revenue: Decimal
    revenue_squares: Decimal
    """Sum of the squares of the users' revenues."""
    error_free: int
    """Users to whom no list of a fallback was shown."""
    foreign: int
    """Purchases in another currency than the tenant's; no part of the revenue."""
    mismatched: int
    """Events that name another variant than the hash gives their user; no part of anything."""
    both_arms: int = 0
    """Users who saw the other variant as well, under an id that was joined with the first one's later."""


class Traffic(Sums, frozen=True, kw_only=True):
    """A placement without an experiment. clickers: users who clicked; days: from its first impression of the last weeks
    until now.
    """

    clickers: int
    days: float


class VariantResult(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    variant: Variant
    strategy: str
    users: int
    impressions: int
    clicks: int
    conversions: int
    purchases: int
    revenue: float
    value: float | None
    ci: Interval | None


class Comparison(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Variant against control; intervals of 95 %, of the absolute lift."""

    absolute_lift: float | None = None
    relative_lift: float | None = None
    ci: Interval | None = None
    p_value: float | None = None
    chance_to_win: float | None = None
    sequential_ci: Interval | None = None


class Srm(msgspec.Struct, rename="camel", frozen=True):
    p_value: float | None
    ok: bool


class Cuped(msgspec.Struct, rename="camel", frozen=True):
    """The comparison again, less what the shoppers' own past explains."""

    absolute_lift: float
    ci: Interval
    p_value: float
    variance_reduction: float


class Guardrail(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    metric: Guarded
    control: float
    variant: float
    p_value: float | None
    adjusted_p_value: float | None
    ok: bool


class Results(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    status: str
    kind: ExperimentKind
    metric: Metric
    variants: list[VariantResult]
    comparison: Comparison
    cuped: Cuped | None
    srm: Srm
    guardrails: list[Guardrail]
    mismatched: int
    both_arms: int
    decision: Decision
    summary: str
    warnings: list[str]
    computed_at: datetime


class DailyLook(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What was known at a moment. users: of both variants together."""

    at: datetime
    users: int
    absolute_lift: float | None
    sequential_ci: Interval | None
    decision: Decision


class Power(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """How long it takes to find `lift` with the given power at the traffic of `trafficDays` days."""

    lift: float
    power: float
    baseline: float | None
    users_per_day: float
    traffic_days: float
    users: int | None
    """Of both variants together."""
    days: int | None
    warnings: list[str]
