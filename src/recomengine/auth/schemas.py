"""Bodies of the account endpoints, and an admin as an answer shows one."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta

from recomengine.auth.passwords import MIN_LENGTH
from recomengine.web.fields import ONE_LINE

PART = r"[^@\s,;:<>()\[\]\\\"\x00-\x1f\x7f-\x9f]+"
"""Without what makes, in the head of a mail, several addresses of one or a name beside it."""
Email = Annotated[
    str,
    Meta(
        min_length=3, max_length=254, pattern=rf"^{PART}@{PART}$(?!\n)",
        extra={"expected": "one address such as ann@example.com, of at most 254 characters"},
    ),
]  # fmt: skip
Name = Annotated[
    str,
    Meta(
        max_length=200, pattern=ONE_LINE,
        extra={"expected": "text of at most 200 characters, none of them a control character"},
    ),
]  # fmt: skip
Password = Annotated[str, Meta(max_length=1000)]
NewPassword = Annotated[str, Meta(max_length=1000, extra_json_schema={"minLength": MIN_LENGTH})]
"""passwords.py says more."""
Token = Annotated[str, Meta(min_length=1, max_length=200)]


class Signup(msgspec.Struct, forbid_unknown_fields=True):
    email: Email
    password: NewPassword
    name: Name = ""


class Login(msgspec.Struct, forbid_unknown_fields=True):
    email: Email
    password: Password


class Forgot(msgspec.Struct, forbid_unknown_fields=True):
    email: Email


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    token: Token
    password: NewPassword


class PasswordChange(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    current_password: Password
    new_password: NewPassword


class Profile(msgspec.Struct, forbid_unknown_fields=True):
    name: Name


class Accepted(msgspec.Struct):
    status: Literal["accepted"]


class Admin(msgspec.Struct, rename="camel", frozen=True):
    id: UUID
    email: str
    name: str
    role: str
    created_at: datetime


class SessionLine(msgspec.Struct, rename="camel", frozen=True):
    """current: whether it is the one that asks."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    user_agent: str
    current: bool


class SignedIn(msgspec.Struct, rename="camel", frozen=True):
    access_token: str
    expires_in: int
    admin: Admin


def as_session_line(row: asyncpg.Record, current: UUID | None) -> SessionLine:
    family = row["family"]
    return SessionLine(family, row["began_at"], row["renewed_at"], row["user_agent"], family == current)


def as_admin(row: asyncpg.Record) -> Admin:
    """An admin's row; the password's hash stays behind."""
    return Admin(row["id"], row["email"], row["name"], row["role"], row["created_at"])
