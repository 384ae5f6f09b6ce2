"""A tenant's model as an answer shows it."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType


class Queued(msgspec.Struct, rename="camel"):
    status: Literal["queued"]
    already_queued: bool


class Progress(msgspec.Struct):
    part: str
    seconds: float


class ModelStatus(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """status is the newest build's; the figures are those of the model that is served."""

    status: Literal["none", "building", "ready", "failed"]
    version: str | None
    built_at: datetime | None
    events: int
    users: int
    items: int
    build_seconds: float | None
    strategies: dict[str, Any]
    contexts: dict[str, Any]
    error: str | UnsetType = UNSET
    progress: Progress | UnsetType = UNSET
