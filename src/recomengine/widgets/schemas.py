"""What a widget may be, what a page asks for, and what is answered.

A theme holds plain colours, names and numbers: nothing that a style sheet could read as more.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from recomengine.recommendations.schemas import (
    Category,
    Ids,
    ListMeta,
    PageContext,
    PriceLimit,
    Query,
    Recommendation,
)
from recomengine.shop import Strategy
from recomengine.web.fields import ONE_LINE, Id, Title

MAX_PLACEMENTS = 20
Layout = Literal["grid", "carousel", "list"]
ColorScheme = Literal["light", "dark", "auto"]
Columns = Annotated[int, Meta(ge=1, le=6)]
MaxItems = Annotated[int, Meta(ge=1, le=100)]
Color = Annotated[
    str,
    Meta(
        pattern=r"^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$(?!\n)",
        extra={"expected": "a colour such as #0a7, #00aa77 or #00aa77cc"},
    ),
]
_WORD = r"[A-Za-z][A-Za-z0-9_-]*"
_FONT = rf'(-?{_WORD}( {_WORD})*|"[A-Za-z0-9][A-Za-z0-9 _-]*")'
FontFamily = Annotated[
    str,
    Meta(
        min_length=1, max_length=200, pattern=rf"^{_FONT}(, ?{_FONT})*$(?!\n)",
        extra={
            "expected": 'names of fonts with commas between them, such as Inter, "Source Sans 3", sans-serif, of at '
            "most 200 characters; a name with a word that begins with a digit stands in double quotes"
        },
    ),
]  # fmt: skip
CtaText = Annotated[
    str,
    Meta(
        max_length=60, pattern=ONE_LINE,
        extra={"expected": "text of at most 60 characters, none of them a control character"},
    ),
]  # fmt: skip


class Theme(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is left out is as the SDK has it. Lengths are in pixels."""

    primary_color: Color | UnsetType = UNSET
    text_color: Color | UnsetType = UNSET
    background_color: Color | UnsetType = UNSET
    border_color: Color | UnsetType = UNSET
    border_radius: Annotated[int, Meta(ge=0, le=48)] | UnsetType = UNSET
    font_family: FontFamily | UnsetType = UNSET
    gap: Annotated[int, Meta(ge=0, le=64)] | UnsetType = UNSET
    color_scheme: ColorScheme | UnsetType = UNSET


class WidgetIn(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Its defaults are those of a placement without a widget."""

    placement_id: Id
    layout: Layout = "grid"
    columns: Columns = 4
    theme: Theme = Theme()
    max_items: MaxItems = 8
    show_price: bool = True
    cta_text: CtaText = ""
    title: Title | None = None
    strategy: Strategy | None = None


class WidgetPatch(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A theme replaces the whole theme."""

    placement_id: Id | UnsetType = UNSET
    layout: Layout | UnsetType = UNSET
    columns: Columns | UnsetType = UNSET
    theme: Theme | UnsetType = UNSET
    max_items: MaxItems | UnsetType = UNSET
    show_price: bool | UnsetType = UNSET
    cta_text: CtaText | UnsetType = UNSET
    title: Title | UnsetType | None = UNSET
    strategy: Strategy | UnsetType | None = UNSET


class Look(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A widget as it was saved, or as WidgetIn has it by default."""

    placement_id: str
    layout: Layout
    columns: int
    theme: Theme
    max_items: int
    show_price: bool
    cta_text: str
    title: str | None
    strategy: Strategy | None


class WidgetView(Look, rename="camel", frozen=True, kw_only=True):
    """What pages are told: the look, and the shop's currency."""

    currency: str


class Widget(Look, rename="camel", frozen=True, kw_only=True):
    """What admins are told."""

    id: UUID
    created_at: datetime
    updated_at: datetime


class PlacementIn(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """As in a request for one list; what it does not say, its widget does."""

    placement_id: Id
    product_ids: Ids = []
    limit: MaxItems | None = None
    strategy: Strategy | None = None
    context: PageContext | None = None
    category: Annotated[list[Category], Meta(max_length=20)] = []
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    exclude: Ids = []


class PageIn(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    placements: Annotated[list[PlacementIn], Meta(min_length=1, max_length=MAX_PLACEMENTS)]
    user_id: Id | None = None
    session_id: Id | None = None
    key: str | None = None
    """A publish key, for browsers."""

    def __post_init__(self) -> None:
        Query(user_id=self.user_id, session_id=self.session_id)  # raises for ids of nothing but blanks


class PreviewQuery(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """For whom, and on which product's page."""

    user_id: Id | None = None
    product_id: Id | None = None

    def __post_init__(self) -> None:
        Query(user_id=self.user_id)  # raises for an id of nothing but blanks


class PlacedList(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """As page.py puts one together."""

    placement_id: str
    widget: WidgetView
    data: list[Recommendation]
    meta: ListMeta


def look_of(given: WidgetIn) -> Look:
    return Look(**msgspec.structs.asdict(given))


def as_look(row: "asyncpg.Record | dict[str, Any]") -> Look:
    return Look(**{**row, "theme": msgspec.convert(row["theme"], Theme)})


def as_widget(row: "asyncpg.Record | dict[str, Any]") -> Widget:
    return Widget(**{**row, "theme": msgspec.convert(row["theme"], Theme)})
