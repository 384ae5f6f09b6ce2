"""A tenant's model as an answer shows it."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Context = Literal["home", "home_new", "session", "product", "cart", "session_known", "product_known", "cart_known"]
"""home_new: home where nothing bought before may come again; …_known: where the shopper did something before the visit
or the page."""


class Queued(msgspec.Struct, rename="camel"):
    status: Literal["queued"]
    already_queued: bool


class Progress(msgspec.Struct):
    part: str
    seconds: float


class Interval(msgspec.Struct, rename="camel"):
    """A mean over cases and its 95 % interval, by the normal approximation."""

    value: float
    low: float
    high: float


class EncoderTrial(msgspec.Struct, rename="camel"):
    """Whether the learned encoder is among the evidence, and why: `gains` where lists of some context got better by it,
    `no_gain` where none did (then it is not tried again for a week), `too_few_events`. gains: by how much, by context,
    over the cases of the backtest. places: how many events it was learned from, counted as often as they were read.
    held_back: the mean reciprocal rank of products that it did not learn, before and after each round."""

    used: bool
    outcome: Literal["gains", "no_gain", "too_few_events"]
    decided_at: datetime
    gains: dict[str, Interval]
    places: int
    held_back: list[float]


class ModelStatus(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """status is the newest build's; the figures are those of the model that is served. settings: of sources that the
    backtest chooses them for, by the names of source and setting. encoder: none in a model from before there was
    one."""

    status: Literal["none", "building", "ready", "failed"]
    version: str | None
    built_at: datetime | None
    events: int
    users: int
    items: int
    build_seconds: float | None
    strategies: dict[str, Any]
    contexts: dict[str, Any]
    settings: dict[str, dict[str, float]]
    encoder: EncoderTrial | None
    error: str | UnsetType = UNSET
    progress: Progress | UnsetType = UNSET


class StrategyFigure(Interval, rename="camel", kw_only=True):
    """source: the evidence that the strategy is answered from there, `blend` for all of it together."""

    strategy: str
    source: str
    label: str


class SourceFigure(Interval, rename="camel", kw_only=True):
    """One source of evidence alone. ahead: by how much the lists of `auto` did better on the same cases, a paired
    difference; absent for the source that these lists are of, and of builds before it was kept."""

    source: str
    label: str
    kind: str
    ahead: Interval | UnsetType = UNSET


class SourceShare(msgspec.Struct, rename="camel"):
    """share: of what all sources add to the scores of the products at the head of lists."""

    source: str
    label: str
    kind: str
    share: float


class ContextReport(msgspec.Struct, rename="camel"):
    """What the backtest found in one context, and chose. cases: how many moments were held back there. chosen: `blend`,
    one source alone, or `prior` where there were too few cases to learn from. shrunk_to and shrinkage: where the
    weights were drawn to, and how strongly. summary: the weights in a sentence."""

    context: Context
    cases: int
    metric: str
    chosen: str
    strategies: list[StrategyFigure]
    sources: list[SourceFigure]
    weights: list[SourceShare]
    summary: str
    shrunk_to: str | None
    shrinkage: float | None


class ModelVersion(msgspec.Struct, rename="camel", kw_only=True):
    """One build. served: whether lists are made with it. learned_at: when its weights were learned, which a later build
    takes over while few events are new. seconds: of each part of the build. repeats_stay: whether shoppers of this shop
    buy again so often that what they bought stays in their lists."""

    version: str
    status: Literal["building", "ready", "failed"]
    served: bool
    started_at: datetime
    built_at: datetime | None
    build_seconds: float | None
    seconds: dict[str, float]
    bytes: int | None
    events: int
    users: int
    items: int
    robots: int
    learned_at: datetime | None
    repeat_share: float | None
    repeats_stay: bool | None
    contexts: list[ContextReport]
    error: str | UnsetType = UNSET
    progress: Progress | UnsetType = UNSET


class ReplayProduct(msgspec.Struct, rename="camel"):
    name: str
    image_url: str | None
    category: str | None
    price: float | None
    available: bool


class Deed(msgspec.Struct, rename="camel"):
    event_type: str
    product_id: str


class ReplayCase(msgspec.Struct, rename="camel"):
    """on_page: the products of the page or cart. done: what the shopper had done, the newest first. offered: the list
    that they would have got. taken: what they then bought, in a session what they looked at next. right: whether any of
    it was offered; bestsellers_right: whether the most popular products would have been."""

    context: Context
    user_id: str
    on_page: list[str]
    done: list[Deed]
    offered: list[str]
    taken: list[str]
    right: bool
    bestsellers_right: bool


class ReplaySummary(msgspec.Struct, rename="camel"):
    """How often lists of ten were right, with the 95 % interval of that share (Wilson), and how often the most popular
    products would have been. context: None for all cases together."""

    context: Context | None
    cases: int
    right: int
    share: Interval
    bestsellers: Interval


class Replay(msgspec.Struct, rename="camel"):
    """products: those that the cases name, by id."""

    version: str
    learned_at: datetime
    summaries: list[ReplaySummary]
    cases: list[ReplayCase]
    products: dict[str, ReplayProduct]
