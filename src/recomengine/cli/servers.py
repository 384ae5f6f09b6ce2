"""`up`, `demo`, `serve` and `worker`: what runs until it is stopped."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import typer
import uvicorn

from recomengine.cli.flags import DataDir, console, run, settings_of_running, settings_with
from recomengine.demo.prepare import prepare_demo
from recomengine.infra.metric_files import VARIABLE, fresh_directory
from recomengine.jobs.worker import run_once, run_worker
from recomengine.settings import SettingsError
from recomengine.supervisor import run_up
from recomengine.web.protocol import BoundedHttp

START_S = 120
"""uvicorn ends one of several API processes that does not answer it for this long; its 5 s are less than a start on a
busy machine.
"""

Host = Annotated[str | None, typer.Option(help="Address to listen on [HOST, 127.0.0.1].", show_default=False)]
Port = Annotated[int | None, typer.Option(help="Port to listen on [PORT, 5008].", show_default=False, min=1, max=65535)]
Processes = Annotated[int, typer.Option(help="API processes.", min=1, max=64)]

app = typer.Typer()


@app.command()
def up(host: Host = None, port: Port = None, data_dir: DataDir = None, processes: Processes = 1) -> None:
    """Run everything: private servers where no URL is set, migrations, API and worker."""
    settings = settings_with(host=host, port=port, data_dir=data_dir)
    asyncio.run(run_up(settings, typer.echo, processes=processes))


@app.command()
def demo(host: Host = None, port: Port = None, data_dir: DataDir = None, processes: Processes = 1) -> None:
    """`up` with a sample shop, its shoppers' traffic, and a small storefront."""
    settings = settings_with(host=host, port=port, data_dir=data_dir)
    asyncio.run(
        run_up(settings, typer.echo, processes=processes, demo=True, prepare=partial(prepare_demo, say=console.print))
    )


@app.command()
def serve(
    host: Host = None, port: Port = None, processes: Processes = 1,
    demo: Annotated[bool, typer.Option(hidden=True)] = False,
    fd: Annotated[int | None, typer.Option(hidden=True,
        help="An inherited listening socket, in place of host and port.")] = None,
) -> None:  # fmt: skip
    """Run the API alone, against DATABASE_URL and REDIS_URL."""
    settings = settings_with(host=host, port=port)
    settings.require_secrets()
    settings.require_servers()
    settings.require_proxies()
    os.environ |= {"HOST": settings.host, "PORT": str(settings.port)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
    module = "recomengine.demo.app" if demo else "recomengine.app"
    server: dict[str, Any] = {
        "app": f"{module}:create_app_from_environment",
        "factory": True, "host": settings.host, "port": settings.port, "loop": "uvloop", "http": BoundedHttp,
        "lifespan": "on", "access_log": False, "log_config": None, "server_header": False,
        "timeout_graceful_shutdown": 6, "timeout_keep_alive": 75, "timeout_worker_healthcheck": START_S,
        "backlog": 2048, "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": settings.trusted_proxies or None,
    }  # fmt: skip
    if fd is None and processes > 1:
        with fresh_directory(settings.data_dir) as directory:
            if directory is not None:
                os.environ[VARIABLE] = str(directory)  # the processes count together
            uvicorn.run(**server, workers=processes)
    elif fd is None:
        uvicorn.run(**server)
    else:
        _serve_inherited(fd, uvicorn.Config(**server))


def _serve_inherited(fd: int, config: uvicorn.Config) -> None:
    """Serve on a socket that is closed here as soon as this process stops, so that it holds up no connection."""
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[socket.socket(fileno=fd)])
    if not server.started:
        sys.exit(1)


@app.command()
def worker(
    once: Annotated[
        str | None,
        typer.Option(help="Run the job of this name here and now, and end.", metavar="NAME", show_default=False),
    ] = None,
    tenant: Annotated[UUID | None, typer.Option(help="The tenant of that job.", show_default=False)] = None,
    data_dir: DataDir = None,
) -> None:
    """Run background jobs: model builds, partitions, purges; until it is stopped, or one of them once."""
    if once is None:
        if tenant is not None:
            raise SettingsError("--tenant goes with --once. Name the job.")
        settings = settings_with(data_dir=data_dir)
        settings.require_servers()
        run(run_worker(settings))
    else:
        settings = settings_of_running(data_dir)
        settings.require_servers()
        run(run_once(settings, once, tenant))
