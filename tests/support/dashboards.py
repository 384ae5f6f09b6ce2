"""The dashboard of a running sample shop, as somebody who is signed in has it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
from playwright.sync_api import BrowserContext, Page, expect

from recomengine.demo.prepare import DEMO_FILE
from tests.support.processes import start_up, stop

Json = dict[str, Any]
PASSWORD = "correct horse battery"


class Demo(NamedTuple):
    """`recomengine demo`, and what it has made: a tenant, its keys, the account that owns it."""

    url: str
    data_dir: Path
    tenant_id: str
    email: str
    password: str
    read: str
    read_write: str
    publish: str

    @classmethod
    def of(cls, url: str, data_dir: Path) -> "Demo":
        made = json.loads((data_dir / DEMO_FILE).read_text(encoding="utf-8"))
        account = made["email"], made["password"]
        return cls(url, data_dir, made["tenantId"], *account, made["read"], made["readWrite"], made["publish"])


@contextmanager
def running_demo(data_dir: Callable[[], Path]) -> Iterator[Demo]:
    """One of its own in `data_dir`; or the one of RUNNING_DEMO, such as `5118:/tmp/demo`, its port and its data dir,
    which spares the minute of its start to whoever writes a test.
    """
    if named := os.environ.get("RUNNING_DEMO"):
        port, _, folder = named.partition(":")
        yield Demo.of(f"http://127.0.0.1:{port}", Path(folder))
        return
    up = start_up(data_dir(), command="demo")
    try:
        yield Demo.of(up.url, up.data_dir)
    finally:
        stop(up)


class Dashboard:
    """A tab of somebody who is signed in."""

    def __init__(self, demo: Demo, page: Page) -> None:
        self.demo = demo
        self.page = page

    @property
    def tenant(self) -> str:
        """Where the pages of the sample shop stand."""
        return f"/dashboard/tenants/{self.demo.tenant_id}"

    def open(self, path: str = "", *, title: str | None = None) -> Page:
        """Go to `path`; one that begins with no slash is below the sample shop's. Waits for the page's heading."""
        at = path if path.startswith("/") else f"{self.tenant}/{path}".rstrip("/")
        self.page.goto(self.demo.url + at)
        expect(self.page.get_by_role("heading", level=1)).to_have_count(1)
        if title is not None:
            expect(self.page.get_by_role("heading", level=1)).to_have_text(title)
        expect(self.page.get_by_role("status", name="Loading")).to_have_count(0)
        return self.page


class Account(NamedTuple):
    email: str
    password: str
    token: str

    def call(self, demo: Demo, client: httpx.Client, method: str, path: str, body: Json | None = None) -> Json:
        """A request of this account's to the API."""
        answer = client.request(
            method, f"{demo.url}{path}", json=body, headers={"Authorization": f"Bearer {self.token}"}
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        found: Json = answer.json() if answer.content else {}
        return found


def new_account(demo: Demo, client: httpx.Client) -> Account:
    """Somebody who has just signed up, without a tenant."""
    email = f"{uuid4().hex}@example.com"
    answer = client.post(f"{demo.url}/api/v1/auth/signup", json={"email": email, "password": PASSWORD, "name": "Ann"})
    assert answer.status_code == 201, answer.text
    client.cookies.clear()  # the client is everybody's
    return Account(email, PASSWORD, answer.json()["data"]["accessToken"])


def sign_in(context: BrowserContext, demo: Demo, email: str, password: str) -> None:
    """Into all tabs of `context`, by the cookies that signing in gives."""
    body = {"email": email, "password": password}
    answer = context.request.post(f"{demo.url}/api/v1/auth/login", data=body)
    assert answer.status == 200, answer.text()
