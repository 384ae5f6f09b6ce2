"""The reference as web pages, written from the OpenAPI document and the table of problems: plain HTML, no script."""

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from recomengine.web.assets import bundle
from recomengine.web.examples import element_of
from recomengine.web.problems import EXPLAINED

Json = dict[str, Any]

MAX_DEPTH = 3
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
CODE = re.compile(r"`([^`]+)`")
FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/docs/{style}">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="brand" href="/docs">RecomEngine <span>API</span></a>
<nav aria-label="Pages"><a href="/docs">Reference</a> <a href="/docs/problems">Problems</a>
<a href="/openapi.json">openapi.json</a></nav></header>
<div class="page">
<nav class="side" aria-label="Contents">{side}</nav>
<main id="main">{main}</main>
</div>
</body>
</html>
"""
WHERE = {
    "http": "Authorization: Bearer {bearerFormat}",
    "header": "{name}: …",
    "query": "?{name}=…",
    "cookie": "Cookie: {name}=…",
}


def reference_page(document: Json) -> str:
    info = document["info"]
    groups = {tag["name"]: list(_operations(document, tag["name"])) for tag in document["tags"]}
    side = "".join(
        f'<h2><a href="#{_id(name)}">{escape(name)}</a></h2><ul>'
        + "".join(f'<li><a href="#{one["operationId"]}">{escape(one["summary"])}</a></li>' for _, _, one in group)
        + "</ul>"
        for name, group in groups.items()
    )  # fmt: skip
    sections = "".join(
        f'<section aria-labelledby="{_id(tag["name"])}"><h2 id="{_id(tag["name"])}">{escape(tag["name"])}</h2>'
        f"<p>{_text(tag['description'])}</p>"
        + "".join(_operation(document, path, method, one) for path, method, one in groups[tag["name"]]) + "</section>"
        for tag in document["tags"]
    )  # fmt: skip
    paragraphs = "".join(f"<p>{_text(paragraph)}</p>" for paragraph in info["description"].split("\n\n"))
    head = f"<h1>API reference</h1><p class='soft'>Version {escape(info['version'])}</p>"
    return _framed("RecomEngine API reference", side, head + paragraphs + _credentials(document) + sections)


def problems_page() -> str:
    """Every code with its cause and remedy; a problem's `type` leads here."""
    side = "<ul>" + "".join(f'<li><a href="#{code}">{code}</a></li>' for code in EXPLAINED) + "</ul>"
    entries = "".join(
        f'<section class="problem" id="{code}"><h2><span class="status">{one.kind.status}</span> {code}</h2>'
        f"<p>{_text(one.cause)}</p><p><strong>What to do.</strong> {_text(one.remedy)}</p></section>"
        for code, one in EXPLAINED.items()
    )  # fmt: skip
    about = (
        "An error's body is a problem of RFC 9457. Its `code` is one of these and does not change; its `detail` says "
        "what happened this time."
    )
    return _framed("RecomEngine problems", side, f"<h1>Problems</h1><p>{_text(about)}</p>{entries}")


def _framed(title: str, side: str, main: str) -> str:
    style = bundle("reference")["reference.css"].hashed("reference.css")
    return FRAME.format(title=title, side=side, main=main, style=style)


def _operations(document: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield path, method.upper(), operation


def _credentials(document: Json) -> str:
    rows = [
        (
            name,
            f"<code>{escape(WHERE[scheme.get('in', 'http')].format_map({'bearerFormat': '…'} | scheme))}</code>",
            escape(scheme["description"]),
        )
        for name, scheme in document["components"]["securitySchemes"].items()
    ]
    return "<h2 id='credentials'>Credentials</h2>" + _table(("Name", "Where", "What"), rows)


def _operation(document: Json, path: str, method: str, operation: Json) -> str:
    parts = [f"<p>{_text(operation['description'])}</p>"] if "description" in operation else []
    schemes = list(dict.fromkeys(name for one in operation["security"] for name in one))
    parts.append(
        "<p class='soft'>Credential: " + (" or ".join(f"<code>{name}</code>" for name in schemes) or "none") + "</p>"
    )
    if parameters := operation.get("parameters"):
        rows = [
            (
                _name(one["name"], required=one.get("required", False)),
                one["in"],
                _kind(document, one["schema"]),
                _text(one.get("description", "")),
            )
            for one in parameters
        ]
        parts.append("<h4>Parameters</h4>" + _table(("Name", "In", "Type", "About"), rows))
    if body := operation.get("requestBody"):
        parts.append(
            "<h4>Request body</h4>"
            + "".join(_media(document, kind, media, of_request=True) for kind, media in body["content"].items())
        )
    parts.append(
        "<h4>Answers</h4>"
        + "".join(_answer(document, status, answer) for status, answer in operation["responses"].items())
    )
    return (
        f'<details class="operation"><summary><span class="method {method.lower()}">{method}</span> '
        f'<code>{_breaks(path)}</code> <span class="soft">{escape(operation["summary"])}</span></summary>'
        f'<div id="{operation["operationId"]}">{"".join(parts)}</div></details>'
    )  # fmt: skip


def _answer(document: Json, status: str, answer: Json) -> str:
    if "$ref" in answer:
        return f'<p><span class="status">{status}</span> {_text(_resolved(document, answer)["description"])}</p>'
    body = "".join(_media(document, kind, media) for kind, media in answer.get("content", {}).items())
    return f'<p><span class="status good">{status}</span> {escape(answer["description"])}</p>{body}'


def _media(document: Json, kind: str, media: Json, *, of_request: bool = False) -> str:
    rows = list(_fields(document, media["schema"], of_request=of_request))
    table = (
        _table(("Name", "Type", "About"), rows) if rows else f"<p>{_text(media['schema'].get('description', ''))}</p>"
    )
    example = media.get("example")
    shown = (
        ""
        if example is None
        else escape(example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False))
    )
    code = f'<pre tabindex="0" aria-label="Example"><code>{shown}</code></pre>' if shown else ""
    return f"<p class='soft'>{escape(kind)}</p>{table}{code}"


def _fields(
    document: Json, schema: Json, prefix: str = "", depth: int = 0, *, of_request: bool
) -> Iterator[tuple[str, ...]]:
    """A row for each member, and for the members of members. Requests say what is required, answers what may be
    absent.
    """
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        yield from _fields(document, element_of(schema), f"{prefix.removesuffix('.')}[].", depth, of_request=of_request)
    elif "anyOf" in schema:
        yield from _fields(document, schema["anyOf"][0], prefix, depth, of_request=of_request)
    for name, member in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        about = [member.get("description", "")]
        if not of_request and not required:
            about.append("May be absent.")
        elif member.get("default"):
            about.append(f"Default {json.dumps(member['default'])}.")
        yield (
            _name(prefix + name, required=of_request and required),
            _kind(document, member),
            _text(" ".join(filter(None, about))),
        )
        if depth < MAX_DEPTH:
            yield from _fields(document, member, f"{prefix}{name}.", depth + 1, of_request=of_request)


def _kind(document: Json, schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(document, kind) for kind in schema["anyOf"]))
    schema = _resolved(document, schema)
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    kind = escape(str(schema.get("format", schema.get("type", "any JSON"))))
    if schema.get("type") == "array":
        kind = f"list of {_kind(document, element_of(schema))}"
    return kind + "".join(f", {text}" for text in _bounds(schema))


def _bounds(schema: Json) -> Iterator[str]:
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        if high in schema:
            yield (
                f"{schema.get(low, 0):,} to {schema[high]:,}{unit}"
                if low in schema
                else f"at most {schema[high]:,}{unit}"
            )
        elif low in schema:
            yield f"at least {schema[low]:,}{unit}"


def _resolved(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"


def _name(name: str, *, required: bool) -> str:
    return f"<code>{_breaks(name)}</code>" + (" <span class='required'>required</span>" if required else "")


def _text(text: str) -> str:
    """Text with links and code as Markdown writes them."""
    return LINK.sub(r'<a href="\2">\1</a>', CODE.sub(r"<code>\1</code>", escape(text, quote=False)))


def _breaks(path: str) -> str:
    return re.sub(r"([/.])", r"<wbr>\1", escape(path))


def _id(name: str) -> str:
    return name.lower().replace(" ", "-")
