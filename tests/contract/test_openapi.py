"""The OpenAPI document is right: every route is in it, it is valid, and a live server does what it says."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from recomengine.context import Context
from recomengine.settings import Settings
from tests.support.apps import SECRET, MakeTenant
from tests.support.people import Person
from tests.support.processes import COMMAND, PATIENCE_S, environment
from tests.support.shops import build, demo_shop, fill_catalog, send

ROOT = Path(__file__).parents[2]


@contextmanager
def live_server(settings: Settings) -> Iterator[str]:
    """The URL of a server process that believes X-Forwarded-For from here."""
    variables = {
        "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "DATA_DIR": str(settings.data_dir),
        "LOG_LEVEL": "error", "JWT_SECRET": SECRET, "API_KEY_HMAC_SECRET": SECRET, "INTERNAL_API_KEY": SECRET,
        "TRUSTED_PROXIES": "127.0.0.1",
    }  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--fd", str(listener.fileno())],
            env=environment(variables),
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


async def test_a_live_server_does_what_the_document_says(
    settings: Settings, context: Context, client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    shop = await make_tenant()
    products = demo_shop().products[:30]
    await fill_catalog(context, shop.id, products)
    await send(
        context,
        shop.id,
        [
            {"eventType": "view", "userId": f"u{number % 7}", "productId": products[number % 30]["productId"]}
            for number in range(200)
        ],
    )
    await build(context, shop.id)
    admin, visitor = Person(client), Person(client)
    await admin.sign_up()
    await visitor.sign_up()
    with live_server(settings) as url:
        variables = {
            "READ_WRITE_KEY": shop.read_write, "PUBLISH_KEY": shop.publish, "ACCESS_TOKEN": admin.access,
            "INTERNAL_API_KEY": SECRET, "REFRESH_TOKEN": visitor.cookies["refresh_token"],
            "CSRF_TOKEN": visitor.cookies["csrf_token"], "SHOP": str(shop.id), "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.contract.schemathesis_hooks",
        }  # fmt: skip
        command = [
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(Path(__file__).parent / "schemathesis.toml"),
            "run",
            f"{url}/openapi.json",
        ]
        ran = subprocess.run(
            [sys.executable, *command],
            env=os.environ | variables,
            cwd=settings.data_dir,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-5000:]
