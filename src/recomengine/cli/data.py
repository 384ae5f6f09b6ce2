"""`recomengine import`, which loads files, and `refresh`, which has a model built of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import typer

from recomengine.catalog.checking import read_item
from recomengine.catalog.files import ITEMS
from recomengine.catalog.importing import Replace, import_items, rehearse_replacing
from recomengine.cli.files import Joined, Progress, streams_of
from recomengine.cli.flags import DataDir, console, run, settings_of_running, with_pool
from recomengine.cli.outcome import Outcome, Phrase, Taken, checked_only, events, products
from recomengine.events.files import EVENTS
from recomengine.events.importing import MAX_UNDER_WAY, import_lines
from recomengine.events.preparing import Source, prepare
from recomengine.events.writer import EventWriter
from recomengine.files.checking import checked
from recomengine.files.plan import Kind, Options
from recomengine.files.query import mapping_of
from recomengine.files.stream import Stream
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.redis import RedisClient
from recomengine.models import service
from recomengine.settings import Settings, SettingsError
from recomengine.tenants.service import require_tenant
from recomengine.web.ndjson import Lines
from recomengine.web.problems import Problem

POLL_S = 0.2
PATIENCE_S = 1800

TenantId = Annotated[UUID, typer.Option("--tenant", help="The tenant's id.", show_default=False)]
FormatName = Annotated[str, typer.Option("--format", help="Whose format it is; found from the header.")]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FROM=TO", help="A column's name and the field that it is.", show_default=False),
]
Separator = Annotated[
    str | None, typer.Option(help="Between cells: a character, or tab; found from the header.", show_default=False)
]
Encoding = Annotated[
    str | None, typer.Option(help="Such as utf-8, windows-1252; found from the bytes.", show_default=False)
]
CategorySeparator = Annotated[
    str | None, typer.Option(help="Between the parts of a category's path: > or / or |.", show_default=False)
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and check everything, and store nothing.")]
Replacing = Annotated[
    bool, typer.Option("--replace", help="The files are the whole catalog: what they lack becomes unavailable.")
]
Force = Annotated[bool, typer.Option("--force", help="With --replace: even if that is more than a third of it.")]
Take = Callable[[AsyncIterator[Lines], frozenset[str] | None], Awaitable[Taken]]
ITEM_COUNTS = ("created", "changed", "unchanged", "repeated", "rejected", "removed")
EVENT_COUNTS = ("accepted", "duplicates", "rejected", "differing", "trimmed")

app = typer.Typer()
import_app = typer.Typer(
    help="Load files: CSV, TSV, NDJSON, JSON or XML, plain, .gz or .zst, - for standard input.", no_args_is_help=True
)


@import_app.command(name="catalog")
def import_catalog(
    files: list[str], tenant: TenantId, format_name: FormatName = "auto", mapped: Map = None,
    separator: Separator = None, encoding: Encoding = None, category_separator: CategorySeparator = None,
    replace: Replacing = False, force: Force = False, dry_run: DryRun = False, data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Load products."""
    options = Options(
        format=format_name, map=mapping_of(mapped or ()), separator=separator, encoding=encoding,
        category_separator=category_separator,
    )  # fmt: skip
    if force and not replace:
        raise SettingsError("--force goes with --replace alone. Add it, or leave --force out.")
    mode: Replace = "no" if not replace else "force" if force else "yes"
    run(_import_catalog(settings_of_running(data_dir), tenant, files, options, mode, dry_run=dry_run))


@import_app.command(name="events")
def import_events(
    files: list[str], tenant: TenantId, format_name: FormatName = "auto", mapped: Map = None,
    separator: Separator = None, encoding: Encoding = None, dry_run: DryRun = False, data_dir: DataDir = None,
) -> None:  # fmt: skip
    """Load events; loading a file again adds nothing, so an interrupted import is simply run again."""
    options = Options(format=format_name, map=mapping_of(mapped or ()), separator=separator, encoding=encoding)
    run(_import_events(settings_of_running(data_dir), tenant, files, options, dry_run=dry_run))


@app.command()
def refresh(
    tenant: TenantId,
    wait: Annotated[bool, typer.Option(help="Wait until the new model is published.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Have the worker build and publish the tenant's model now."""
    run(with_pool(settings_of_running(data_dir), lambda pool: refresh_now(pool, tenant, wait=wait)))


async def _import_catalog(
    settings: Settings, tenant_id: UUID, files: Sequence[str], options: Options, replace: Replace, *, dry_run: bool
) -> None:
    async with _connected(settings, 2) as (pool, redis):
        await require_tenant(pool, tenant_id)
        bus = Bus(settings.redis_url, redis)

        async def store(lines: AsyncIterator[Lines], fields: frozenset[str] | None) -> Taken:
            done = await import_items(pool, bus, tenant_id, lines, fields=fields, replace=replace)
            counts = {name: getattr(done, name) for name in ITEM_COUNTS}
            return Taken(counts, sorted(done.errors + done.notes, key=lambda line: line.line))

        async def rehearse(lines: AsyncIterator[Lines], _fields: frozenset[str] | None) -> Taken:
            good, done = await rehearse_replacing(pool, tenant_id, lines, forced=replace == "force")
            return Taken({"good": good, "rejected": done.rejected, "removed": done.removed}, done.errors)

        phrase = Phrase("products", "attributes", checked_only("products") if dry_run else products)
        outcome = Outcome(console, phrase, files)
        check = _check_by(read_item) if replace == "no" else rehearse
        take = check if dry_run else store
        await _take_all(files, ITEMS, options, take, outcome, together=replace != "no")


async def _import_events(
    settings: Settings, tenant_id: UUID, files: Sequence[str], options: Options, *, dry_run: bool
) -> None:
    async with _connected(settings, MAX_UNDER_WAY + 1) as (pool, redis):
        config = await require_tenant(pool, tenant_id)
        writer = EventWriter(pool, redis)

        async def store(lines: AsyncIterator[Lines], _fields: frozenset[str] | None) -> Taken:
            done = await import_lines(writer, tenant_id, config, lines)
            counts = {name: getattr(done, name) or 0 for name in EVENT_COUNTS}
            return Taken(counts, sorted([*done.errors, *(done.notes or [])], key=lambda line: line.line))

        source = Source(tenant_id, config, int(time.time() * 1000), live=False)
        phrase = Phrase("events", "metadata", checked_only("events") if dry_run else events)
        take = _check_by(partial(prepare, source=source)) if dry_run else store
        try:
            await _take_all(files, EVENTS, options, take, Outcome(console, phrase, files), together=False)
        finally:
            await writer.close()


def _check_by(read: Callable[[bytes], object]) -> Take:
    async def check(lines: AsyncIterator[Lines], _fields: frozenset[str] | None) -> Taken:
        done = await checked(lines, read)
        return Taken({"good": done.good, "rejected": done.rejected}, done.errors)

    return check


async def _take_all(
    files: Sequence[str], kind: Kind, options: Options, take: Take, outcome: Outcome, *, together: bool
) -> None:
    """One file after the other, until one is refused; together: as if they were one."""
    try:
        with Progress(console, files) as progress:
            streams = streams_of(files, kind, options, progress)
            if together:
                joined = Joined(streams, outcome)
                outcome.add("", await take(joined.lines(), await joined.judge()))
            else:
                for file, stream in streams:
                    await _take_one(file, stream, take, outcome)
    finally:
        outcome.say()
    outcome.check()


async def _take_one(file: str, stream: Stream, take: Take, outcome: Outcome) -> None:
    try:
        fields = await stream.judge()
        outcome.add(file, await take(stream.batches(), fields))
    except Problem as problem:
        raise SettingsError(f"{file}: {problem.detail}") from None
    outcome.tell(file, stream.source.report())


@asynccontextmanager
async def _connected(settings: Settings, connections: int) -> AsyncIterator[tuple[Pool, RedisClient]]:
    pool = await open_pool(settings.database_url, min_size=1, max_size=connections)
    redis = RedisClient(settings.redis_url)
    try:
        yield pool, redis
    finally:
        await redis.close()
        await pool.close()


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
