"""What the figures are compared with: a bare Starlette JSON reply behind the same server and the same load."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench.server import free_port


async def _reply(_request: Request) -> JSONResponse:
    return JSONResponse({"data": [{"productId": f"product-{i}", "score": i / 8} for i in range(8)]})


@contextmanager
def bare_starlette() -> Iterator[tuple[str, int]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.yardstick", str(port)])
    try:
        _wait(port)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the yardstick did not start within 20 s")


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[Route("/", _reply)]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
