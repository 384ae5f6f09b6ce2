"""`recomengine jobs`."""

from typing import Annotated
from uuid import UUID

import msgspec
import typer

from recomengine.cli.flags import DataDir, run, settings_of_running, with_pool
from recomengine.jobs.service import queued_jobs, retry_all_dead, retry_dead
from recomengine.settings import SettingsError

app = typer.Typer(help="Background jobs: what waits, what is dead.", no_args_is_help=True)


@app.command(name="list")
def list_jobs(
    dead: Annotated[bool, typer.Option("--dead", help="Only those that failed at every attempt.")] = False,
    tenant: Annotated[UUID | None, typer.Option(help="Only those of this tenant.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one job a line.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show what is in the queue, of all tenants: dead jobs first, then the newest first."""
    settings = settings_of_running(data_dir)
    jobs = run(with_pool(settings, lambda pool: queued_jobs(pool, dead_only=dead, tenant_id=tenant, limit=limit)))
    for job in jobs:
        if as_json:
            typer.echo(msgspec.json.encode(job._asdict()).decode())
        else:
            state = f"{job.status:8s} {job.id:8d} {job.name:16s} {job.tenant_id or '-'!s:36s}"
            state += f" queued {job.queued_at:%Y-%m-%d %H:%M:%S}"
            typer.echo(f"{state}  {job.attempts} failed tries  {' '.join(job.error.split())[:200]}".rstrip())
    if not jobs and not as_json:
        typer.echo("none")


@app.command(name="retry")
def retry_jobs(
    ids: Annotated[list[int] | None, typer.Argument(help="Numbers of dead jobs.", show_default=False)] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All that are dead.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Queue dead jobs anew, with all their attempts."""
    if bool(ids) == everyone:
        raise SettingsError(
            "Name the dead jobs by number, or all of them with --all. `recomengine jobs list --dead` shows them."
        )
    settings = settings_of_running(data_dir)
    again = run(with_pool(settings, lambda pool: retry_all_dead(pool) if everyone else retry_dead(pool, ids or [])))
    typer.echo(f"queued again: {', '.join(map(str, again)) or 'none'}")
    if missing := [number for number in ids or [] if number not in again]:
        raise SettingsError(
            f"Not dead: {', '.join(map(str, missing))}. `recomengine jobs list --dead` shows those that are."
        )
