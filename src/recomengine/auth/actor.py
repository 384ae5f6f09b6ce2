"""Who acts: the values that services take of a request, and what is written down of it."""

from typing import Any
from uuid import UUID

import msgspec

from recomengine.auth import queries
from recomengine.auth.schemas import Admin
from recomengine.infra.database import Connection
from recomengine.shop import Role
from recomengine.web.problems import Forbidden


class Actor(msgspec.Struct, frozen=True):
    """A signed-in admin, and from where."""

    admin: Admin
    address: str
    family: UUID | None
    """The session that it comes by; None on the command line."""


class Member(Actor, frozen=True):
    """One who acts on a tenant that they are a member of, with the role that they have there."""

    tenant_id: UUID
    role: Role

    def check_role(self, needed: Role) -> None:
        """Raises Forbidden where theirs does not reach so far."""
        if not self.role.covers(needed):
            raise Forbidden(
                f"This needs the role {needed.value}; yours in this tenant is {self.role.value}. "
                "Ask one of its owners.",
                code="role_required",
            )


async def audit(
    connection: Connection, member: Member, action: str, subject: object, before: Any = None, after: Any = None
) -> None:
    """Write down what was done, in the transaction that does it."""
    await queries.insert_audit(
        connection, member.admin.id, member.tenant_id, action, str(subject), member.address, before, after
    )
