"""The command line. Each command reads Settings from the environment, flags over them, the data dir's own below them."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import asyncpg
import msgspec
import typer
import uvicorn
import uvloop
from rich.console import Console

from recomengine import doctor as checks
from recomengine.auth.service import admin_id_of
from recomengine.catalog.importing import import_catalog_files
from recomengine.demo.prepare import prepare_demo
from recomengine.events.importing import import_event_files
from recomengine.infra.data_dir import with_data_dir
from recomengine.infra.database import open_pool
from recomengine.infra.embedded import EmbeddedError
from recomengine.infra.logs import configure_logs
from recomengine.infra.migrations import MigrationError, migrate
from recomengine.jobs.refresh import refresh_now
from recomengine.jobs.worker import run_worker
from recomengine.settings import Settings, SettingsError, load_settings
from recomengine.supervisor import run_up
from recomengine.tenants.service import create_tenant, require_tenant
from recomengine.web.caller import TenantConfig
from recomengine.web.problems import Problem
from recomengine.web.protocol import BoundedHttp

app = typer.Typer(
    help="RecomEngine: product recommendations for online shops.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
tenant_app = typer.Typer(help="Tenants: the shops that are served.", no_args_is_help=True)
import_app = typer.Typer(help="Load files: CSV or NDJSON, plain, .gz or .zst, - for standard input.", no_args_is_help=True)
app.add_typer(tenant_app, name="tenant")
app.add_typer(import_app, name="import")
console = Console(stderr=True)

Host = Annotated[str | None, typer.Option(help="Address to listen on [HOST, 127.0.0.1].", show_default=False)]
Port = Annotated[int | None, typer.Option(help="Port to listen on [PORT, 5008].", show_default=False, min=1, max=65535)]
DataDir = Annotated[Path | None, typer.Option(help="Where secrets, servers and models are kept [DATA_DIR, ./data].", show_default=False)]
Processes = Annotated[int, typer.Option(help="API processes.", min=1, max=64)]
TenantId = Annotated[UUID, typer.Option("--tenant", help="The tenant's id.", show_default=False)]


@app.command()
def up(host: Host = None, port: Port = None, data_dir: DataDir = None, processes: Processes = 1) -> None:
    """Run everything: private servers where no URL is set, migrations, API and worker."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    asyncio.run(run_up(settings, processes=processes))


@app.command()
def demo(host: Host = None, port: Port = None, data_dir: DataDir = None, processes: Processes = 1) -> None:
    """`up` with a sample shop, its shoppers' traffic, and a small storefront."""
    settings = _settings(host=host, port=port, data_dir=data_dir)
    asyncio.run(run_up(settings, processes=processes, demo=True, prepare=prepare_demo))


@app.command()
def serve(
    host: Host = None, port: Port = None, processes: Processes = 1,
    demo: Annotated[bool, typer.Option(hidden=True)] = False,
    fd: Annotated[int | None, typer.Option(hidden=True, help="An inherited listening socket, in place of host and port.")] = None,
) -> None:  # fmt: skip
    """Run the API alone, against DATABASE_URL and REDIS_URL."""
    settings = _settings(host=host, port=port)
    settings.require_secrets()
    settings.require_servers()
    settings.require_proxies()
    os.environ |= {"HOST": settings.host, "PORT": str(settings.port)}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again once it has stopped
    server: dict[str, Any] = {
        "app": "recomengine.demo.app:create_app_from_environment" if demo else "recomengine.app:create_app_from_environment",
        "factory": True, "host": settings.host, "port": settings.port, "loop": "uvloop", "http": BoundedHttp, "lifespan": "on",
        "access_log": False, "log_config": None, "server_header": False, "timeout_graceful_shutdown": 6, "timeout_keep_alive": 75,
        "backlog": 2048, "proxy_headers": bool(settings.trusted_proxies), "forwarded_allow_ips": settings.trusted_proxies or None,
    }  # fmt: skip
    if fd is None:
        uvicorn.run(**server, workers=processes if processes > 1 else None)
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
def worker() -> None:
    """Run background jobs: model builds, partitions."""
    settings = _settings()
    settings.require_servers()
    _run(run_worker(settings))


@app.command(name="migrate")
def migrate_command(data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date."""
    settings = with_data_dir(_settings(data_dir=data_dir))
    if not settings.database_url:
        settings.require_servers()
    applied = _run(migrate(settings.database_url))
    typer.echo(f"applied {', '.join(applied)}" if applied else "nothing to apply")


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check what a running system needs, and say what to do about what is amiss."""
    settings = with_data_dir(_settings(data_dir=data_dir))
    results = _run(checks.examine(settings))
    for check in results:
        typer.echo(f"{typer.style('ok ', fg='green') if check.ok else typer.style('bad', fg='red')}  {check.name}: {check.detail}")
    raise typer.Exit(0 if all(check.ok for check in results) else 1)


@tenant_app.command()
def create(
    name: str,
    origin: Annotated[list[str] | None, typer.Option(help="Allowed browser origin; repeatable.")] = None,
    reads_per_minute: Annotated[int, typer.Option(min=0, help="Per key; 0: no limit.")] = 1000,
    writes_per_minute: Annotated[int, typer.Option(min=0, help="Per key; 0: no limit.")] = 500,
    owner: Annotated[str | None, typer.Option(help="Address of the account whose shop it is.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a tenant with a read, a read-write and a publish key; they are shown once."""
    settings = _running(data_dir)
    settings.require_secrets("API_KEY_HMAC_SECRET")
    config = {"allowedOrigins": origin or [], "rateLimits": {"readPerMinute": reads_per_minute, "writePerMinute": writes_per_minute}}
    try:
        checked = msgspec.convert(config, TenantConfig)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{error}. Correct the flags.") from error

    async def make() -> Any:
        pool = await open_pool(settings.database_url, min_size=1, max_size=1)
        try:
            owner_id = None if owner is None else await admin_id_of(pool, owner)
            return await create_tenant(pool, settings.api_key_hmac_secret, name, checked, owner_id)
        finally:
            await pool.close()

    made = msgspec.to_builtins(_run(make()))
    if as_json:
        typer.echo(json.dumps(made))
    else:
        typer.echo("\n".join([f"tenant     {made['tenantId']}", *(f"{kind:10s} {key}" for kind, key in made["keys"].items())]))


@import_app.command(name="catalog")
def import_catalog(files: list[str], tenant: TenantId, data_dir: DataDir = None) -> None:
    """Load products."""
    settings = _running(data_dir)
    _run(_for_tenant(settings, tenant, lambda _: import_catalog_files(settings, tenant, files, console)))


@import_app.command(name="events")
def import_events(files: list[str], tenant: TenantId, data_dir: DataDir = None) -> None:
    """Load events; loading a file again adds nothing, so an interrupted import is simply run again."""
    settings = _running(data_dir)
    _run(_for_tenant(settings, tenant, lambda config: import_event_files(settings, tenant, config, files, console)))


@app.command()
def refresh(
    tenant: TenantId, wait: Annotated[bool, typer.Option(help="Wait until the new model is published.")] = False, data_dir: DataDir = None
) -> None:
    """Have the worker build and publish the tenant's model now."""
    settings = _running(data_dir)
    _run(_for_tenant(settings, tenant, lambda _: refresh_now(settings, tenant, wait=wait)))


async def _for_tenant(settings: Settings, tenant_id: UUID, work: Callable[[TenantConfig], Coroutine[Any, Any, None]]) -> None:
    """Do `work` unless there is no such tenant."""
    pool = await open_pool(settings.database_url, min_size=1, max_size=1)
    try:
        config = await require_tenant(pool, tenant_id)
    finally:
        await pool.close()
    await work(config)


def _running(data_dir: Path | None) -> Settings:
    """The settings of a system that runs: from the environment, or from the data dir of `up`."""
    settings = with_data_dir(_settings(data_dir=data_dir))
    if not settings.database_url:
        raise SettingsError(f"No server: set DATABASE_URL and REDIS_URL, or start `recomengine up` with the data dir {settings.data_dir}.")
    return settings


def _settings(**flags: Any) -> Settings:
    settings = msgspec.structs.replace(load_settings(), **{name: value for name, value in flags.items() if value is not None})
    configure_logs(settings.log_level, settings.log_format)
    return settings


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def main() -> None:
    """The console script; errors that a user can mend are one line and exit 1."""
    try:
        app()
    except (SettingsError, EmbeddedError, MigrationError, Problem) as error:
        _fail(str(error))
    except asyncpg.UndefinedTableError as error:
        _fail(f"The database lacks a table: {error}. Run `recomengine migrate`.")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        _fail(f"PostgreSQL refuses: {error}. Check DATABASE_URL.")
    except OSError as error:
        if error.filename is not None:
            _fail(f"{error.filename}: {error.strerror}.")
        _fail(f"PostgreSQL or Redis cannot be reached: {error or 'no answer in time'}. Check that they run; `recomengine doctor` says more.")


def _fail(message: str) -> NoReturn:
    typer.echo(f"{typer.style('error:', fg='red')} {' '.join(message.split())}", err=True)
    raise SystemExit(1)
