"""Members of a tenant and invitations to become one.

A role is read from PostgreSQL with every request (auth/guard.py), so whatever changes here holds at once on every
process. A tenant that has an owner never loses its last one.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from smtplib import SMTPException
from uuid import UUID

import asyncpg
import structlog

from recomengine.auth.actor import Actor, Member, audit
from recomengine.auth.attempts import Attempt, Attempts
from recomengine.auth.mail import INVITATION_TEXT, Mailer
from recomengine.auth.tokens import digest, opaque_token
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.metrics import MAILS_NOT_SENT
from recomengine.infra.redis import RedisClient
from recomengine.members import queries
from recomengine.members.schemas import InvitationIn
from recomengine.settings import Settings
from recomengine.shop import Role
from recomengine.tenants.service import read_one
from recomengine.web.problems import Conflict, Forbidden, NotFound, Unavailable, invalid

INVITATION_LIFETIME = timedelta(days=7)
MAX_PLACES = 200
"""Members and invitations of a tenant together."""

log = structlog.get_logger()


async def members_of(pool: Pool, tenant_id: UUID, after: UUID | None, limit: int) -> Sequence[asyncpg.Record]:
    async with tenant_transaction(pool, tenant_id) as connection:
        return await queries.members_of(connection, tenant_id, after, limit)


async def change_role(pool: Pool, by: Member, admin_id: UUID, role: Role) -> asyncpg.Record:
    tenant_id = by.tenant_id
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_members(connection, tenant_id)
        old = await queries.one_member(connection, tenant_id, admin_id)
        if old is None:
            raise _no_member()
        if role is not Role.OWNER:
            _check_not_last(old, await queries.count_owners(connection, tenant_id))
        await queries.set_role(connection, tenant_id, admin_id, role.value)
        await audit(connection, by, "member.role_changed", admin_id, {"role": old["role"]}, {"role": role.value})
        row = await queries.one_member(connection, tenant_id, admin_id)
    assert row is not None  # under the lock
    return row


async def remove(pool: Pool, by: Member, admin_id: UUID) -> None:
    tenant_id = by.tenant_id
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_members(connection, tenant_id)
        old = await queries.one_member(connection, tenant_id, admin_id)
        if old is None:
            raise _no_member()
        _check_not_last(old, await queries.count_owners(connection, tenant_id))
        await queries.delete_member(connection, tenant_id, admin_id)
        before = {"email": old["email"], "role": old["role"]}
        await audit(connection, by, "member.removed", admin_id, before, None)


async def invitations_of(pool: Pool, tenant_id: UUID, after: UUID | None, limit: int) -> Sequence[asyncpg.Record]:
    """With those that are out of date, until they are revoked or made anew."""
    async with tenant_transaction(pool, tenant_id) as connection:
        return await queries.invitations_of(connection, tenant_id, after, limit)


async def revoke_invitation(pool: Pool, by: Member, invitation_id: UUID) -> None:
    async with tenant_transaction(pool, by.tenant_id) as connection:
        email = await queries.delete_invitation(connection, by.tenant_id, invitation_id)
        if email is None:
            raise NotFound("There is no such invitation to this tenant. Check the id.")
        await audit(connection, by, "invitation.revoked", invitation_id, {"email": email}, None)


async def accept(pool: Pool, actor: Actor, token: str) -> tuple[asyncpg.Record, Role]:
    """The tenant, and what the admin is there now."""
    found = await queries.find_invitation(pool, digest(token))
    if found is None:
        raise invalid("$.token", "is unknown, used, revoked or older than seven days. Ask for another invitation")
    if found["email"].lower() != actor.admin.email.lower():
        raise Forbidden(
            "This invitation went to another address. Sign in with the account of the address that the mail came to.",
            code="invitation_of_another",
        )
    tenant_id = found["tenant_id"]
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_members(connection, tenant_id)
        taken = await queries.take_invitation(connection, tenant_id, digest(token))
        if taken is None:
            raise invalid("$.token", "was used or revoked at this moment. Ask for another invitation")
        joined = Member(actor.admin, actor.address, actor.family, tenant_id, Role(taken["role"]))
        await queries.insert_member(connection, tenant_id, actor.admin.id, joined.role.value)
        await audit(connection, joined, "member.joined", actor.admin.id, None, {"role": joined.role.value})
    return await read_one(pool, tenant_id), joined.role


class Invitations:
    def __init__(self, pool: Pool, redis: RedisClient, settings: Settings) -> None:
        self._pool = pool
        self._base_url = settings.base_url
        self._mailer = Mailer(settings.smtp_url, settings.data_dir / "outbox")
        self._attempts = Attempts(redis)

    async def invite(self, by: Member, given: InvitationIn) -> asyncpg.Record:
        """Mail a link to the address, in place of the one that it had."""
        attempts: list[Attempt] = [
            ("inviting", str(by.admin.id)),
            ("invited", f"{given.email.lower()} {by.tenant_id}"),
        ]
        await self._attempts.check(*attempts)
        await asyncio.gather(*map(self._attempts.note, attempts))
        tenant, token = await read_one(self._pool, by.tenant_id), opaque_token()
        row = await self._store(by, given, token)
        link = f"{self._base_url}/invitation#{token}"
        text = INVITATION_TEXT.format(
            inviter=by.admin.email, tenant=tenant["name"], role=given.role.value, link=link
        )
        try:
            await self._mailer.send(given.email, "You are invited to a shop on RecomEngine", text)
        except (OSError, SMTPException) as error:
            MAILS_NOT_SENT.inc()
            log.error("mail not sent", error=type(error).__name__)  # the message might name the address
            await self._forget(by.tenant_id, row["id"])
            raise Unavailable(
                "The mail could not be sent, so there is no invitation. Try again later.",
                retry_after_s=60,
                code="mail_not_sent",
            ) from None
        return row

    async def _store(self, by: Member, given: InvitationIn, token: str) -> asyncpg.Record:
        tenant_id = by.tenant_id
        async with tenant_transaction(self._pool, tenant_id) as connection:
            await queries.lock_members(connection, tenant_id)
            if await queries.has_member(connection, tenant_id, given.email):
                raise Conflict(
                    "This address is a member of the tenant already. Change the member's role.", code="already_member"
                )
            if await queries.count_places(connection, tenant_id, given.email) >= MAX_PLACES:
                raise Conflict(
                    f"Expected at most {MAX_PLACES} members and invitations of a tenant. Remove or revoke some.",
                    code="too_many_members",
                )
            row = await queries.upsert_invitation(
                connection, tenant_id, given.email, given.role.value, digest(token), INVITATION_LIFETIME
            )
            after = {"email": given.email, "role": given.role.value}
            await audit(connection, by, "invitation.sent", row["id"], None, after)
        return row

    async def _forget(self, tenant_id: UUID, invitation_id: UUID) -> None:
        async with tenant_transaction(self._pool, tenant_id) as connection:
            await queries.delete_invitation(connection, tenant_id, invitation_id)


def _check_not_last(member: asyncpg.Record, owners: int) -> None:
    if member["role"] == Role.OWNER.value and owners == 1:
        raise Conflict(
            "This member is the tenant's only owner. Make another one an owner first, or delete the tenant.",
            code="last_owner",
        )


def _no_member() -> NotFound:
    return NotFound("There is no such member of this tenant. Check the id.")
