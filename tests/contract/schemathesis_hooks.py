"""What schemathesis cannot read in the document: how lines are sent, an address for each request, rules that no schema
states, and where a problem's type leads."""

import itertools
import re
from typing import Any

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

from recomengine.reference.pages import problems_page

BEYOND_SCHEMAS = {
    "$.cursor": "of a list that was answered before",
    "$.timezone": "a name of the time zone database, of which there are 600",
    "$.config.timezone": "the same",
    "$.config.allowedOrigins": "as browsers send them: addresses in one spelling, without a default port",
    "$.allowedOrigins": "the same",
    "$.origins": "the same",
    "$.rateLimits": "up to what the operator allows",
    "$.config.rateLimits": "the same",
    "$.password": "not among those that everybody uses",
    "$.newPassword": "the same",
    "$.currentPassword": "that of the account",
    "$.token": "one that was mailed",
    "$.productId": "needed by every event but a search",
    "$.timestamp": "not in the future",
    "$.sentAt": "milliseconds without a point: to JSON Schema 2.0 is whole",
    "$.url": "one link, not several",
    "$.imageUrl": "the same",
    "$.attributes": "of at most 16 KB, not nested too deeply, without U+0000 anywhere",
    "$.metadata": "the same of 8 KB",
    "$.from": "a day, a time or milliseconds, of the years 1900 to 2199",
    "$.to": "the same, and later",
    "$.metric": "of clicks, where lists are interleaved",
    "$.userId": "more than blanks",
    "$.anonymousId": "the same, and another than the user's own",
    "$.trafficSplit": "50, where lists are interleaved",
}
"""Paths that a 422 may name although the schema has nothing against their values, and what they must be."""

EXPLAINED = set(re.findall(r'id="(\w+)"', problems_page()))

_numbers = itertools.count()


@schemathesis.serializer("application/x-ndjson", "text/csv", "text/tab-separated-values", "application/xml")
def lines(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Each request comes from an address of its own, so that nobody has tried to sign in too often."""
    number = next(_numbers)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Leave out refusals of good data by rules that no schema states."""
    if not isinstance(failure, RejectedPositiveData):
        return True
    if case.path.endswith("/import") and response.status_code in (400, 422):
        return False  # to a schema, tables, feeds, separators and names of columns are any text
    if response.status_code != 422:
        return True
    (error,) = response.json()["errors"]
    # 2.0 is whole to JSON Schema, and to no language with types
    whole = re.search(r"expected a whole number.* got -?[0-9.e+]+$", error["message"])
    return not whole and not any(re.match(rf"{re.escape(path)}(?=$|[.\[])", error["path"]) for path in BEYOND_SCHEMAS)


@schemathesis.check
def problem_is_explained(_context: Any, response: Any, _case: Any) -> None:
    """The page that a problem's type leads to explains its code, and that of each item of a batch that is rejected."""
    media = response.headers.get("content-type", [""])[0]
    if media == "application/problem+json":
        page, _, code = response.json()["type"].partition("#")
        assert (page, code in EXPLAINED) == ("/docs/problems", True), code
    elif media == "application/json" and isinstance(data := response.json().get("data"), dict):
        codes = {result["error"]["code"] for result in data.get("results", ()) if "error" in result}
        assert codes <= EXPLAINED, codes
