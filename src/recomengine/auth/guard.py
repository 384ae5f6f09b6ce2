"""Credentials of admins' requests: find the access token, find its admin, charge them, hold them to their tenants and
to their roles there.

What web/guard.py is for keys.
"""

from uuid import UUID

from starlette.requests import HTTPConnection

from recomengine.auth import queries
from recomengine.auth.actor import Actor, Member
from recomengine.auth.service import Accounts
from recomengine.infra.database import Pool
from recomengine.shop import Role
from recomengine.web.held import mark_known
from recomengine.web.limits import Limits
from recomengine.web.problems import NotFound, Unauthorized

NOBODYS = UUID(int=0)
KEY_PREFIX = "rk_"


class AdminGuard:
    def __init__(self, pool: Pool, accounts: Accounts, limits: Limits) -> None:
        self._pool = pool
        self._accounts = accounts
        self._limits = limits

    def carries_token(self, request: HTTPConnection) -> bool:
        """Whether `request` has an access token, good or bad, and no API key: for what both an admin and a key may
        do.
        """
        token = bearer_token(request)
        return bool(token) and not str(token).startswith(KEY_PREFIX) and "x-api-key" not in request.headers

    async def actor(self, request: HTTPConnection) -> Actor:
        """The admin whose access token `request` carries, and who is charged for it; raises Unauthorized."""
        token = bearer_token(request)
        found = await self._accounts.admin_of(token) if token else None
        if found is None:
            raise Unauthorized("No valid access token. Sign in, and send it as `Authorization: Bearer …`.")
        admin, family = found
        await self._limits.charge_admin(request, admin.id)
        mark_known(request.scope)
        return Actor(admin, address_of(request), family)

    async def member(self, request: HTTPConnection, needed: Role) -> Member:
        """The admin, and the tenant of the path, of which they must be a member; a stranger's is not found. Raises
        Forbidden for a role that does not reach so far.
        """
        actor = await self.actor(request)
        try:
            tenant_id = UUID(request.path_params["tenant_id"])
        except ValueError:
            tenant_id = NOBODYS
        found = await queries.role_in(self._pool, actor.admin.id, tenant_id)
        if found is None:
            raise NotFound("There is no such tenant of yours. Check the id.")
        request.scope["tenant"] = str(tenant_id)  # for logs and traces
        member = Member(actor.admin, actor.address, actor.family, tenant_id, Role(found))
        member.check_role(needed)
        return member


def bearer_token(request: HTTPConnection) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def address_of(request: HTTPConnection) -> str:
    return request.client.host if request.client else "unknown"
