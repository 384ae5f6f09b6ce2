"""`recomengine import`, which loads files, and `refresh`, which has a model built of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import typer

from recomengine.catalog.importing import import_items
from recomengine.cli.files import Progress, read_batches
from recomengine.cli.flags import DataDir, console, run, settings_of_running, with_pool
from recomengine.cli.rows import row_to_event, row_to_item
from recomengine.events.importing import MAX_UNDER_WAY, import_lines
from recomengine.events.writer import EventWriter
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.redis import RedisClient
from recomengine.models import service
from recomengine.settings import Settings, SettingsError
from recomengine.tenants.service import require_tenant
from recomengine.web.ndjson import LineError

SHOWN_ERRORS = 20
POLL_S = 0.2
PATIENCE_S = 1800

TenantId = Annotated[UUID, typer.Option("--tenant", help="The tenant's id.", show_default=False)]

app = typer.Typer()
import_app = typer.Typer(
    help="Load files: CSV or NDJSON, plain, .gz or .zst, - for standard input.", no_args_is_help=True
)


@import_app.command(name="catalog")
def import_catalog(files: list[str], tenant: TenantId, data_dir: DataDir = None) -> None:
    """Load products."""
    run(_import_catalog(settings_of_running(data_dir), tenant, files))


@import_app.command(name="events")
def import_events(files: list[str], tenant: TenantId, data_dir: DataDir = None) -> None:
    """Load events; loading a file again adds nothing, so an interrupted import is simply run again."""
    run(_import_events(settings_of_running(data_dir), tenant, files))


@app.command()
def refresh(
    tenant: TenantId,
    wait: Annotated[bool, typer.Option(help="Wait until the new model is published.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Have the worker build and publish the tenant's model now."""
    run(with_pool(settings_of_running(data_dir), lambda pool: refresh_now(pool, tenant, wait=wait)))


async def _import_catalog(settings: Settings, tenant_id: UUID, files: Sequence[str]) -> None:
    async with _connected(settings, 2) as (pool, redis):
        await require_tenant(pool, tenant_id)
        started = time.perf_counter()
        with Progress(console, files) as progress:
            done = await import_items(
                pool, Bus(settings.redis_url, redis), tenant_id, read_batches(files, row_to_item, progress)
            )
    products = done.created + done.changed + done.unchanged
    _report(
        done.errors + done.notes,
        f"{products} products: {done.created} created, {done.changed} changed, {done.unchanged} unchanged; "
        f"{done.repeated} lines repeated, {done.rejected} rejected",
        products + done.repeated + done.rejected,
        started,
    )
    if done.rejected and not products:
        raise SettingsError("No product was stored: every line was rejected. Correct the file and import it again.")


async def _import_events(settings: Settings, tenant_id: UUID, files: Sequence[str]) -> None:
    async with _connected(settings, MAX_UNDER_WAY + 1) as (pool, redis):
        config = await require_tenant(pool, tenant_id)
        started = time.perf_counter()
        writer = EventWriter(pool, redis)
        try:
            with Progress(console, files) as progress:
                done = await import_lines(writer, tenant_id, config, read_batches(files, row_to_event, progress))
        finally:
            await writer.close()
    total = done.accepted + done.duplicates + done.rejected
    _report(
        done.errors,
        f"{done.accepted} events stored, {done.duplicates} were there, {done.rejected} rejected",
        total,
        started,
    )
    for note in (done.notes or [])[:SHOWN_ERRORS]:
        console.print(f"line {note.line}: {note.message}", highlight=False, markup=False, soft_wrap=True)
    if done.differing or done.trimmed:
        said = f"{done.differing or 0} lines were there with other content, {done.trimmed or 0} had blanks around ids"
        console.print(said, highlight=False, soft_wrap=True)
    if total and done.rejected == total:
        raise SettingsError("No event was stored: every line was rejected. Correct the file and import it again.")


@asynccontextmanager
async def _connected(settings: Settings, connections: int) -> AsyncIterator[tuple[Pool, RedisClient]]:
    pool = await open_pool(settings.database_url, min_size=1, max_size=connections)
    redis = RedisClient(settings.redis_url)
    try:
        yield pool, redis
    finally:
        await redis.close()
        await pool.close()


def _report(errors: Sequence[LineError], outcome: str, lines: int, started: float) -> None:
    seconds = time.perf_counter() - started
    for error in errors[:SHOWN_ERRORS]:
        console.print(f"line {error.line}: {error.message}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"{outcome}, in {seconds:.1f} s ({lines / seconds:,.0f}/s)", highlight=False, soft_wrap=True)


async def refresh_now(pool: Pool, tenant_id: UUID, *, wait: bool) -> None:
    """Queue a build, and on request wait for it."""
    await require_tenant(pool, tenant_id)
    before = await service.newest_build(pool, tenant_id)
    await service.request_refresh(pool, tenant_id)
    if not wait:
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            model = await _next_model(pool, tenant_id, None if before is None else before["version"])
    except TimeoutError:
        raise SettingsError(f"No model after {PATIENCE_S} s. Check that a worker runs.") from None
    typer.echo(
        f"model {model['version']}: {model['events']} events, {model['users']} users, {model['items']} items, "
        f"{model['buildSeconds']} s"
    )


async def _next_model(pool: Pool, tenant_id: UUID, before: str | None) -> dict[str, Any]:
    """The model of the first build after `before` that is over; raises SettingsError when it failed."""
    while True:
        newest = await service.newest_build(pool, tenant_id)
        if newest is not None and newest["version"] != before and newest["status"] == "failed":
            raise SettingsError(f"The build failed: {newest['error']}.")
        if newest is not None and newest["version"] != before and newest["status"] == "ready":
            return await service.status(pool, tenant_id)
        await asyncio.sleep(POLL_S)
