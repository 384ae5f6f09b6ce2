"""A merchant's site: a small HTTP server of its own origin, whose pages and headers a test chooses."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import NamedTuple

PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#8aa"/></svg>'
INSECURE_HOST = "plain.shop.test"


class File(NamedTuple):
    content: bytes
    content_type: str
    headers: Mapping[str, str]


class Site:
    """Serves what tests put there, and a picture for every path below /i/."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._files: dict[str, File] = {}
        self._numbers = count(1)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def insecure_origin(self) -> str:
        """The same site under a name for which browsers give no secure context."""
        return f"http://{INSECURE_HOST}:{self.port}"

    def page(self, html: str, headers: Mapping[str, str] | None = None) -> str:
        """Put a page there, with the site's own marks around `html` where it has none; its URL."""
        if "<html" not in html:
            html = f'<!doctype html><html lang="en"><head><title>A shop</title></head><body>{html}</body></html>'
        return self.file(f"/page-{next(self._numbers)}", html, "text/html; charset=utf-8", headers)

    def file(self, path: str, content: str, content_type: str, headers: Mapping[str, str] | None = None) -> str:
        self._files[path] = File(content.encode(), content_type, headers or {})
        return self.origin + path

    def find(self, path: str) -> File | None:
        if path.startswith("/i/"):
            return File(PICTURE, "image/svg+xml", {"Cache-Control": "max-age=3600"})
        return self._files.get(path.partition("?")[0])


@contextmanager
def serving_site() -> Iterator[Site]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    site = Site(server.server_port)
    server.RequestHandlerClass = handler_of(site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = site.find(self.path)
            self.send_response(200 if found else 404)
            for name, value in (found.headers if found else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", found.content_type if found else "text/plain")
            self.send_header("Content-Length", str(len(found.content) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(found.content)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Handler
