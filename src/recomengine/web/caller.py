"""Who a keyed request comes from: the key, its tenant, the tenant's configuration, and the experiments that run there."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from recomengine.web.fields import Currency
from recomengine.web.origins import ORIGIN

Strategy = Literal["auto", "collaborative", "content_based", "trending", "frequently_bought_together"]
ExcludePurchased = Literal["auto", "always", "never"]
ExperimentKind = Literal["ab", "interleaving"]
Permissions = Literal["read", "read-write", "publish"]
Share = Annotated[float, Meta(ge=0, le=1)]
Limit = Annotated[int, Meta(ge=0, le=10_000_000)]
Origin = Annotated[str, Meta(max_length=300, extra_json_schema={"pattern": ORIGIN})]
"""The pattern is for the document: what comes in is held to it by `check_origins`, what was stored is read as it is."""


class RateLimits(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """Requests per minute and key; 0 is no limit."""

    read_per_minute: Limit = 1000
    write_per_minute: Limit = 500


class TenantConfig(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    default_strategy: Strategy = "auto"
    allowed_origins: tuple[Origin, ...] = ()
    currency: Currency = "USD"
    attribution_window_hours: Annotated[int, Meta(ge=1, le=2160)] = 168
    rate_limits: RateLimits = RateLimits()
    exclude_purchased: ExcludePurchased = "auto"
    diversity: Share = 0.0
    """How much variety within a list may cost of its relevance: 0 nothing, 1 everything."""
    timezone: Annotated[str, Meta(min_length=1, max_length=64)] = "UTC"


class RunningExperiment(msgspec.Struct, rename="camel", frozen=True):
    id: str
    kind: ExperimentKind
    placement_id: str | None
    """None: every placement that has no experiment of its own."""
    control_strategy: Strategy
    variant_strategy: Strategy
    traffic_split: int
    """Of 100 shoppers so many see control."""


class Caller(msgspec.Struct, frozen=True):
    tenant_id: UUID
    key_id: UUID
    prefix: str
    permissions: Permissions
    origins: tuple[str, ...]
    tenant_status: str
    config: TenantConfig
    tenant: str
    """The tenant's id as text, as Redis keys carry it."""
    experiments: dict[str | None, RunningExperiment] = {}
    """By placement."""
