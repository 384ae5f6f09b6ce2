"""Files for browsers, the one way to serve them: from built bundles, or pages that are made once.

Each file has a strong ETag from its content and comes as brotli or gzip where the browser takes it. Under its own name
it is asked for again after a short while; under the name that carries its hash (`app.3f2a….js`) it never changes and is
kept for a year. What kind of file it is decides its policy: a page of ours runs only what is ours; parts of our pages
(styles, scripts, pictures) stay on this origin; a file for foreign pages may be read from any origin, as integrity
checks of scripts need.
"""

import asyncio
import gzip
from base64 import b64encode
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from hashlib import sha256, sha384
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.web.middleware import APP_POLICY, PAGE_POLICY
from recomengine.web.problems import NotFound

BUILT = "recomengine.site"
HASH_LENGTH = 16
MEDIA_TYPES = {
    ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".json": "application/json",
    ".map": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
    ".woff2": "font/woff2", ".txt": "text/plain", ".mjs": "text/javascript", ".ts": "text/plain", ".mts": "text/plain",
}  # fmt: skip
Earlier = Callable[[Request, str], "Asset | None"]
SUFFIXES = {"br": ".br", "gzip": ".gz"}
"""In the order of preference."""
SOON, NEVER_CHANGES, ASK_AGAIN = "public, max-age=300", "public, max-age=31536000, immutable", "no-cache"


class Policy(Enum):
    """Who may use a file, as the headers that say so; the others are those of every answer."""

    # No tuples: an empty one as a member's value becomes an `object()` in Python 3.11.2, which Debian 12 brings.
    PAGE = frozenset({("Content-Security-Policy", PAGE_POLICY)})
    APP = frozenset({("Content-Security-Policy", APP_POLICY)})
    OWN = frozenset[tuple[str, str]]()
    FOREIGN = frozenset({
        ("Cross-Origin-Resource-Policy", "cross-origin"), ("Access-Control-Allow-Origin", "*"),
        ("Timing-Allow-Origin", "*"),
    })  # fmt: skip


class Asset(NamedTuple):
    media_type: str
    digest: str
    forms: Mapping[str, bytes]
    """The content by Content-Encoding; `identity` is always there."""

    @property
    def integrity(self) -> str:
        """For the `integrity` of a script tag."""
        return "sha384-" + b64encode(sha384(self.forms["identity"]).digest()).decode()

    def hashed(self, name: str) -> str:
        """The file's name with its hash before the ending."""
        path = PurePosixPath(name)
        return str(path.with_name(f"{path.stem}.{self.digest}{path.suffix}"))


def asset_of(content: bytes, media_type: str, forms: Mapping[str, bytes] | None = None) -> Asset:
    return Asset(media_type, sha256(content).hexdigest()[:HASH_LENGTH], {"identity": content, **(forms or {})})


@cache
def bundle(name: str) -> dict[str, Asset]:
    """The files of a built bundle by their path in it."""
    folder = files(BUILT).joinpath("built", name)
    if not folder.is_dir():
        raise FileNotFoundError(f"The bundle {name} was not built. Run `make setup`.")
    return dict(_assets(folder, ""))


def _assets(folder: Traversable, prefix: str) -> "list[tuple[str, Asset]]":
    there = {entry.name: entry for entry in folder.iterdir()}
    found = []
    for name, entry in sorted(there.items()):
        if entry.is_dir():
            found += _assets(entry, f"{prefix}{name}/")
        elif not name.endswith(tuple(SUFFIXES.values())):
            forms = {
                form: there[name + suffix].read_bytes() for form, suffix in SUFFIXES.items() if name + suffix in there
            }
            media_type = MEDIA_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
            found.append((prefix + name, asset_of(entry.read_bytes(), media_type, forms)))
    return found


def bundle_route(
    path: str, assets: Mapping[str, Asset], policy: Policy = Policy.OWN, earlier: Earlier | None = None
) -> Route:
    """Every file of `assets` below `path`, under its own name and the one with its hash. earlier: finds those of other
    versions by their names with a hash, in a thread.
    """
    named = {name: (asset, SOON) for name, asset in assets.items()}
    named |= {asset.hashed(name): (asset, NEVER_CHANGES) for name, asset in assets.items()}
    return _files_route(path, named, policy, earlier)


def hashed_route(path: str, assets: Mapping[str, Asset], policy: Policy = Policy.OWN) -> Route:
    """Every file of `assets` below `path`, whose builder has put a hash into their names."""
    return _files_route(path, {name: (asset, NEVER_CHANGES) for name, asset in assets.items()}, policy)


def _files_route(
    path: str, named: Mapping[str, tuple[Asset, str]], policy: Policy, earlier: Earlier | None = None
) -> Route:
    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if (found := named.get(name)) is not None:
            return serve_asset(request, *found, policy)
        if earlier is not None and (kept := await asyncio.to_thread(earlier, request, name)) is not None:
            return serve_asset(request, kept, NEVER_CHANGES, policy)
        raise NotFound(f"There is no file {request.scope['path']}.")

    return Route(f"{path}/{{name:path}}", answer, methods=["GET"], include_in_schema=False)


def page_route(path: str, page: Asset, policy: Policy = Policy.PAGE) -> Route:
    async def answer(request: Request) -> Response:
        return serve_asset(request, page, ASK_AGAIN, policy)

    return Route(path, answer, methods=["GET"], include_in_schema=False)


def made_route(path: str, make: Callable[[], bytes], media_type: str, policy: Policy = Policy.OWN) -> Route:
    """What `make` gives, made when it is first asked for, in a thread: it may take a tenth of a second."""

    @cache
    def made() -> Asset:
        content = make()
        return asset_of(content, media_type, {"gzip": gzip.compress(content, mtime=0)})

    async def answer(request: Request) -> Response:
        return serve_asset(request, await asyncio.to_thread(made), SOON, policy)

    return Route(path, answer, methods=["GET"], include_in_schema=False)


def serve_asset(request: Request, asset: Asset, caching: str, policy: Policy) -> Response:
    encoding = _encoding(request.headers.get("accept-encoding", ""), asset.forms)
    etag = f'"{asset.digest}"' if encoding == "identity" else f'"{asset.digest}-{encoding}"'
    headers = {"Cache-Control": caching, "ETag": etag, "Vary": "Accept-Encoding", **dict(policy.value)}
    if matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    if encoding != "identity":
        headers["Content-Encoding"] = encoding
    return Response(asset.forms[encoding], headers=headers, media_type=asset.media_type)


def _encoding(accepted: str, forms: Mapping[str, bytes]) -> str:
    """The preferred form among those that the client takes; a weight of 0 refuses one."""
    taken = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        taken[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((form for form in SUFFIXES if form in forms and taken.get(form, taken.get("*", False))), "identity")


def matches(if_none_match: str, etag: str) -> bool:
    """Whether the client has it already. if_none_match: the header's value."""
    given = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return etag in given or "*" in given
