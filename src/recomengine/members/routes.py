"""Members and invitations over HTTP."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.actor import Actor, Member
from recomengine.members import service
from recomengine.members.schemas import (
    Acceptance,
    Invitation,
    InvitationIn,
    MemberOut,
    RoleChange,
    as_invitation,
    as_member,
)
from recomengine.shop import Role
from recomengine.tenants.schemas import Tenant, as_tenant
from recomengine.web.codec import data_response, json_body, list_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import Page, cut, read_query
from recomengine.web.problems import Conflict, Forbidden, NotFound

if TYPE_CHECKING:
    from recomengine.context import Context

MEMBERS, INVITATIONS = "/api/v1/tenants/{tenant_id}/members", "/api/v1/tenants/{tenant_id}/invitations"
MAX_BODY_BYTES = 64 * 1024

_role = json_body(msgspec.json.Decoder(RoleChange), MAX_BODY_BYTES)
_invitation = json_body(msgspec.json.Decoder(InvitationIn), MAX_BODY_BYTES)
_acceptance = json_body(msgspec.json.Decoder(Acceptance), MAX_BODY_BYTES)


async def list_members(context: "Context", call: Call[Member, None]) -> Response:
    page = read_query(call.request, Page)
    rows = await service.members_of(context.pool, call.by.tenant_id, page.cursor, page.limit + 1)
    rows, cursor = cut(rows, page.limit)
    return list_response([as_member(row) for row in rows], cursor)


async def change(context: "Context", call: Call[Member, RoleChange]) -> Response:
    """Holds at once. The last owner stays one."""
    admin_id = _id(call.request, "admin_id", "member of")
    return data_response(as_member(await service.change_role(context.pool, call.by, admin_id, call.body.role)))


async def remove(context: "Context", call: Call[Member, None]) -> Response:
    """Holds at once. Every member may leave, owners remove others; the last owner stays."""
    admin_id = _id(call.request, "admin_id", "member of")
    if admin_id != call.by.admin.id:
        call.by.check_role(Role.OWNER)
    await service.remove(context.pool, call.by, admin_id)
    return Response(status_code=204)


async def list_invitations(context: "Context", call: Call[Member, None]) -> Response:
    """Those that are out of date stay until they are revoked or made anew."""
    page = read_query(call.request, Page)
    rows = await service.invitations_of(context.pool, call.by.tenant_id, page.cursor, page.limit + 1)
    rows, cursor = cut(rows, page.limit)
    return list_response([as_invitation(row) for row in rows], cursor)


async def invite(context: "Context", call: Call[Member, InvitationIn]) -> Response:
    """A mail with a link goes to the address, and can be accepted once within seven days by the account of it. Another
    invitation of the same address takes the place of the first.
    """
    return data_response(as_invitation(await context.invitations.invite(call.by, call.body)), 201)


async def revoke(context: "Context", call: Call[Member, None]) -> Response:
    await service.revoke_invitation(context.pool, call.by, _id(call.request, "invitation_id", "invitation to"))
    return Response(status_code=204)


async def accept(context: "Context", call: Call[Actor, Acceptance]) -> Response:
    """With the token of the mail's link, by the account of the address that it came to."""
    return data_response(as_tenant(*await service.accept(context.pool, call.by, call.body.token)))


def _id(request: Request, name: str, what: str) -> UUID:
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound(f"There is no such {what} this tenant. Check the id.") from None


ADMIN, OWNER = (Credential.ADMIN,), Role.OWNER
MEMBER, INVITATION = f"{MEMBERS}/{{admin_id}}", f"{INVITATIONS}/{{invitation_id}}"

routes = [
    Operation("GET", MEMBERS, list_members, "List members", {200: Listed[MemberOut]}, needs=ADMIN, query=Page),
    Operation(
        "PATCH", MEMBER, change, "Change a member's role", {200: Data[MemberOut]}, needs=ADMIN, role=OWNER, body=_role,
        problems=(Conflict,),
    ),
    Operation(
        "DELETE", MEMBER, remove, "Remove a member, or leave", {204: None}, needs=ADMIN, problems=(Conflict, Forbidden)
    ),
    Operation(
        "GET", INVITATIONS, list_invitations, "List invitations", {200: Listed[Invitation]}, needs=ADMIN, query=Page
    ),
    Operation(
        "POST", INVITATIONS, invite, "Invite somebody", {201: Data[Invitation]}, needs=ADMIN, role=OWNER,
        body=_invitation, problems=(Conflict,),
    ),
    Operation("DELETE", INVITATION, revoke, "Revoke an invitation", {204: None}, needs=ADMIN, role=OWNER),
    Operation(
        "POST", "/api/v1/invitations/accept", accept, "Accept an invitation", {200: Data[Tenant]}, needs=ADMIN,
        body=_acceptance, problems=(Forbidden,),
    ),
]  # fmt: skip
