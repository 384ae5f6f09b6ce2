"""An admin at a browser: keeps cookies, repeats the CSRF token, sends the access token."""

import email
from email import policy
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from recomengine.context import Context
from tests.support.shops import until

AUTH = "/api/v1/auth"
PASSWORD = "correct horse battery"


class Person:
    def __init__(self, client: httpx.AsyncClient, email: str | None = None) -> None:
        self.client = client
        self.email = email or f"{uuid4().hex}@example.com"
        self.access = ""
        self.cookies: dict[str, str] = {}

    async def sign_up(self, password: str = PASSWORD, **more: Any) -> httpx.Response:
        return await self._begin("signup", {"email": self.email, "password": password, **more})

    async def log_in(self, password: str = PASSWORD) -> httpx.Response:
        return await self._begin("login", {"email": self.email, "password": password})

    async def refresh(self, *, cookies: dict[str, str] | None = None, csrf: str | None = None) -> httpx.Response:
        sent = self.cookies if cookies is None else cookies
        headers = {"X-CSRF-Token": sent.get("csrf_token", "") if csrf is None else csrf}
        return self._keep(await self.client.post(f"{AUTH}/refresh", headers=headers | _cookie(sent)))

    async def log_out(self) -> httpx.Response:
        headers = {"X-CSRF-Token": self.cookies.get("csrf_token", "")} | _cookie(self.cookies) | self.bearer
        return await self.client.post(f"{AUTH}/logout", headers=headers)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=self.bearer | headers)

    async def make_tenant(self, name: str = "A shop", **config: Any) -> str:
        made = await self.call("POST", "/api/v1/tenants", {"name": name, "config": config})
        assert made.status_code == 201, made.text
        return str(made.json()["data"]["id"])

    async def make_key(self, tenant_id: str, permissions: str = "read-write", **more: Any) -> dict[str, Any]:
        made = await self.call(
            "POST", f"/api/v1/tenants/{tenant_id}/api-keys", {"name": "a key", "permissions": permissions, **more}
        )
        assert made.status_code == 201, made.text
        key: dict[str, Any] = made.json()["data"]
        return key

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}

    async def _begin(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._keep(await self.client.post(f"{AUTH}/{path}", json=body))

    def _keep(self, response: httpx.Response) -> httpx.Response:
        if response.status_code in (200, 201):
            self.access = response.json()["data"]["accessToken"]
            self.cookies = dict(response.cookies)
        self.client.cookies.clear()  # a person's own, not the client's
        return response


def _cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}


async def forget_attempts(context: Context) -> None:
    """All tests come from one address."""
    for pattern in ("reco:attempts:*", "reco:ratelimit:account:*", "reco:ratelimit:failure:*"):
        await context.redis.forget(pattern)


async def mailed(context: Context, count: int) -> list[str]:
    """The texts of the mails, each behind its address; there are `count` or more."""
    outbox = context.settings.data_dir / "outbox"

    async def there() -> bool:
        return len(list(outbox.glob("*.eml"))) >= count

    await until(there)
    return [text_of(file) for file in sorted(outbox.glob("*.eml"))]


async def invite(owner: Person, tenant_id: str, guest: str, role: str, context: Context) -> str:
    """The token in the link that is mailed to the guest's address."""
    invited = await owner.call("POST", f"/api/v1/tenants/{tenant_id}/invitations", {"email": guest, "role": role})
    assert invited.status_code == 201, invited.text
    (*_, newest) = [text for text in await mailed(context, 1) if text.startswith(f"{guest}\n")]
    return newest.partition("/invitation#")[2].split()[0]


async def make_member(owner: Person, tenant_id: str, guest: Person, role: str, context: Context) -> None:
    token = await invite(owner, tenant_id, guest.email, role, context)
    joined = await guest.call("POST", "/api/v1/invitations/accept", {"token": token})
    assert joined.status_code == 200, joined.text


def text_of(file: Path) -> str:
    """A mail of the outbox, behind its address."""
    message = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    body = message.get_body()
    assert body is not None
    return f"{message['To']}\n{body.get_content()}"


def code(response: httpx.Response) -> str:
    """Of a problem."""
    return str(response.json()["code"])
