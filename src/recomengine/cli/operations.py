"""`migrate`, `doctor`, `backup`, `restore`, and `openapi`."""

import json
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from recomengine.app import all_routes
from recomengine.backup import service
from recomengine.cli.flags import AsJson, DataDir, console, run, settings_of_running, settings_with
from recomengine.cli.integration import examined
from recomengine.doctor import examine
from recomengine.infra import migrations
from recomengine.infra.data_dir import with_data_dir
from recomengine.web.openapi import document

app = typer.Typer()


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database's schema up to date."""
    settings = with_data_dir(settings_with(data_dir=data_dir))
    if not settings.database_url:
        settings.require_servers()
    applied = run(migrations.migrate(settings.database_url))
    typer.echo(f"applied {', '.join(applied)}" if applied else "nothing to apply")


@app.command()
def doctor(
    tenant: Annotated[
        UUID | None, typer.Option(help="Check this tenant's integration instead.", show_default=False)
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=30, help="How far back, with --tenant.")] = 7,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Check what a running system needs, or with --tenant what a shop sends; say what to do about what is amiss; exit 1
    if anything is.
    """
    if tenant is not None:
        raise typer.Exit(examined(settings_of_running(data_dir), tenant, days, as_json=as_json))
    results = run(examine(with_data_dir(settings_with(data_dir=data_dir))))
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
    manifest = run(service.back_up(settings_of_running(data_dir), directory, _say))
    rows = sum(table.rows for table in manifest.tables)
    typer.echo(f"{directory}: {rows:,} rows of {len(manifest.tables)} tables, as of {manifest.taken_at:%F %T} UTC")


@app.command()
def restore(directory: Path, data_dir: DataDir = None) -> None:
    """Load a backup into an empty database, and verify it."""
    done = run(service.restore(settings_of_running(data_dir), directory, _say))
    typer.echo(
        f"restored {done.rows:,} rows of {done.tables} tables, verified; {done.models_missing} models are to be built "
        f"again"
    )


@app.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    typer.echo(msgspec.json.format(msgspec.json.encode(document(all_routes())), indent=2))


def _say(line: str) -> None:
    console.print(line, style="dim", highlight=False)
