"""A shop in a running system, as its owner and its pages know it: over HTTP, without a loop of asyncio."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any, Self
from uuid import uuid4

import httpx

from tests.support.lists import SHOP, history
from tests.support.processes import PATIENCE_S, Up, wait_until

PASSWORD = "correct horse battery"
Json = dict[str, Any]


class LiveShop:
    """An admin's tenant with the catalog SHOP, what its shoppers did, and a model of that."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        self.url = url
        self._client = client
        self._email = f"{uuid4().hex}@example.com"
        self.tenant_id = ""
        self.read_write = ""
        self.publish = ""

    @classmethod
    def open(cls, up: Up, client: httpx.Client, origins: list[str]) -> Self:
        shop = cls(up.url, client)
        client.base_url = up.url
        shop._sign("signup")
        config = {"allowedOrigins": origins, "rateLimits": {"readPerMinute": 60_000, "writePerMinute": 30_000}}
        shop.tenant_id = shop.admin("POST", "/api/v1/tenants", {"name": "Test shop", "config": config})["data"]["id"]
        shop.read_write, shop.publish = (shop._key(permissions) for permissions in ("read-write", "publish"))
        shop.call("POST", "/api/v1/catalog/batch", {"items": SHOP})
        shop.call("POST", "/api/v1/events/batch", {"events": history()})
        shop.refresh()
        return shop

    def admin(self, method: str, path: str, body: Json | None = None) -> Json:
        """As the owner, who signs in again when that has run out."""
        answer = self._client.request(method, path, json=body)
        if answer.status_code == 401:
            self._sign("login")
            answer = self._client.request(method, path, json=body)
        return _json(answer)

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """With the read-write key."""
        headers = {"Authorization": f"Bearer {self.read_write}"}
        return _json(self._client.request(method, path, json=body, headers=headers))

    def preview(self, widget: Json) -> httpx.Response:
        """The page that shows the owner a widget that is not saved."""
        path = f"/api/v1/tenants/{self.tenant_id}/widgets/preview"
        answer = self._client.post(path, json=widget)
        assert answer.is_success, answer.text
        return answer

    def widget_styles(self) -> str:
        """The CSS that keeps the places of the shop's widgets."""
        answer = self._client.get(f"/api/v1/tenants/{self.tenant_id}/widgets/styles")
        assert answer.is_success, answer.text
        return answer.text

    def refresh(self) -> None:
        """Build the model, and wait until that is served."""
        path = f"/api/v1/tenants/{self.tenant_id}/model"
        before = self.call("GET", path)["data"]["version"]
        self.call("POST", f"{path}/refresh", {})
        wait_until(lambda: self.call("GET", path)["data"]["version"] != before)
        wait_until(lambda: self.call("GET", "/api/v1/recommendations?userId=u1")["meta"]["modelVersion"] != before)

    def events(self, user_id: str) -> list[Json]:
        """What the database holds of a shopper."""
        headers = {"Authorization": f"Bearer {self.read_write}"}
        answer = self._client.get(f"/api/v1/users/{user_id}", headers=headers)
        return [] if answer.status_code == 404 else list(_json(answer)["data"]["events"])

    def overview(self) -> Json:
        """The figures of today."""
        today = datetime.now(UTC).date()
        span = f"from={today.isoformat()}&to={(today + timedelta(days=1)).isoformat()}"
        figures: Json = self.admin("GET", f"/api/v1/tenants/{self.tenant_id}/analytics/overview?{span}")["data"]
        return figures

    def script(self, at: str | None = None, *, extra: str = "async", **attributes: str) -> str:
        """The tag that a merchant pastes in, from the shop itself or from `at`; `user_id="ann"` is data-user-id."""
        words = _data({"key": self.publish, **attributes})
        return f'<script {extra} src="{at or self.url}/sdk/v1/recomengine.js" {words}></script>'

    def _sign(self, way: str) -> None:
        made = _json(self._client.post(f"/api/v1/auth/{way}", json={"email": self._email, "password": PASSWORD}))
        self._client.headers["Authorization"] = f"Bearer {made['data']['accessToken']}"

    def _key(self, permissions: str) -> str:
        path = f"/api/v1/tenants/{self.tenant_id}/api-keys"
        return str(self.admin("POST", path, {"name": permissions, "permissions": permissions})["data"]["key"])


CARDS = "[data-recomengine-placement] a[href]"
"""Of products, not of a skeleton."""


def placement(name: str, **attributes: str) -> str:
    return f"<div {_data({'recomengine_placement': name, **attributes})}></div>"


def patient_client() -> httpx.Client:
    return httpx.Client(timeout=PATIENCE_S)


def _data(attributes: Mapping[str, str]) -> str:
    return " ".join(f'data-{name.replace("_", "-")}="{escape(value)}"' for name, value in attributes.items())


def _json(answer: httpx.Response) -> Json:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    body: Json = answer.json()
    return body
