"""Bodies of the key endpoints, and a key as an answer shows one; the key itself only in the answer that makes it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta

from recomengine.shop import Origin, Permissions
from recomengine.web.fields import Title


class KeyIn(msgspec.Struct, forbid_unknown_fields=True):
    name: Title
    permissions: Permissions
    origins: Annotated[tuple[Origin, ...], Meta(max_length=100)] = ()


class Rotation(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    overlap_hours: Annotated[int, Meta(ge=0, le=720)] = 24
    """For so long the old key works beside the new one."""


class Key(msgspec.Struct, rename="camel", frozen=True):
    id: UUID
    prefix: str
    name: str
    permissions: str
    origins: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKey(msgspec.Struct, rename="camel", frozen=True):
    id: UUID
    key: str
    prefix: str
    name: str
    permissions: str
    origins: list[str]
    created_at: datetime
    last_used_at: datetime | None


def as_key(row: asyncpg.Record) -> Key:
    return Key(
        row["id"],
        row["key_prefix"],
        row["name"],
        row["permissions"],
        row["origins"],
        row["created_at"],
        row["last_used_at"],
        row["revoked_at"],
    )


def as_new_key(row: asyncpg.Record, key: str) -> NewKey:
    return NewKey(
        row["id"],
        key,
        row["key_prefix"],
        row["name"],
        row["permissions"],
        row["origins"],
        row["created_at"],
        row["last_used_at"],
    )
