"""The command line. Each command reads Settings from the environment, flags over them, the data dir's own below them."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import typer
import uvicorn
import uvloop
from rich.console import Console

from recomengine.app import all_routes
from recomengine.archive.service import ArchiveDamaged, archive_due, list_months, restore_month
from recomengine.archive.store import MonthMissing
from recomengine.auth.service import admin_id_of
from recomengine.backup import service as backups
from recomengine.backup.archive import BackupError
from recomengine.catalog.importing import import_catalog_files
from recomengine.demo.prepare import prepare_demo
from recomengine.doctor import examine
from recomengine.events.importing import import_event_files
from recomengine.infra.data_dir import with_data_dir
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.embedded import EmbeddedError
from recomengine.infra.logs import configure_logs
from recomengine.infra.metric_files import VARIABLE, fresh_directory
from recomengine.infra.migrations import MigrationError, migrate
from recomengine.jobs.refresh import refresh_now
from recomengine.jobs.service import queued_jobs, retry_all_dead, retry_dead
from recomengine.jobs.worker import run_once, run_worker
from recomengine.settings import Settings, SettingsError, load_settings
from recomengine.supervisor import run_up
from recomengine.tenants.service import create_tenant, require_tenant
from recomengine.web.caller import TenantConfig
from recomengine.web.openapi import document
from recomengine.web.problems import Problem
from recomengine.web.protocol import BoundedHttp

app = typer.Typer(
    help="RecomEngine: product recommendations for online shops.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
tenant_app = typer.Typer(help="Tenants: the shops that are served.", no_args_is_help=True)
archive_app = typer.Typer(help="Months of events past their time: written away, listed, brought back.", no_args_is_help=True)
import_app = typer.Typer(help="Load files: CSV or NDJSON, plain, .gz or .zst, - for standard input.", no_args_is_help=True)
jobs_app = typer.Typer(help="Background jobs: what waits, what is dead.", no_args_is_help=True)
app.add_typer(tenant_app, name="tenant")
app.add_typer(jobs_app, name="jobs")
app.add_typer(import_app, name="import")
app.add_typer(archive_app, name="archive")
console = Console(stderr=True)

START_S = 120
"""uvicorn ends one of several API processes that does not answer it for this long; its 5 s are less than a start on a busy machine."""

Host = Annotated[str | None, typer.Option(help="Address to listen on [HOST, 127.0.0.1].", show_default=False)]
Port = Annotated[int | None, typer.Option(help="Port to listen on [PORT, 5008].", show_default=False, min=1, max=65535)]
DataDir = Annotated[Path | None, typer.Option(help="Where secrets, servers and models are kept [DATA_DIR, ./data].", show_default=False)]
Processes = Annotated[int, typer.Option(help="API processes.", min=1, max=64)]
T = TypeVar("T")
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
        "timeout_worker_healthcheck": START_S,
        "backlog": 2048, "proxy_headers": bool(settings.trusted_proxies), "forwarded_allow_ips": settings.trusted_proxies or None,
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
    once: Annotated[str | None, typer.Option(help="Run the job of this name here and now, and end.", metavar="NAME", show_default=False)] = None,
    tenant: Annotated[UUID | None, typer.Option(help="The tenant of that job.", show_default=False)] = None,
    data_dir: DataDir = None,
) -> None:
    """Run background jobs: model builds, partitions, purges; until it is stopped, or one of them once."""
    if once is None:
        if tenant is not None:
            raise SettingsError("--tenant goes with --once. Name the job.")
        settings = _settings(data_dir=data_dir)
        settings.require_servers()
        _run(run_worker(settings))
    else:
        settings = _running(data_dir)
        settings.require_servers()
        _run(run_once(settings, once, tenant))


@jobs_app.command(name="list")
def list_jobs(
    dead: Annotated[bool, typer.Option("--dead", help="Only those that failed at every attempt.")] = False,
    tenant: Annotated[UUID | None, typer.Option(help="Only those of this tenant.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one job a line.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show what is in the queue, of all tenants: dead jobs first, then the newest first."""
    settings = _running(data_dir)
    jobs = _run(_with_pool(settings, lambda pool: queued_jobs(pool, dead_only=dead, tenant_id=tenant, limit=limit)))
    for job in jobs:
        if as_json:
            typer.echo(msgspec.json.encode(job._asdict()).decode())
        else:
            state = f"{job.status:8s} {job.id:8d} {job.name:16s} {job.tenant_id or '-'!s:36s} queued {job.queued_at:%Y-%m-%d %H:%M:%S}"
            typer.echo(f"{state}  {job.attempts} failed tries  {' '.join(job.error.split())[:200]}".rstrip())
    if not jobs and not as_json:
        typer.echo("none")


@jobs_app.command(name="retry")
def retry_jobs(
    ids: Annotated[list[int] | None, typer.Argument(help="Numbers of dead jobs.", show_default=False)] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All that are dead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Queue dead jobs anew, with all their attempts."""
    if bool(ids) == everyone:
        raise SettingsError("Name the dead jobs by number, or all of them with --all. `recomengine jobs list --dead` shows them.")
    settings = _running(data_dir)
    again = _run(_with_pool(settings, lambda pool: retry_all_dead(pool) if everyone else retry_dead(pool, ids or [])))
    typer.echo(f"queued again: {', '.join(map(str, again)) or 'none'}")
    if missing := [number for number in ids or [] if number not in again]:
        raise SettingsError(f"Not dead: {', '.join(map(str, missing))}. `recomengine jobs list --dead` shows those that are.")


@app.command(name="migrate")
def migrate_command(data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date."""
    settings = with_data_dir(_settings(data_dir=data_dir))
    if not settings.database_url:
        settings.require_servers()
    applied = _run(migrate(settings.database_url))
    typer.echo(f"applied {', '.join(applied)}" if applied else "nothing to apply")


@app.command()
def doctor(data_dir: DataDir = None, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check what a running system needs, and say what to do about what is amiss; exit 1 if anything is."""
    results = _run(examine(with_data_dir(_settings(data_dir=data_dir))))
    healthy = all(check.ok for check in results)
    if as_json:
        typer.echo(json.dumps({"ok": healthy, "checks": [check._asdict() for check in results]}))
    else:
        for check in results:
            mark = typer.style("ok ", fg="green") if check.ok else typer.style("bad", fg="red")
            typer.echo(f"{mark}  {check.name}: {' '.join(filter(None, (check.detail, check.remedy)))}")
    raise typer.Exit(0 if healthy else 1)


@app.command()
def backup(directory: Path, data_dir: DataDir = None) -> None:
    """Write all that is in PostgreSQL into a new directory, as of one moment, while the system runs."""
    manifest = _run(backups.back_up(_running(data_dir), directory, _say))
    rows = sum(table.rows for table in manifest.tables)
    typer.echo(f"{directory}: {rows:,} rows of {len(manifest.tables)} tables, as of {manifest.taken_at:%F %T} UTC")


@app.command()
def restore(directory: Path, data_dir: DataDir = None) -> None:
    """Load a backup into an empty database, and verify it."""
    done = _run(backups.restore(_running(data_dir), directory, _say))
    typer.echo(f"restored {done.rows:,} rows of {done.tables} tables, verified; {done.models_missing} models are to be built again")


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    typer.echo(msgspec.json.format(msgspec.json.encode(document(all_routes())), indent=2))


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


@archive_app.command(name="run")
def archive_run(data_dir: DataDir = None) -> None:
    """Archive the months of events that are past their time now; the worker does it once a day."""
    for month in _run(archive_due(_running(data_dir))):
        typer.echo(f"{month.month}  {month.events} events, {month.bytes} bytes")


@archive_app.command(name="list")
def archive_list(data_dir: DataDir = None) -> None:
    """Show what is in the archive."""
    for month, until in _run(list_months(_running(data_dir))):
        back = f", back in the database until {until:%Y-%m-%d}" if until else ""
        typer.echo(f"{month.month}  {month.events} events, {month.bytes} bytes, archived {month.archived_at[:10]}{back}")


@archive_app.command(name="restore")
def archive_restore(
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="The month, as 2026-01.")], data_dir: DataDir = None
) -> None:
    """Bring a month back into the database, without erased shoppers; after 30 days it is archived again."""
    archived, until = _run(restore_month(_running(data_dir), month.date()))
    typer.echo(f"{archived.month} is in the database" + (f" until {until:%Y-%m-%d}" if until else ""))


def _say(line: str) -> None:
    console.print(line, style="dim", highlight=False)


async def _with_pool(settings: Settings, work: Callable[[Pool], Coroutine[Any, Any, T]]) -> T:
    pool = await open_pool(settings.database_url, min_size=1, max_size=1)
    try:
        return await work(pool)
    finally:
        await pool.close()


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
    except (SettingsError, EmbeddedError, MigrationError, BackupError, MonthMissing, ArchiveDamaged, Problem) as error:
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
