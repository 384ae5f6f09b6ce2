"""Access tokens (JWT, one hour) and opaque tokens that are stored as digests.

JWT_SECRET may hold several secrets, joined by commas: the first signs, all verify, and `kid` says which. So a secret is
rotated by putting the new one in front, and taking the old one away an hour later.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import jwt

ALGORITHM, ISSUER, AUDIENCE = "HS256", "recomengine", "recomengine-dashboard"
ACCESS_S = 3600
CLAIMS = ["exp", "iat", "iss", "aud", "sub", "jti", "family"]


class Access(NamedTuple):
    """What a valid access token says."""

    admin_id: UUID
    family: UUID
    jti: str
    issued_at: datetime

    def left_s(self, now: datetime) -> int:
        """How long it is still good for."""
        return max(1, ACCESS_S - int((now - self.issued_at).total_seconds()))


class Signer:
    def __init__(self, secret: str) -> None:
        self._secrets = {
            hashlib.sha256(part.encode()).hexdigest()[:12]: part for part in map(str.strip, secret.split(",")) if part
        }
        self._kid = next(iter(self._secrets), "")

    def access_token(self, admin_id: UUID, family: UUID, now: datetime) -> str:
        issued_at = now.timestamp()
        claims = {
            "sub": str(admin_id), "family": str(family), "jti": uuid4().hex, "iat": issued_at,
            "exp": issued_at + ACCESS_S, "iss": ISSUER, "aud": AUDIENCE,
        }  # fmt: skip
        return jwt.encode(claims, self._secrets[self._kid], ALGORITHM, headers={"kid": self._kid})

    def read(self, token: str) -> Access | None:
        """None for anything but a valid token of ours."""
        try:
            secret = self._secrets.get(str(jwt.get_unverified_header(token).get("kid")))
            if secret is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                token, secret, [ALGORITHM], issuer=ISSUER, audience=AUDIENCE, options={"require": CLAIMS}, leeway=5
            )
            return Access(
                UUID(claims["sub"]),
                UUID(claims["family"]),
                str(claims["jti"]),
                datetime.fromtimestamp(claims["iat"], UTC),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError):
            return None

    def successors(self, refresh_token: str) -> list[str]:
        """The token that comes in place of this one, by each of the secrets, of which the first makes it: whoever asks
        twice gets the same.
        """
        return [_derived(secret, refresh_token) for secret in self._secrets.values()]

    def csrf_token(self, family: UUID) -> str:
        """What a page must repeat in a header to use the family's cookie."""
        return hmac.new(self._secrets[self._kid].encode(), b"csrf" + family.bytes, "sha256").hexdigest()

    def is_csrf_token(self, token: str, family: UUID) -> bool:
        given = token.encode()
        return any(
            hmac.compare_digest(given, hmac.new(secret.encode(), b"csrf" + family.bytes, "sha256").hexdigest().encode())
            for secret in self._secrets.values()
        )


def _derived(secret: str, refresh_token: str) -> str:
    made = hmac.digest(secret.encode(), b"refresh" + refresh_token.encode(), "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def opaque_token() -> str:
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
