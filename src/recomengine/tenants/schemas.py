"""Bodies of the tenant endpoints, and a tenant as an answer shows one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta

from recomengine.web.caller import TenantConfig

TenantName = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)")]


class TenantIn(msgspec.Struct, forbid_unknown_fields=True):
    name: TenantName
    config: TenantConfig = TenantConfig()


class TenantPatch(msgspec.Struct, forbid_unknown_fields=True):
    name: TenantName


class Tenant(msgspec.Struct, rename="camel", frozen=True):
    id: UUID
    name: str
    status: str
    config: TenantConfig
    created_at: datetime
    updated_at: datetime


def as_tenant(row: asyncpg.Record) -> Tenant:
    config = msgspec.convert(row["config"], TenantConfig)
    return Tenant(row["id"], row["name"], row["status"], config, row["created_at"], row["updated_at"])


class CreatedKeys(msgspec.Struct, rename="camel", frozen=True):
    read: str
    read_write: str
    publish: str


class CreatedTenant(msgspec.Struct, rename="camel", frozen=True):
    tenant_id: UUID
    keys: CreatedKeys
