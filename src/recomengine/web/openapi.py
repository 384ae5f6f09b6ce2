"""The OpenAPI 3.1 document of a route table: paths from the routes, schemas from the types that they decode and
encode.
"""

import csv
import inspect
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from starlette.routing import BaseRoute

from recomengine.shop import Permission, Role
from recomengine.web.examples import ABOUT, EXAMPLES, SAMPLE_ID, example_of
from recomengine.web.operations import Credential, Operation
from recomengine.web.problems import EXPLAINED, Problem, ProblemBody

Json = dict[str, Any]

REF = "#/components/schemas/{name}"
HEADERS = {
    "RateLimit-Limit": "Requests a minute with this key, or of this account or address.",
    "RateLimit-Remaining": "How many of them are left.",
    "RateLimit-Reset": "Seconds until the oldest are free again.",
    "Retry-After": "Seconds to wait.",
    "WWW-Authenticate": "The kind of credential that is expected.",
    "Idempotency-Key": "The same key with the same body names the same thing, which is made once.",
    "If-None-Match": "The ETag of the answer that the client has.",
    "X-CSRF-Token": "The value of the cookie csrf_token, repeated by the page. Needed where refresh_token is sent.",
}
UNITS = {
    "application/x-ndjson": "line", "text/csv": "row", "text/tab-separated-values": "row", "application/xml": "item",
}  # fmt: skip
"""Of an import, by its content type."""
NUMBERS = frozenset({"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"})
SENT = {"Idempotency-Key": {"pattern": r"^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$"}}
ALWAYS_WITH = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
SCHEMES = {
    "apiKey": {"type": "http", "scheme": "bearer", "bearerFormat": "rk_…", "description": "An API key of the tenant."},
    "apiKeyHeader": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key, in a header of its own.",
    },
    "keyAsUser": {
        "type": "http",
        "scheme": "basic",
        "description": "The same key as the user name, with an empty password.",
    },
    "publishKey": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "A publish key, from the pages of its origins.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of an admin who signed in.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "refresh_token",
        "description": "The cookie that signing in sets.",
    },
    "internalKey": {"type": "http", "scheme": "bearer", "description": "INTERNAL_API_KEY, which the operator has."},
}
INTRODUCTION = """Recommendations for online shops: send events and the catalog, ask for lists.

Bodies are JSON in UTF-8 with names in camelCase, times are RFC 3339. Answers come as `data`, lists with
`meta.nextCursor`, errors as `application/problem+json` (RFC 9457) whose `type` leads to its cause and remedy at
`/docs/problems`. Every answer carries `X-Request-ID`. A request whose head is not valid is a 400, 408 or 431, a failure
of the server a 500."""


def document(routes: Iterable[BaseRoute]) -> Json:
    operations = [route for route in routes if isinstance(route, Operation)]
    schemas = _Schemas(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(path_of(operation), {})[operation.method.lower()] = _operation(operation, schemas)
    problems = {problem for operation in operations for problem in operation.problems}
    return {
        "openapi": "3.1.0",
        "info": {"title": "RecomEngine", "version": version("recomengine"), "description": INTRODUCTION},
        "servers": [{"url": "/"}],
        "tags": list(_tags(operations)),
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {problem.__name__: _problem(problem) for problem in sorted(problems,
                key=lambda problem: problem.status)},
            "securitySchemes": SCHEMES,
        },
    }  # fmt: skip


def path_of(operation: Operation) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: "{" + _camel(found[1]) + "}", operation.path_format)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _tag(operation: Operation) -> str:
    """The name of the domain's folder."""
    return operation.handler.__module__.split(".")[-2].replace("_", " ").replace("api ", "API ")


def _tags(operations: Sequence[Operation]) -> Iterator[Json]:
    """With what the domain's package says of itself."""
    for tag, module in {_tag(operation): operation.handler.__module__ for operation in operations}.items():
        yield {"name": tag, "description": sys.modules[module.rpartition(".")[0]].__doc__}


def _operation(operation: Operation, schemas: "_Schemas") -> Json:
    found: Json = {
        "tags": [_tag(operation)],
        "operationId": f"{_tag(operation)} {operation.name}".replace(" ", "_").lower(),
        "summary": operation.summary,
        "security": list(_security(operation)),
        "responses": {
            str(status): _answer(operation, status, kind, schemas) for status, kind in operation.answers.items()
        },
    }
    if description := _description(operation):
        found["description"] = description
    if parameters := [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)]:
        found["parameters"] = parameters
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {"application/json": schemas.media(operation.body)}}
    if operation.lines is not None:
        of_form: dict[str, str] = {}
        for media, form in operation.media.items():
            of_form.setdefault(form, media)  # the others are other names for it
        content = {media: schemas.imported(operation.lines, media) for media in of_form.values()}
        found["requestBody"] = {"required": True, "content": content}
    for problem in operation.problems:
        found["responses"][str(problem.status)] = {"$ref": f"#/components/responses/{problem.__name__}"}
    return found


def _description(operation: Operation) -> str:
    parts = [inspect.getdoc(operation.handler) or ""]
    for need in operation.needs:
        if isinstance(need, Permission):
            parts.append(f"For keys with the permission {' or '.join(sorted(need.value))}.")
        if isinstance(need, Permission) and operation.body is not None and "publish" in need.value:
            parts.append(
                "From a page, a publish key may stand in the body's `key`, and the body may come as text/plain, which "
                "spares a preflight."
            )
    if operation.needs_role:
        roles = " or ".join(role.value for role in Role if role.covers(operation.role))
        parts.append(f"Of admins for members with the role {roles}.")
    return " ".join(filter(None, parts))


def _security(operation: Operation) -> Iterator[Json]:
    for need in operation.needs:
        if isinstance(need, Credential):
            yield {need.value: []}
            continue
        yield {"apiKey": []}
        yield {"apiKeyHeader": []}
        yield {"keyAsUser": []}
        if "publish" in need.value and operation.method == "GET":
            yield {"publishKey": []}


def _path_parameters(operation: Operation) -> Iterator[Json]:
    for name, kind in operation.ids.items():
        schema = _plain(msgspec.json.schema(kind))
        example = SAMPLE_ID if schema.get("format") == "uuid" else EXAMPLES[_camel(name)]
        yield {"name": _camel(name), "in": "path", "required": True, "schema": schema, "example": example}


def _query_parameters(operation: Operation) -> Iterator[Json]:
    if operation.query is None:
        return
    (schema,) = msgspec.json.schema(operation.query)["$defs"].values()
    for name, field in _plain(schema)["properties"].items():
        if name == "key":
            continue  # a credential
        kinds = [kind for kind in field.pop("anyOf", [field]) if kind != {"type": "null"}]
        wanted = field | next((kind for kind in kinds if kind.get("type") == "array"), kinds[0])
        if not wanted.get("default"):
            wanted.pop("default", None)
        about = {"description": wanted.pop("description")} if "description" in wanted else {}
        yield {"name": name, "in": "query", "required": name in schema["required"], "schema": wanted} | about


def _header_parameters(operation: Operation) -> Iterator[Json]:
    for name in operation.headers:
        yield {
            "name": name,
            "in": "header",
            "description": HEADERS[name],
            "schema": {"type": "string"} | SENT.get(name, {}),
        }


def _answer(operation: Operation, status: int, kind: Any, schemas: "_Schemas") -> Json:
    found: Json = {"description": HTTPStatus(status).phrase}
    if operation.keyed or Credential.ADMIN in operation.needs or Credential.SESSION in operation.needs:
        found["headers"] = {
            name: _header(name) for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
        }
    if isinstance(kind, str):
        found["content"] = {kind: {"schema": {"type": "string"}}}
    elif kind is not None:
        found["content"] = {"application/json": schemas.media(kind)}
    return found


def _header(name: str, *, required: bool = False) -> Json:
    schema: Json = {"type": "integer", "minimum": 0} if name in NUMBERS else {"type": "string"}
    return {"description": HEADERS[name], "schema": schema} | ({"required": True} if required else {})


def _problem(kind: type[Problem]) -> Json:
    codes = [code for code, explained in EXPLAINED.items() if explained.kind is kind]
    body = ProblemBody(
        f"/docs/problems#{kind.code}",
        kind.title,
        kind.status,
        EXPLAINED[kind.code].cause,
        "/api/v1/…",
        kind.code,
        "0f2c7a6be1d94e0c9b8f4a7d5e3c2b1a",
    )
    found: Json = {
        "description": f"{kind.title}: " + ", ".join(f"[{code}](/docs/problems#{code})" for code in codes),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": REF.format(name="Problem")},
                "example": msgspec.to_builtins(body),
            }
        },
    }
    if kind.status in ALWAYS_WITH:
        found["headers"] = {name: _header(name, required=True) for name in ALWAYS_WITH[kind.status]}
    return found


class _Schemas:
    """The types of all operations as JSON schemas, under their names."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        kinds = [kind for one in operations for kind in (one.body, one.lines, *one.answers.values())]
        unique = list(
            dict.fromkeys([ProblemBody, *(kind for kind in kinds if kind is not None and not isinstance(kind, str))])
        )
        schemas, components = msgspec.json.schema_components(unique, ref_template=REF)
        self._schemas: dict[Any, Json] = dict(zip(unique, map(_plain, schemas), strict=True))
        named = {name: _plain(component) for name, component in components.items()}
        self._envelopes = {name: named.pop(name) for name in list(named) if name.startswith(("Data_", "Listed_"))}
        self.components = dict(sorted((name.removesuffix("Body"), component) for name, component in named.items()))

    def media(self, kind: Any) -> Json:
        schema = self._schemas[kind]
        schema = self._envelopes.get(schema.get("$ref", "").rpartition("/")[2], schema)
        return {"schema": schema, "example": example_of(schema, self.components)}

    def imported(self, kind: Any, media: str) -> Json:
        """The body of an import; of a table and of XML a schema can say no more than that it is text."""
        line = self._schemas[kind]
        example = example_of(line, self.components)
        if media == "application/json":
            return {"schema": {"type": "array", "items": line}, "example": [example]}
        what = f"One {line['$ref'].rpartition('/')[2]} a {UNITS[media]}, of any number"
        about = f"{what}; may come as Content-Encoding gzip or zstd."
        return {"schema": {"type": "string", "description": about}, "example": _written(example, media)}


def _written(example: Json, media: str) -> str:
    if media == "application/x-ndjson":
        return f"{msgspec.json.encode(example).decode()}\n"
    flat = {name: str(value) for name, value in example.items() if isinstance(value, str | int | float)}
    if media == "application/xml":
        elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in flat.items())
        return f"<rss><channel><item>{elements}</item></channel></rss>"
    table = io.StringIO()
    csv.writer(table, delimiter="\t" if media == "text/tab-separated-values" else ",").writerows([flat, flat.values()])
    return table.getvalue()


def _plain(schema: Any) -> Any:
    """As others read it: without what only Python needs in a pattern, and without titles, which repeat names."""
    if isinstance(schema, list | tuple):
        return [_plain(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(member) for name, member in schema.items() if name != "title" or not isinstance(member, str)}
    if isinstance(plain.get("pattern"), str):
        plain["pattern"] = plain["pattern"].removesuffix(r"(?!\n)")
    if plain.get("format") == "decimal":
        plain["type"] = "number"  # as codec.py encodes them
        if "default" in plain:
            plain["default"] = float(plain["default"])
    for name, member in plain.get("properties", {}).items():
        if name in ABOUT:
            member.setdefault("description", ABOUT[name])
    return plain
