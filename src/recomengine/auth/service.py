"""Accounts: signing up, in and out, the hourly renewal, forgotten passwords.

A login begins a family of refresh tokens. Each is used once, for the next one and an access token; whoever comes with
one that was used already ends the family, since one of the two has stolen it. Only the client that has used it may come
again within GRACE, and gets the same next one: two tabs renew at the same moment, or an answer was lost on its way.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import structlog

from recomengine.auth import queries
from recomengine.auth.actor import Actor
from recomengine.auth.attempts import Attempt, Attempts
from recomengine.auth.hashing import Hasher
from recomengine.auth.mail import RESET_TEXT, Mailer
from recomengine.auth.passwords import check_password
from recomengine.auth.schemas import Admin, as_admin
from recomengine.auth.tokens import Access, Signer, digest, opaque_token
from recomengine.infra.database import DATABASE_AWAY, Connection, Pool
from recomengine.infra.metrics import FALLBACKS, MAILS_NOT_SENT, MAILS_SPARED
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.settings import Settings
from recomengine.web.limits import network_of
from recomengine.web.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized, Unavailable, invalid

REFRESH_LIFETIME = timedelta(days=7)
GRACE = timedelta(seconds=10)
RESET_LIFETIME = timedelta(hours=1)
MAX_LINKS = 10
"""For a new password, that one account has at a time. Beyond that no mail is sent: each of them still works."""
MAX_MAILS = 100
MAX_USER_AGENT = 300

log = structlog.get_logger()


class Renewed(NamedTuple):
    """A refresh token that came in place of another, in the family of an admin."""

    refresh_token: str
    family: UUID
    admin_id: UUID


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
        self._lines: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        await asyncio.gather(*self._mails, *self._lines, return_exceptions=True)
        await self._hasher.close()

    async def sign_up(self, email: str, password: str, name: str, address: str, user_agent: str) -> Session:
        if self._settings.signup == "closed":
            raise Forbidden("This system takes no new accounts. Ask its operator for one.", code="signup_closed")
        entry: Attempt = ("entry", network_of(address))
        await self._attempts.check(entry)
        check_password(password, email, name)
        await self._attempts.note(entry)
        password_hash = await self._hasher.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            row = await queries.insert_admin(connection, email, password_hash, name)
            if row is None:
                raise Conflict(
                    "There is an account with this address. Sign in, or reset its password.", code="email_taken"
                )
            await _audit(connection, row["id"], "account.signed_up", address)
        return await self._begin(as_admin(row), password_hash, address, user_agent)

    async def log_in(self, email: str, password: str, address: str, user_agent: str) -> Session:
        await self._attempts.check(("network", network_of(address)))
        row = await queries.find_admin(self._pool, email)
        password_hash = row["password_hash"] if row else None
        attempts = _attempts(row["email"] if row else email, password_hash, address)
        await self._attempts.check(*attempts)
        if not await self._hasher.matches(password, password_hash) or row is None:
            await self._note_failure(attempts, row["id"] if row else None, address)
            raise _wrong_credentials()
        await self._attempts.check(
            *attempts
        )  # many guesses at once have failed meanwhile: the right one must not stand out
        pair, *_ = attempts
        await self._attempts.forget(pair)  # and no more: others' failures are not made good by this
        return await self._begin(as_admin(row), row["password_hash"], address, user_agent, "account.signed_in")

    async def refresh(
        self, refresh_token: str | None, csrf_token: str | None, address: str, user_agent: str
    ) -> Session:
        """The next session of the token's family; the token is used up."""
        if refresh_token is None:
            raise _signed_out()
        await self._family(refresh_token, csrf_token)
        client = digest(f"{network_of(address)} {user_agent}")
        renewed = await self._use(refresh_token, client, user_agent) or await self._used_just_now(refresh_token, client)
        if renewed is None:
            await self._end_if_stolen(refresh_token, address)
            raise _signed_out()
        row = await queries.signed_in(self._pool, renewed.admin_id, renewed.family)
        if row is None:
            raise _signed_out()
        return self._session(as_admin(row), renewed.family, renewed.refresh_token)

    async def log_out(
        self, refresh_token: str | None, csrf_token: str | None, access_token: str | None, address: str
    ) -> None:
        """End the families of both tokens, of which either will do: their refresh tokens, and their access tokens at
        once on every process.
        """
        row = await self._family(refresh_token, csrf_token) if refresh_token else None
        access = self._signer.read(access_token) if access_token else None
        ending = {row["family"]: row["admin_id"]} if row else {}
        if access is not None:
            ending[access.family] = access.admin_id
            await self._blacklist(access)
        for family, admin_id in ending.items():
            await self._end(family, admin_id, "account.signed_out", address)

    async def forget_password(self, email: str, address: str) -> None:
        """Mail a link to the account, if there is one; the caller cannot tell."""
        attempts: list[Attempt] = [("link", f"{email.lower()} {network_of(address)}"), ("entry", network_of(address))]
        await self._attempts.check(*attempts)
        await asyncio.gather(*map(self._attempts.note, attempts))
        if len(self._mails) >= MAX_MAILS:
            raise Unavailable("Too many mails wait to be sent. Try again later.", retry_after_s=60, code="overloaded")
        mail = asyncio.create_task(self._mail_reset(email))
        self._mails.add(mail)
        mail.add_done_callback(self._mails.discard)

    async def reset_password(self, token: str, password: str, address: str) -> None:
        """By the token of a link, which is good whoever has failed before; counts of failed sign-ins end with the old
        password.
        """
        if not await queries.has_reset(self._pool, digest(token)):
            await self._attempts.check(("network", network_of(address)))
            await self._attempts.note(("network", network_of(address)))
            raise _no_link()
        check_password(password)
        password_hash = await self._hasher.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            admin_id = await queries.take_reset(connection, digest(token))
            if admin_id is None:
                raise _no_link()
            await queries.set_password(connection, admin_id, password_hash, REFRESH_LIFETIME)
            await _audit(connection, admin_id, "account.password_reset", address)

    async def change_password(self, actor: Actor, current: str, password: str) -> None:
        """All other sessions of the account end."""
        admin, address = actor.admin, actor.address
        row = await queries.find_admin(self._pool, admin.email)
        former = row["password_hash"] if row else None
        attempts = _attempts(admin.email, former, address)
        await self._attempts.check(*attempts)
        if not await self._hasher.matches(current, former):
            await self._note_failure(attempts, admin.id, address)
            raise invalid("$.currentPassword", "is not the password of this account. Try again, or reset it")
        check_password(password, admin.email, admin.name, at="$.newPassword")
        password_hash = await self._hasher.hash(password)
        async with self._pool.acquire() as connection, connection.transaction():
            await queries.lock_admin(connection, admin.id)
            if actor.family is None or await queries.signed_in(connection, admin.id, actor.family) is None:
                raise _signed_out()  # the account was taken back meanwhile, by a link
            await queries.set_password(connection, admin.id, password_hash, REFRESH_LIFETIME, actor.family)
            await _audit(connection, admin.id, "account.password_changed", address)

    async def admin_of(self, access_token: str) -> tuple[Admin, UUID] | None:
        """Whose token it is, and of which family; None for one that is not valid or was signed out, be it by a change
        of the password.
        """
        access = self._signer.read(access_token)
        if access is None or await self._is_blacklisted(access.jti):
            return None
        row = await queries.signed_in(self._pool, access.admin_id, access.family)
        return None if row is None else (as_admin(row), access.family)

    async def rename(self, actor: Actor, name: str) -> Admin:
        admin = actor.admin
        async with self._pool.acquire() as connection, connection.transaction():
            row = await queries.rename_admin(connection, admin.id, name)
            await _audit(connection, admin.id, "account.renamed", actor.address, {"name": admin.name}, {"name": name})
        assert row is not None  # an admin who is signed in is there
        return as_admin(row)

    async def _note_failure(self, attempts: Sequence[Attempt], admin_id: UUID | None, address: str) -> None:
        pair, account, _ = await asyncio.gather(*map(self._attempts.note, attempts))
        if admin_id is not None and (pair or account):
            line = asyncio.create_task(
                self._write_down_lockout(admin_id, address, "anywhere" if account else "network")
            )
            self._lines.add(line)  # unawaited: an account that does not exist would answer sooner
            line.add_done_callback(self._lines.discard)

    async def _write_down_lockout(self, admin_id: UUID, address: str, where: str) -> None:
        try:
            async with self._pool.acquire() as connection:
                await _audit(connection, admin_id, "account.locked_out", address, None, {"from": where})
        except DATABASE_AWAY as error:
            log.error("a lock-out is not in the audit log", admin=str(admin_id), error=type(error).__name__)

    async def _use(self, refresh_token: str, client: bytes, user_agent: str) -> Renewed | None:
        next_token, *_ = self._signer.successors(refresh_token)
        async with self._pool.acquire() as connection, connection.transaction():
            used = await queries.use_refresh(connection, digest(refresh_token), client)
            if used is None:
                return None
            await queries.succeed_refresh(
                connection, digest(next_token), digest(refresh_token), REFRESH_LIFETIME, user_agent[:MAX_USER_AGENT]
            )
        return Renewed(next_token, used["family"], used["admin_id"])

    async def _used_just_now(self, refresh_token: str, client: bytes) -> Renewed | None:
        """The unused token to which this one has led, where the same client has used it, and all on the way, within
        GRACE.
        """
        while True:
            candidates = {digest(token): token for token in self._signer.successors(refresh_token)}
            row = await queries.successor_of(self._pool, digest(refresh_token), list(candidates), GRACE, client)
            if row is None:
                return None
            refresh_token = candidates[row["digest"]]
            if row["unused"]:
                return Renewed(refresh_token, row["family"], row["admin_id"])

    async def _begin(
        self, admin: Admin, password_hash: str, address: str, user_agent: str, action: str | None = None
    ) -> Session:
        """A new family, unless the password was changed since it was checked."""
        family, refresh_token = uuid4(), opaque_token()
        async with self._pool.acquire() as connection, connection.transaction():
            if not await queries.begin_family(
                connection,
                digest(refresh_token),
                family,
                admin.id,
                REFRESH_LIFETIME,
                password_hash,
                user_agent[:MAX_USER_AGENT],
            ):
                raise _wrong_credentials()
            if action is not None:
                await _audit(connection, admin.id, action, address)
        return self._session(admin, family, refresh_token)

    def _session(self, admin: Admin, family: UUID, refresh_token: str) -> Session:
        access_token = self._signer.access_token(admin.id, family, datetime.now(UTC))
        return Session(admin, access_token, refresh_token, self._signer.csrf_token(family))

    async def _family(self, refresh_token: str, csrf_token: str | None) -> asyncpg.Record | None:
        """The token's family, None for an unknown token; raise unless the page repeats the family's CSRF token."""
        row = await queries.family_of(self._pool, digest(refresh_token))
        if row is not None and (csrf_token is None or not self._signer.is_csrf_token(csrf_token, row["family"])):
            raise Forbidden(
                "The header X-CSRF-Token does not repeat the cookie csrf_token. Send it.", code="csrf_mismatch"
            )
        return row

    async def _end_if_stolen(self, refresh_token: str, address: str) -> None:
        row = await queries.family_of(self._pool, digest(refresh_token))
        if row is not None and row["used"]:
            log.warning("a refresh token came twice: its family is ended", admin=str(row["admin_id"]))
            await self._end(row["family"], row["admin_id"], "account.token_reused", address)

    async def _end(self, family: UUID, admin_id: UUID, action: str, address: str) -> None:
        """The used tokens of the family stay, so that whoever comes with one later is known, too."""
        async with self._pool.acquire() as connection, connection.transaction():
            if await queries.end_family(connection, family, REFRESH_LIFETIME):
                await _audit(connection, admin_id, action, address)

    async def _blacklist(self, access: Access) -> None:
        """PostgreSQL has the ended family; this spares a query for whoever comes with the token again."""
        try:
            await self._redis.call(("SET", f"jti:blacklist:{access.jti}", 1, "EX", access.left_s(datetime.now(UTC))))
        except RedisUnavailable:
            FALLBACKS.labels("blacklist").inc()

    async def _is_blacklisted(self, jti: str) -> bool:
        try:
            (found,) = await self._redis.call(("EXISTS", f"jti:blacklist:{jti}"))
        except RedisUnavailable:
            FALLBACKS.labels("blacklist").inc()
            return False
        return bool(found)

    async def _mail_reset(self, email: str) -> None:
        try:
            row = await queries.find_admin(self._pool, email)
            if row is None:
                return
            token = opaque_token()
            if not await self._insert_reset(token, row["id"]):
                MAILS_SPARED.inc()
                return
            await self._mail_link(row["email"], token)
        except Exception as error:  # noqa: BLE001 - nobody waits for it any more; the message might name the account
            MAILS_NOT_SENT.inc()
            log.error("mail not sent", error=type(error).__name__)

    async def _insert_reset(self, token: str, admin_id: UUID) -> bool:
        async with self._pool.acquire() as connection, connection.transaction():
            await queries.lock_admin(connection, admin_id)
            return await queries.insert_reset(connection, digest(token), admin_id, RESET_LIFETIME, MAX_LINKS)

    async def _mail_link(self, email: str, token: str) -> None:
        """A link that could not be sent must not stand for one that the account has."""
        link = f"{self._settings.base_url}/reset-password#{token}"
        try:
            await self._mailer.send(email, "Reset your password", RESET_TEXT.format(link=link))
        except (OSError, SMTPException):
            async with self._pool.acquire() as connection:
                await queries.take_reset(connection, digest(token))
            raise


async def make_admin(pool: Pool, email: str, password: str, name: str) -> UUID | None:
    """An account made by the system's operator; None when the address is taken."""
    hasher = Hasher()
    try:
        password_hash = await hasher.hash(password)
    finally:
        await hasher.close()
    async with pool.acquire() as connection, connection.transaction():
        row = await queries.insert_admin(connection, email, password_hash, name)
        if row is not None:
            await _audit(connection, row["id"], "account.signed_up", "local")
    return None if row is None else row["id"]


async def admin_of_email(pool: Pool, email: str) -> Admin:
    """Raises NotFound."""
    row = await queries.find_admin(pool, email)
    if row is None:
        raise NotFound("There is no account with this address. Sign up first.")
    return as_admin(row)


async def forget_expired(pool: Pool) -> None:
    """Delete tokens, resets and idempotency keys past their time."""
    for statement in queries.FORGET_EXPIRED:
        await pool.execute(statement)


async def _audit(
    connection: Connection, admin_id: UUID, action: str, address: str, before: Any = None, after: Any = None
) -> None:
    await queries.insert_audit(connection, admin_id, None, action, str(admin_id), address, before, after)


def _attempts(email: str, password_hash: str | None, address: str) -> tuple[Attempt, Attempt, Attempt]:
    """What a sign-in is an attempt at. An account is its address with its password's hash, so a new password leaves all
    counts behind.
    """
    account, network = f"{email.lower()} {password_hash}", network_of(address)
    return ("pair", f"{account} {network}"), ("account", account), ("network", network)


def _wrong_credentials() -> Unauthorized:
    return Unauthorized(
        "The address or the password is wrong. Try again, or reset the password.", code="wrong_credentials"
    )


def _signed_out() -> Unauthorized:
    return Unauthorized("The session has ended. Sign in again.", code="session_ended")


def _no_link() -> Invalid:
    return invalid("$.token", "is unknown, used or older than an hour. Ask for a new link")
