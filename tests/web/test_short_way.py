"""The short way answers exactly as the plain way does."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from recomengine.infra.metrics import REGISTRY
from recomengine.shop import RateLimits
from recomengine.web.middleware import RequestLayer
from recomengine.web.operations import Operation
from recomengine.web.problems import Conflict
from recomengine.web.short_way import ShortWay
from tests.support.apps import MakeTenant, Tenant, bearer, client_of

LISTS, EVENTS, BATCH = "/api/v1/recommendations", "/api/v1/events", "/api/v1/events/batch"
ORIGIN, STRANGE = {"Origin": "https://shop.example"}, {"Origin": "https://thief.example"}
JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}
VIEW = '{"eventType":"view","userId":"u","productId":"p","eventId":"EVENT"}'
KEYED_VIEW = VIEW.replace("}", ',"key":"KEY"}')
CHANGING = re.compile(r'"(?:recommendationId|id|eventId)":"[^"]*"|"cached":(?:true|false)|Wait \d+ s')
CHANGING_HEADERS = ("content-length", "ratelimit-remaining", "ratelimit-reset", "retry-after")


class Asked(NamedTuple):
    """A request with a tenant's key of a kind, in a header unless that is said otherwise; KEY stands for it elsewhere,
    and EVENT for a name that was not there before.
    """

    kind: str
    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: str = ""
    in_header: bool = True

    def sent(self, tenant: Tenant, event: str) -> dict[str, Any]:
        key = getattr(tenant, self.kind)
        headers = {"X-Request-ID": "same", **(bearer(key) if self.in_header else {}), **self.headers}
        body = self.body.replace("KEY", key).replace("EVENT", event)
        return {"method": self.method, "url": self.path.replace("KEY", key), "headers": headers, "content": body}


REQUESTS: dict[str, Asked] = {
    "a list": Asked("read", "GET", f"{LISTS}?userId=u&limit=3"),
    "a list of encoded text": Asked("read", "GET", f"{LISTS}?userId=caf%C3%A9+one&sessionId=&context=home"),
    "a list for a page": Asked("publish", "GET", LISTS, ORIGIN),
    "a list for a page by a key in its URL": Asked("publish", "GET", f"{LISTS}?key=KEY&userId=u", ORIGIN, "", False),
    "a list for a strange page": Asked("publish", "GET", LISTS, STRANGE),
    "a read key in a page": Asked("read", "GET", LISTS, ORIGIN),
    "a secret key in the URL": Asked("read", "GET", f"{LISTS}?key=KEY", {}, in_header=False),
    "no key": Asked("read", "GET", LISTS, {}, in_header=False),
    "an unknown key": Asked("read", "GET", LISTS, bearer("rk_live_nothing"), in_header=False),
    "a number out of range": Asked("read", "GET", f"{LISTS}?limit=0"),
    "an unknown field": Asked("read", "GET", f"{LISTS}?user=u"),
    "a field twice": Asked("read", "GET", f"{LISTS}?userId=u&userId=v"),
    "no text in the query": Asked("read", "GET", f"{LISTS}?userId=%ff"),
    "too many fields": Asked("read", "GET", f"{LISTS}?{'productId=p&' * 301}"),
    "a list by a body": Asked("publish", "POST", LISTS, JSON, '{"userId":"u","limit":2}'),
    "an event": Asked("read_write", "POST", EVENTS, JSON, VIEW),
    "an event of a page": Asked("publish", "POST", EVENTS, JSON | ORIGIN, VIEW),
    "an event with its key in the body": Asked("publish", "POST", EVENTS, TEXT | ORIGIN, KEYED_VIEW, False),
    "a secret key in the body": Asked("read_write", "POST", EVENTS, JSON, KEYED_VIEW, in_header=False),
    "an event by a read key": Asked("read", "POST", EVENTS, JSON, VIEW),
    "an event that is no JSON": Asked("read_write", "POST", EVENTS, JSON, "{"),
    "an event of an unknown type": Asked("read_write", "POST", EVENTS, JSON, VIEW.replace("view", "look")),
    "an event of an unknown media type": Asked("read_write", "POST", EVENTS, {"Content-Type": "text/csv"}, VIEW),
    "an event without a media type": Asked("read_write", "POST", EVENTS, {}, VIEW),
    "an encoded event": Asked("read_write", "POST", EVENTS, JSON | {"Content-Encoding": "gzip"}, VIEW),
    "an event that is too large": Asked("read_write", "POST", EVENTS, JSON, " " * 70_000),
    "an event of a stranger that is too large": Asked("publish", "POST", EVENTS, JSON, " " * 70_000, in_header=False),
    "a batch": Asked("read_write", "POST", BATCH, JSON, f'{{"events":[{VIEW},{{"eventType":"view"}}]}}'),
    "a batch of nothing": Asked("read_write", "POST", BATCH, JSON, '{"events":[]}'),
    "health": Asked("read", "GET", "/health", {}, in_header=False),
}  # fmt: skip


class Ways:
    """Both of them through one app, by turns."""

    def __init__(self, app: Starlette, asked: Asked, tenant: Tenant) -> None:
        self._app, self._asked, self._tenant = app, asked, tenant

    async def answers(self) -> tuple[httpx.Response, httpx.Response]:
        return await self._answer(short=True), await self._answer(short=False)

    async def _answer(self, *, short: bool) -> httpx.Response:
        scopes = []

        async def way(scope: Scope, receive: Receive, send: Send) -> None:
            scopes.append(scope)
            await (self._app(scope, receive, send) if short else Starlette.__call__(self._app, scope, receive, send))

        async with client_of(way) as client:  # type: ignore[arg-type]
            answer = await client.request(**self._asked.sent(self._tenant, uuid4().hex))
        assert ["router" in scope for scope in scopes] == [not short]
        return answer


def comparable(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], str]:
    """Status, headers in their order, and body, without what differs from one request to the next."""
    headers = [(name, "…" if name in CHANGING_HEADERS else value) for name, value in answer.headers.multi_items()]
    assert answer.headers["content-length"] == str(len(answer.content))
    return answer.status_code, headers, CHANGING.sub("…", answer.text)


def counted() -> dict[tuple[str, ...], float]:
    """Answers so far, by method, route and status."""
    return {
        (sample.labels["method"], sample.labels["path"], sample.labels["status"]): sample.value
        for metric in REGISTRY.collect() for sample in metric.samples if sample.name == "http_requests_total"
    }  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
async def test_both_ways_answer_alike(name: str, app: Starlette, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(allowed_origins=("https://shop.example",))
    before = counted()
    short, plain = await Ways(app, REQUESTS[name], tenant).answers()
    assert comparable(short) == comparable(plain)
    path = REQUESTS[name].path.partition("?")[0]
    labels = (REQUESTS[name].method, path, str(short.status_code))
    assert counted()[labels] == before.get(labels, 0) + 2


@pytest.mark.parametrize("name", ["a list", "an event", "a batch"])
async def test_both_ways_refuse_what_is_over_the_limit(name: str, app: Starlette, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(rate_limits=RateLimits(1, 1))
    ways = Ways(app, REQUESTS[name], tenant)
    assert (await ways.answers())[0].status_code != 429
    short, plain = await ways.answers()
    assert short.status_code == 429
    assert comparable(short) == comparable(plain)


@pytest.mark.parametrize(
    ("error", "status"),
    [(ConnectionRefusedError("gone"), 503), (RuntimeError("inside"), 500), (Conflict("There is one already."), 409)],
)
async def test_both_ways_put_failures_into_the_same_words(
    error: Exception, status: int, app: Starlette, make_tenant: MakeTenant
) -> None:
    async def fail(_request: Request) -> Response:
        raise error

    failing = Operation("GET", "/fail", fail, "Fail", {})
    both = ShortWay(
        [failing], routes=[failing], middleware=[Middleware(RequestLayer)], exception_handlers=app.exception_handlers
    )
    both.state.context = app.state.context
    short, plain = await Ways(both, Asked("read", "GET", "/fail"), await make_tenant()).answers()
    assert short.status_code == status
    assert comparable(short) == comparable(plain)
