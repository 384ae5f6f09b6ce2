"""Accounts: signing up, in and out, the hourly renewal, forgotten passwords.

A login begins a family of refresh tokens. Each is used once, for the next one and an access token; whoever comes with one
that was used already ends the family, since one of the two has stolen it.
"""

import asyncio
import smtplib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import structlog

from recomengine.auth import queries
from recomengine.auth.attempts import Attempts
from recomengine.auth.hashing import Hasher
from recomengine.auth.mail import Mailer
from recomengine.auth.passwords import check_password
from recomengine.auth.schemas import Admin, as_admin
from recomengine.auth.tokens import ACCESS_S, Access, Signer, digest, opaque_token
from recomengine.infra.database import Pool
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.settings import Settings
from recomengine.web.problems import Conflict, Forbidden, Unauthorized, invalid

REFRESH_LIFETIME = timedelta(days=7)
ACCESS_LIFETIME = timedelta(seconds=ACCESS_S)
RESET_LIFETIME = timedelta(hours=1)

log = structlog.get_logger()


class Session(NamedTuple):
    """What a login or a renewal gives."""

    admin: Admin
    access_token: str
    refresh_token: str
    csrf_token: str


class Accounts:
    def __init__(self, pool: Pool, redis: RedisClient, settings: Settings) -> None:
        self._pool = pool
        self._redis = redis
        self._settings = settings
        self._signer = Signer(settings.jwt_secret)
        self._hasher = Hasher()
        self._mailer = Mailer(settings.smtp_url, settings.data_dir / "outbox")
        self._attempts = Attempts(redis)
        self._mails: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        await asyncio.gather(*self._mails, return_exceptions=True)
        await self._hasher.close()

    async def sign_up(self, email: str, password: str, name: str, address: str) -> Session:
        if self._settings.signup == "closed":
            raise Forbidden("This system takes no new accounts. Ask its operator for one.", code="signup_closed")
        await self._attempts.check("signup", address)
        check_password(password, email, name)
        await self._attempts.note("signup", address)
        password_hash = await self._hasher.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await queries.insert_admin(connection, email, password_hash, name)
            if row is None:
                raise Conflict("There is an account with this address. Sign in, or reset its password.", code="email_taken")
            await queries.insert_audit(connection, row["id"], None, "account.signed_up", str(row["id"]), address, None, None)
        return await self._begin(as_admin(row))

    async def log_in(self, email: str, password: str, address: str) -> Session:
        await self._attempts.check("account", email)
        await self._attempts.check("address", address)
        row = await queries.find_admin(self._pool, email)
        if not await self._hasher.matches(password, row["password_hash"] if row else None) or row is None:
            await self._attempts.note("account", email)
            await self._attempts.note("address", address)
            raise Unauthorized("The address or the password is wrong. Try again, or reset the password.", code="wrong_credentials")
        await self._attempts.forget("account", email)
        return await self._begin(as_admin(row))

    async def refresh(self, refresh_token: str | None, csrf_token: str | None) -> Session:
        """The next session of the token's family; the token is used up."""
        if refresh_token is None:
            raise _signed_out()
        await self._check_csrf(refresh_token, csrf_token)
        async with self._pool.acquire() as connection, connection.transaction():
            used = await queries.use_refresh(connection, digest(refresh_token))
            admin = await queries.admin_by_id(connection, used["admin_id"]) if used else None
            if used is not None and admin is not None:
                next_token = opaque_token()
                await queries.insert_refresh(connection, digest(next_token), used["family"], used["admin_id"], REFRESH_LIFETIME)
        if used is None or admin is None:
            await self._end_if_stolen(refresh_token)
            raise _signed_out()
        return self._session(as_admin(admin), used["family"], next_token)

    async def log_out(self, refresh_token: str | None, csrf_token: str | None, access: Access | None) -> None:
        """End the session's family: its refresh tokens, and its access tokens at once on every process."""
        if refresh_token is None:
            return
        family = await self._check_csrf(refresh_token, csrf_token)
        if family is not None:
            await self._end(family)
        if access is not None:
            await self._blacklist(access.jti)

    async def forget_password(self, email: str, address: str) -> None:
        """Mail a link to the account, if there is one; the caller cannot tell."""
        await self._attempts.check("forgot", email)
        await self._attempts.check("signup", address)
        await self._attempts.note("forgot", email)
        await self._attempts.note("signup", address)
        mail = asyncio.create_task(self._mail_reset(email))
        self._mails.add(mail)
        mail.add_done_callback(self._mails.discard)

    async def reset_password(self, token: str, password: str, address: str) -> None:
        await self._attempts.check("address", address)
        check_password(password)
        password_hash = await self._hasher.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            admin_id = await queries.take_reset(connection, digest(token))
            if admin_id is not None:
                await queries.set_password(connection, admin_id, password_hash)
                await queries.insert_audit(connection, admin_id, None, "account.password_reset", str(admin_id), address, None, None)
        if admin_id is None:
            await self._attempts.note("address", address)
            raise invalid("$.token", "is unknown, used or older than an hour. Ask for a new link")

    async def admin_of(self, access_token: str) -> Admin | None:
        """Whose token it is; None for one that is not valid, was signed out, or is from before a change of the password."""
        access = self._signer.read(access_token)
        if access is None or await self._is_blacklisted(access.jti):
            return None
        row = await queries.signed_in(self._pool, access.admin_id, access.issued_at, access.family)
        return None if row is None else as_admin(row)

    def access_of(self, access_token: str) -> Access | None:
        return self._signer.read(access_token)

    async def rename(self, admin: Admin, name: str, address: str) -> Admin:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await queries.rename_admin(connection, admin.id, name)
            await queries.insert_audit(connection, admin.id, None, "account.renamed", str(admin.id), address, {"name": admin.name}, {"name": name})
        assert row is not None  # an admin who is signed in is there
        return as_admin(row)

    async def _begin(self, admin: Admin) -> Session:
        family, refresh_token = uuid4(), opaque_token()
        async with self._pool.acquire() as connection:
            await queries.insert_refresh(connection, digest(refresh_token), family, admin.id, REFRESH_LIFETIME)
        return self._session(admin, family, refresh_token)

    def _session(self, admin: Admin, family: UUID, refresh_token: str) -> Session:
        access_token = self._signer.access_token(admin.id, family, datetime.now(UTC))
        return Session(admin, access_token, refresh_token, self._signer.csrf_token(family))

    async def _check_csrf(self, refresh_token: str, csrf_token: str | None) -> UUID | None:
        """The token's family, None for an unknown token; raise unless the page repeats the family's CSRF token."""
        async with self._pool.acquire() as connection:
            row = await queries.family_of(connection, digest(refresh_token))
        if row is None:
            return None
        family: UUID = row["family"]
        if csrf_token is None or not self._signer.is_csrf_token(csrf_token, family):
            raise Forbidden("The header X-CSRF-Token does not repeat the cookie csrf_token. Send it.", code="csrf_mismatch")
        return family

    async def _end_if_stolen(self, refresh_token: str) -> None:
        async with self._pool.acquire() as connection:
            row = await queries.family_of(connection, digest(refresh_token))
        if row is not None and row["used"]:
            log.warning("a refresh token came twice: its family is ended", admin=str(row["admin_id"]))
            await self._end(row["family"])

    async def _end(self, family: UUID) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await queries.end_family(connection, family, REFRESH_LIFETIME)
            await queries.delete_family(connection, family)

    async def _blacklist(self, jti: str) -> None:
        """PostgreSQL has the ended family; this spares a query for whoever comes with the token again."""
        try:
            await self._redis.call(("SET", f"jti:blacklist:{jti}", 1, "EX", ACCESS_S))
        except RedisUnavailable:
            log.info("a revoked token is known to the database alone")

    async def _is_blacklisted(self, jti: str) -> bool:
        try:
            (found,) = await self._redis.call(("EXISTS", f"jti:blacklist:{jti}"))
        except RedisUnavailable:
            return False
        return bool(found)

    async def _mail_reset(self, email: str) -> None:
        try:
            row = await queries.find_admin(self._pool, email)
            if row is None:
                return
            token = opaque_token()
            await queries.insert_reset(self._pool, digest(token), row["id"], RESET_LIFETIME)
            link = f"{self._settings.base_url}/reset-password?token={token}"
            await self._mailer.send(row["email"], "Reset your password", RESET_TEXT.format(link=link))
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail not sent", error=type(error).__name__)


RESET_TEXT = """Somebody, probably you, asked for a new password for your RecomEngine account.

Within an hour, open this page to choose one:

{link}

If it was not you, nothing needs to be done: your password stays as it is.
"""


def _signed_out() -> Unauthorized:
    return Unauthorized("The session has ended. Sign in again.", code="session_ended")
