"""Bodies of the tenant endpoints, and a tenant as an answer shows one."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from recomengine.shop import Role, TenantConfig
from recomengine.web.fields import Title
from recomengine.web.paging import Limit

ConfigPatch = Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": "#/components/schemas/TenantConfig"})]

AuditAction = Annotated[
    str,
    Meta(
        pattern=r"^[a-z_]{1,64}(\.[a-z_]{1,64})?$(?!\n)",
        extra={"expected": "an action such as key.revoked, or key alone"},
    ),
]


class TenantIn(msgspec.Struct, forbid_unknown_fields=True):
    name: Title
    config: TenantConfig = TenantConfig()


class TenantPatch(msgspec.Struct, forbid_unknown_fields=True):
    """config: those of its members that become others."""

    name: Title | UnsetType = UNSET
    config: ConfigPatch | UnsetType = UNSET


class AuditPage(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    tenant_id: UUID | None = None
    admin_id: UUID | None = None
    """Who acted."""
    action: AuditAction | None = None
    """One such as `key.revoked`, or `key` for all that was done to keys."""


class Tenant(msgspec.Struct, rename="camel", frozen=True):
    id: UUID
    name: str
    status: str
    role: Role
    config: TenantConfig
    created_at: datetime
    updated_at: datetime


def as_tenant(row: asyncpg.Record, role: Role) -> Tenant:
    """role: of who asks."""
    config = msgspec.convert(row["config"], TenantConfig)
    return Tenant(row["id"], row["name"], row["status"], role, config, row["created_at"], row["updated_at"])


class AuditLine(msgspec.Struct, rename="camel", frozen=True):
    id: int
    at: datetime
    admin_id: UUID
    admin_email: str
    tenant_id: UUID | None
    action: str
    subject: str
    address: str
    before: Any
    after: Any


def as_audit_line(row: asyncpg.Record) -> AuditLine:
    return AuditLine(
        row["id"],
        row["at"],
        row["admin_id"],
        row["email"],
        row["about_tenant"],
        row["action"],
        row["subject"],
        row["address"],
        row["before"],
        row["after"],
    )


class CreatedKeys(msgspec.Struct, rename="camel", frozen=True):
    read: str
    read_write: str
    publish: str


class CreatedTenant(msgspec.Struct, rename="camel", frozen=True):
    tenant_id: UUID
    keys: CreatedKeys
