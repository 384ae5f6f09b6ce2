"""The shop's words: what a tenant's configuration, a key's permissions, strategies and types of event are. One place
for all domains.
"""

from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

Strategy = Literal[
    "auto", "collaborative", "content_based", "trending", "frequently_bought_together",
    "recently_viewed", "buy_again", "new_arrivals", "popular",
]  # fmt: skip
ExcludePurchased = Literal["auto", "always", "never"]
ExperimentKind = Literal["ab", "interleaving"]
Permissions = Literal["read", "read-write", "publish"]
EventType = Literal[
    "impression", "click", "view", "add_to_cart", "remove_from_cart", "wishlist", "purchase", "search",
    "return", "dislike",
]  # fmt: skip


class Permission(Enum):
    """What an endpoint needs, as the permissions of the keys that will do."""

    RECOMMEND = frozenset({"read", "read-write", "publish"})
    READ = frozenset({"read", "read-write"})
    INGEST = frozenset({"read-write", "publish"})
    WRITE = frozenset({"read-write"})


class Role(Enum):
    """What a member of a tenant may do: each all that those before it may, and more."""

    ANALYST = "analyst"
    DEVELOPER = "developer"
    OWNER = "owner"

    def covers(self, needed: "Role") -> bool:
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class EventTraits(NamedTuple):
    """What events of a type count for."""

    code: int | None
    """In logs of events and in models, for ever; None where the type concerns no product, and no model hears of it."""
    weight: float = 0.0
    """How much one says of a shopper's interest in the product."""
    seen: bool = False
    """Whether the shopper knows the product from it: it stands in their trail."""
    live: bool = False
    """Whether it counts for everybody at once, without a build: it stands in the tenant's feed."""
    bought: bool = False
    """Whether it groups what was bought together by its order."""
    revenue: int = 0
    """1 where it brings revenue, -1 where it gives it back. With an orderId it is a line of that order."""
    counter: str | None = None
    """Of the day's live counters, the one that it adds to."""


EVENT_TRAITS: dict[EventType, EventTraits] = {
    "impression": EventTraits(0, counter="impressions"),
    "click": EventTraits(1, 1.0, seen=True, live=True, counter="clicks"),
    "view": EventTraits(2, 1.0, seen=True, live=True),
    "add_to_cart": EventTraits(3, 3.0, seen=True, live=True),
    "remove_from_cart": EventTraits(4, seen=True),
    "wishlist": EventTraits(5, 3.0, seen=True, live=True),
    "purchase": EventTraits(6, 5.0, seen=True, live=True, bought=True, revenue=1, counter="conversions"),
    "search": EventTraits(None),
    "return": EventTraits(7, revenue=-1),
    "dislike": EventTraits(8, seen=True),
}
"""Every type of event. Another one is a line here, a word in EventType, and a migration that lets PostgreSQL take
it.
"""

MAX_PRICE = Decimal("9999999999.99")
NOISE, MOST_NOISE = Decimal("1e-7"), Decimal("1e-4")
"""What arithmetic in binary adds to a price, or takes from it, as a share of it: 1e-16 in double precision, and up to
6e-8 in single, as 19.99 becomes 19.989999771118164. A third decimal that is meant is more.
"""


def without_noise(price: Decimal) -> Decimal:
    """5.0600000000000005 as 5.06; any other price as it is. price: finite, at most MAX_PRICE."""
    cents = round(price, 2)
    return cents if cents and abs(price - cents) <= min(abs(price) * NOISE, MOST_NOISE) else price


Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", extra={"expected": "three capital letters, such as EUR"})]
Share = Annotated[float, Meta(ge=0, le=1)]
Limit = Annotated[int, Meta(ge=0, le=10_000_000)]
LABEL = "[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
HOST = rf"{LABEL}(?:\.{LABEL})*\.?"
ORIGIN = rf"^https?://({HOST}|\[[0-9a-f:]+\])(:[1-9][0-9]{{0,4}})?$"
Origin = Annotated[str, Meta(max_length=300, extra_json_schema={"pattern": ORIGIN})]
"""The pattern is for the document: what comes in is held to web/origins.py, what was stored is read as it is."""


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
