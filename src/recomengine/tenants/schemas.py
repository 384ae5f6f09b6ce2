"""What making a tenant answers."""

from uuid import UUID

import msgspec


class CreatedKeys(msgspec.Struct, rename="camel", frozen=True):
    read: str
    read_write: str
    publish: str


class CreatedTenant(msgspec.Struct, rename="camel", frozen=True):
    tenant_id: UUID
    keys: CreatedKeys
