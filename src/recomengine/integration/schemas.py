"""How an integration does, as answers show it."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Status = Literal["ok", "warning", "problem", "unknown"]
"""unknown: nothing came that would tell. problem: figures, lists or shoppers are wronged; warning: they soon may be."""
Check = Literal[
    "events", "event_types", "catalog", "model", "unknown_products", "prices", "order_ids", "currencies",
    "purchase_prices", "click_attribution", "impressions", "placement_clicks", "placement_ids", "clocks", "origins",
    "rejected_events", "duplicates", "sdk_versions", "sdk_errors", "identities", "shared_ids", "robots", "segment",
    "keys",
]  # fmt: skip


class IntegrationQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    days: Annotated[int, Meta(ge=1, le=30)] = 7
    """So far back."""


class Finding(msgspec.Struct, rename="camel", frozen=True):
    """summary: what was found. share: of what the check looks at, how much is amiss. examples: ids of products or
    events, placements, origins, codes; never a shopper's. remedy: what to do; empty where nothing is to be done."""

    check: Check
    status: Status
    summary: str
    remedy: str = ""
    share: float | None = None
    values: dict[str, int | float | str] = {}
    examples: list[str] = []


class Receipt(msgspec.Struct, rename="camel", frozen=True):
    """Of a foreign event: where it came from, what it is called there, and what became of it."""

    at: datetime
    source: str
    event: str
    message_id: str
    outcome: str


class Integration(msgspec.Struct, rename="camel", frozen=True):
    """status: the worst of the findings. receipts: of the last events in the forms of others, absent while Redis is
    away."""

    status: Status
    since: datetime
    checked_at: datetime
    findings: list[Finding]
    receipts: list[Receipt] | UnsetType = UNSET


Step = Literal["key", "event", "catalog", "model", "widget"]


class SetupStep(msgspec.Struct, rename="camel", frozen=True):
    """One step of the set-up. at: when it was done, of the widget when a list for a placement was last asked for.
    remedy: what to do; empty where it is done."""

    step: Step
    done: bool
    at: datetime | None
    summary: str
    remedy: str


class SeenEvent(msgspec.Struct, rename="camel", frozen=True):
    """at: when it came; timestamp: when it happened. product_known: whether the catalog has its product."""

    event_type: str
    product_id: str | None
    at: datetime
    timestamp: datetime
    product_known: bool


class Refusal(msgspec.Struct, rename="camel", frozen=True):
    """kind: `origin_refused`, whose subject is the origin, or `event_rejected`, whose subject is the code and the
    member."""

    kind: Literal["event_rejected", "origin_refused"]
    subject: str
    times: int
    last_at: datetime


class Setup(msgspec.Struct, rename="camel", frozen=True):
    """refusals: of the last hour, the newest first: why an event that was sent is not there."""

    done: bool
    steps: list[SetupStep]
    newest_event: SeenEvent | None
    refusals: list[Refusal]
