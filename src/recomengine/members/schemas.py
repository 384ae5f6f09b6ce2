"""Bodies of the endpoints of members and invitations, and both as answers show them."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from recomengine.auth.schemas import Email, Token
from recomengine.shop import Role


class RoleChange(msgspec.Struct, forbid_unknown_fields=True):
    role: Role


class InvitationIn(msgspec.Struct, forbid_unknown_fields=True):
    email: Email
    role: Role


class Acceptance(msgspec.Struct, forbid_unknown_fields=True):
    token: Token


class MemberOut(msgspec.Struct, rename="camel", frozen=True):
    admin_id: UUID
    email: str
    name: str
    role: Role
    created_at: datetime


class Invitation(msgspec.Struct, rename="camel", frozen=True):
    id: UUID
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime


def as_member(row: asyncpg.Record) -> MemberOut:
    return MemberOut(row["id"], row["email"], row["name"], Role(row["role"]), row["created_at"])


def as_invitation(row: asyncpg.Record) -> Invitation:
    return Invitation(row["id"], row["email"], Role(row["role"]), row["created_at"], row["expires_at"])
