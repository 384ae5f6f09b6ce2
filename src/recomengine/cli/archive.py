"""`recomengine archive`."""

from datetime import datetime
from typing import Annotated

import typer

from recomengine.archive.service import archive_due, list_months, restore_month
from recomengine.cli.flags import DataDir, run, settings_of_running

app = typer.Typer(help="Months of events past their time: written away, listed, brought back.", no_args_is_help=True)


@app.command(name="run")
def archive_run(data_dir: DataDir = None) -> None:
    """Archive the months of events that are past their time now; the worker does it once a day."""
    for month in run(archive_due(settings_of_running(data_dir))):
        typer.echo(f"{month.month}  {month.events} events, {month.bytes} bytes")


@app.command(name="list")
def archive_list(data_dir: DataDir = None) -> None:
    """Show what is in the archive."""
    for month, until in run(list_months(settings_of_running(data_dir))):
        back = f", back in the database until {until:%Y-%m-%d}" if until else ""
        typer.echo(
            f"{month.month}  {month.events} events, {month.bytes} bytes, archived {month.archived_at[:10]}{back}"
        )


@app.command(name="restore")
def archive_restore(
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="The month, as 2026-01.")],
    data_dir: DataDir = None,
) -> None:
    """Bring a month back into the database, without erased shoppers; after 30 days it is archived again."""
    archived, until = run(restore_month(settings_of_running(data_dir), month.date()))
    typer.echo(f"{archived.month} is in the database" + (f" until {until:%Y-%m-%d}" if until else ""))
