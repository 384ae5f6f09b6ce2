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
