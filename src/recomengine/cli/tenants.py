"""`recomengine tenant`."""

import json
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from recomengine.auth.service import admin_of_email
from recomengine.cli.flags import AsJson, DataDir, run, settings_of_running, with_pool
from recomengine.infra.database import Pool
from recomengine.sdk.snippet import Snippet, snippet
from recomengine.settings import SettingsError
from recomengine.shop import TenantConfig
from recomengine.tenants.schemas import CreatedTenant
from recomengine.tenants.service import create_tenant, require_tenant
from recomengine.widgets.service import styles as widget_styles
from recomengine.wording import fault_of

app = typer.Typer(help="Tenants: the shops that are served.", no_args_is_help=True)


@app.command()
def create(
    name: str,
    origin: Annotated[list[str] | None, typer.Option(help="Allowed browser origin; repeatable.")] = None,
    reads_per_minute: Annotated[int, typer.Option(min=0, help="Per key; 0: no limit.")] = 1000,
    writes_per_minute: Annotated[int, typer.Option(min=0, help="Per key; 0: no limit.")] = 500,
    owner: Annotated[
        str | None, typer.Option(help="Address of the account whose shop it is.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Make a tenant with a read, a read-write and a publish key; they are shown once."""
    settings = settings_of_running(data_dir)
    settings.require_secrets("API_KEY_HMAC_SECRET")
    config = {
        "allowedOrigins": origin or [],
        "rateLimits": {"readPerMinute": reads_per_minute, "writePerMinute": writes_per_minute},
    }
    try:
        checked = msgspec.convert(config, TenantConfig)
    except msgspec.ValidationError as error:
        path, message = fault_of(error, TenantConfig, config)
        raise SettingsError(f"{path.removeprefix('$.')}: {message}. Correct the flags.") from error

    async def make(pool: Pool) -> CreatedTenant:
        owner_id = None if owner is None else (await admin_of_email(pool, owner)).id
        return await create_tenant(pool, settings.api_key_hmac_secret, name, checked, owner_id)

    made = msgspec.to_builtins(run(with_pool(settings, make)))
    if as_json:
        typer.echo(json.dumps(made))
    else:
        typer.echo(
            "\n".join([f"tenant     {made['tenantId']}", *(f"{kind:10s} {key}" for kind, key in made["keys"].items())])
        )


@app.command("snippet")
def show_snippet(
    tenant: Annotated[UUID, typer.Argument(help="The tenant's id.", show_default=False)],
    latest: Annotated[
        bool, typer.Option(help="The tag that follows new versions by itself, and has no integrity.")
    ] = False,
    styles: Annotated[
        bool, typer.Option(help="The CSS that keeps the places of the tenant's widgets until the script is there.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Print the script tag for the shop's pages, with a publish key of its own and the script's integrity."""
    settings = settings_of_running(data_dir)
    settings.require_secrets("API_KEY_HMAC_SECRET")

    async def make(pool: Pool) -> Snippet:
        await require_tenant(pool, tenant)
        return await snippet(pool, settings.api_key_hmac_secret, settings.base_url, tenant)

    async def keep_places(pool: Pool) -> str:
        await require_tenant(pool, tenant)
        return await widget_styles(pool, tenant)

    if styles:
        typer.echo(run(with_pool(settings, keep_places)), nl=False)
        return
    made = run(with_pool(settings, make))
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(made)))
    else:
        typer.echo(made.latest if latest else made.html)
