"""Bodies that are no JSON, the endpoints that take bodies, and what an answer to them must be."""

import re
from typing import Any

import httpx

from recomengine.reference.pages import problems_page

EVENTS, EVENT_BATCH, EVENT_IMPORT = "/api/v1/events", "/api/v1/events/batch", "/api/v1/events/import"
ITEM, ITEMS, ITEM_BATCH, ITEM_IMPORT = (
    "/api/v1/catalog/boot",
    "/api/v1/catalog",
    "/api/v1/catalog/batch",
    "/api/v1/catalog/import",
)
ADVICE, ADVICE_BATCH = "/api/v1/recommendations", "/api/v1/recommendations/batch"
EXPLAINED = set(re.findall(r'id="(\w+)"', problems_page()))
"""Where the type of a problem may lead."""
UNREADABLE = {
    "nothing": b"", "a space": b" ", "half an object": b'{"userId": "a"', "a trailing comma": b'{"userId": "a",}',
    "quotes": b"{'userId': 'a'}", "two values": b"{} {}", "NaN": b'{"price": NaN}', "Infinity": b'{"price": Infinity}',
    "-Infinity": b'{"price": -Infinity}', "a leading zero": b'{"price": 01}',
    "a bare null byte": b'{"userId": "a\x00b"}', "bad UTF-8": b'{"userId": "\xff\xfe"}',
    "an encoded surrogate": b'{"userId": "\xed\xa0\x80"}', "a lone surrogate": b'{"userId": "\\ud800"}',
    "a surrogate pair turned": b'{"userId": "\\udc00\\ud800"}', "UTF-16": '{"userId": "a"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"userId": "a"}', "deep lists": b"[" * 20_000,
    "deep objects": b'{"metadata":' * 4_000, "form fields": b"userId=a&productId=b", "XML": b"<event/>",
    "random bytes": bytes(range(256)),
}  # fmt: skip


TAKEN = ("accepted", "duplicates", "created", "changed", "unchanged", "repeated")


def taken(imported: dict[str, Any]) -> int:
    """Lines of events or of products that an import did not reject."""
    return sum(imported.get(name, 0) for name in TAKEN)


def is_problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The body of a well-formed problem with one of `statuses`."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code", "requestId"} <= set(body)
    assert (body["type"], body["code"] in EXPLAINED) == (f"/docs/problems#{body['code']}", True)
    assert (body["status"], body["requestId"]) == (answer.status_code, answer.headers["x-request-id"])
    assert len(body["detail"]) < 2000
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    if answer.status_code == 422:
        assert all(error["path"].startswith("$") and error["message"] for error in body["errors"])
        assert body["errors"]
    return body
