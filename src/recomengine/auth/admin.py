"""Who is behind a request of the dashboard, and what they may do: the one place that other endpoints ask."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.requests import Request

from recomengine.auth import queries
from recomengine.auth.schemas import Admin
from recomengine.infra.database import Connection
from recomengine.web.held import mark_known
from recomengine.web.problems import NotFound, Unauthorized

if TYPE_CHECKING:
    from recomengine.context import Context


NOBODYS = UUID(int=0)
KEY_PREFIX = "rk_"


async def signed_in(request: Request) -> Admin:
    """The admin whose access token the request carries, and who is charged for it; raises Unauthorized."""
    context: Context = request.app.state.context
    token = bearer_token(request)
    admin = await context.accounts.admin_of(token) if token else None
    if admin is None:
        raise Unauthorized("No valid access token. Sign in, and send it as `Authorization: Bearer …`.")
    await context.limits.charge_admin(request, admin.id)
    mark_known(request.scope)
    return admin


async def admin_of_tenant(request: Request) -> tuple[Admin, UUID]:
    """The admin, and the tenant of the path, which must be theirs; a stranger's is not found."""
    context: Context = request.app.state.context
    admin = await signed_in(request)
    try:
        tenant_id = UUID(request.path_params["tenant_id"])
    except ValueError:
        tenant_id = NOBODYS
    if not await queries.owns_tenant(context.pool, admin.id, tenant_id):
        raise NotFound("There is no such tenant of yours. Check the id.")
    request.scope["tenant"] = str(tenant_id)  # for logs and traces
    return admin, tenant_id


def is_from_admin(request: Request) -> bool:
    """Whether the request carries an access token, good or bad, and no API key: for what both an admin and a key may do."""
    token = bearer_token(request)
    return bool(token) and not str(token).startswith(KEY_PREFIX) and "x-api-key" not in request.headers


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def audit(
    connection: Connection, request: Request, admin: Admin, tenant_id: UUID | None, action: str, subject: object, before: Any = None,
    after: Any = None,
) -> None:
    """Write down what was done, in the transaction that does it."""
    await queries.insert_audit(connection, admin.id, tenant_id, action, str(subject), address_of(request), before, after)
