"""Tenants: made, changed, suspended, deleted; each change is written into the audit log and announced to all
processes.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import asyncpg
import msgspec
from msgspec import UNSET

from recomengine.api_keys.service import create_key
from recomengine.auth.actor import Actor, Member, audit
from recomengine.auth.idempotency import Repeatable, once
from recomengine.auth.schemas import Admin
from recomengine.infra.bus import Bus
from recomengine.infra.database import DECLARE_TENANTS, Pool, tenant_list, tenant_transaction
from recomengine.shop import RateLimits, Role, TenantConfig
from recomengine.tenants import queries
from recomengine.tenants.schemas import CreatedKeys, CreatedTenant, TenantIn, TenantPatch
from recomengine.web.codec import field_error
from recomengine.web.origins import check_origins
from recomengine.web.problems import NotFound, invalid

Change: TypeAlias = Callable[[asyncpg.Record], Mapping[str, Any]]
"""From a tenant's row to those of its columns name, status and config that become others."""

MAX_NAME = 200
PURGE_AFTER = timedelta(days=30)


async def create_tenant(
    pool: Pool, hmac_secret: str, name: str, config: TenantConfig, owner_id: UUID | None = None
) -> CreatedTenant:
    """A tenant with one key of each kind; the keys are shown here and never again. Without an owner no admin sees it.
    Raises Invalid.
    """
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise invalid("$.name", f"expected 1 to {MAX_NAME} printable characters. Choose another name")
    tenant_id: UUID = uuid4()
    check_config(config, TenantConfig(rate_limits=config.rate_limits), config.rate_limits, "$.config")
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.insert_tenant(connection, tenant_id, name, config, owner_id)
        keys = CreatedKeys(
            read=await create_key(connection, hmac_secret, tenant_id, "read", "read"),
            read_write=await create_key(connection, hmac_secret, tenant_id, "read-write", "read-write"),
            publish=await create_key(connection, hmac_secret, tenant_id, "publish", "publish"),
        )
    return CreatedTenant(tenant_id, keys)


async def configure(pool: Pool, tenant_id: UUID, config: TenantConfig) -> None:
    """Put `config` in place of the tenant's; a process that knows the tenant learns of it when its memory of the keys
    ends.
    """
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.update_config(connection, tenant_id, config)


async def require_tenant(pool: Pool, tenant_id: UUID) -> TenantConfig:
    """The tenant's configuration; raises NotFound unless there is such a tenant, and it is not deleted."""
    async with tenant_transaction(pool, tenant_id) as connection:
        found = await queries.find_tenant(connection, tenant_id)
    if found is None or found["status"] == "deleted":
        raise NotFound(f"There is no tenant {tenant_id}. Make one with `recomengine tenant create`.")
    return msgspec.convert(found["config"], TenantConfig)


async def create_for(pool: Pool, actor: Actor, given: TenantIn, repeatable: Repeatable) -> asyncpg.Record:
    """A tenant of the admin's; keys are made one by one."""
    async with pool.acquire() as connection, connection.transaction():

        async def make(tenant_id: UUID) -> None:
            await connection.execute(DECLARE_TENANTS, tenant_list([tenant_id]))
            await queries.insert_tenant(connection, tenant_id, given.name, given.config, actor.admin.id)
            await audit(
                connection,
                Member(actor.admin, actor.address, actor.family, tenant_id, Role.OWNER),
                "tenant.created",
                tenant_id,
                None,
                msgspec.to_builtins(given),
            )

        tenant_id = await once(connection, actor, repeatable, make)
    return await read_one(pool, tenant_id)


async def own_tenants(pool: Pool, admin: Admin, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Those that the admin is a member of, with their role."""
    own = await queries.tenants_of(pool, admin.id, after, limit)
    if not own:
        return []
    async with tenant_transaction(pool, *own) as connection:
        return await queries.own_tenants(connection, own, admin.id)


async def read_one(pool: Pool, tenant_id: UUID) -> asyncpg.Record:
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await queries.read_tenants(connection)
    if not rows:
        raise NotFound("There is no such tenant of yours. Check the id.")
    return rows[0]


async def change(pool: Pool, bus: Bus, member: Member, action: str, what: Change) -> asyncpg.Record:
    tenant_id = member.tenant_id
    async with tenant_transaction(pool, tenant_id) as connection:
        old = await queries.lock_tenant(connection, tenant_id)
        if old is None:
            raise NotFound("There is no such tenant of yours. Check the id.")
        new = dict(old) | dict(what(old))
        row = await queries.update_tenant(connection, tenant_id, new["name"], new["status"], new["config"])
        changed = [name for name in ("name", "status", "config") if row[name] != old[name]]
        await audit(
            connection,
            member,
            action,
            tenant_id,
            {name: old[name] for name in changed},
            {name: row[name] for name in changed},
        )
    await bus.publish("tenant", tenant_id)
    return row


def changed(row: asyncpg.Record, given: TenantPatch, most: RateLimits) -> Mapping[str, Any]:
    new = {} if given.name is UNSET else {"name": given.name}
    return (
        new if given.config is UNSET else new | {"config": merged_config(row["config"], given.config, most, "$.config")}
    )


def merged_config(config: Mapping[str, Any], given: Mapping[str, Any], most: RateLimits, at: str) -> TenantConfig:
    """The tenant's configuration with the members of `given` in place of its own; at: where `given` stands in the
    body.
    """
    merged = {**config, **given}
    if isinstance(given.get("rateLimits"), dict):
        merged["rateLimits"] = {**config.get("rateLimits", {}), **given["rateLimits"]}
    try:
        checked = msgspec.convert(merged, TenantConfig)
    except msgspec.ValidationError as error:
        field = field_error(error, TenantConfig, merged)
        raise invalid(at + field.path.removeprefix("$"), field.message) from None
    check_config(checked, msgspec.convert(config, TenantConfig), most, at)
    return checked


def check_config(config: TenantConfig, before: TenantConfig, most: RateLimits, at: str) -> None:
    """most: what the operator lets admins set. Limits that the operator has set beyond it, and origins that were stored
    under looser rules, stay until they are changed."""
    if config.allowed_origins != before.allowed_origins:
        check_origins(config.allowed_origins, f"{at}.allowedOrigins")
    for field in msgspec.structs.fields(RateLimits):
        limit, former, maximum = (
            getattr(limits, field.name) for limits in (config.rate_limits, before.rate_limits, most)
        )
        if limit != former and not 1 <= limit <= maximum:
            got = limit or "0, which is no limit"
            path = f"{at}.rateLimits.{field.encode_name}"
            raise invalid(
                path,
                f"expected 1 to {maximum}, the most that this system's operator allows, got {got}. Ask the operator "
                f"for more",
            )
    if config.timezone not in available_timezones():
        raise invalid(
            f"{at}.timezone",
            f"expected a name of the IANA time zone database, such as Europe/Berlin, got {config.timezone[:64]!r}",
        )
