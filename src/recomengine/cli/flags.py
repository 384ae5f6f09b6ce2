"""What commands share: their flags, the settings made of flags and environment, and the loop, pool and console that
they work with.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer
import uvloop
from rich.console import Console

from recomengine.infra.data_dir import with_data_dir
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.logs import configure_logs
from recomengine.settings import Settings, SettingsError, load_settings

DataDir = Annotated[
    Path | None, typer.Option(help="Where secrets, servers and models are kept [DATA_DIR, ./data].", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
T = TypeVar("T")

console = Console(stderr=True)


def settings_with(**flags: Any) -> Settings:
    """The settings of the environment, and over them the flags that were given."""
    settings = msgspec.structs.replace(
        load_settings(), **{name: value for name, value in flags.items() if value is not None}
    )
    configure_logs(settings.log_level, settings.log_format)
    return settings


def settings_of_running(data_dir: Path | None) -> Settings:
    """The settings of a system that runs: from the environment, or from the data dir of `up`."""
    settings = with_data_dir(settings_with(data_dir=data_dir))
    if not settings.database_url:
        raise SettingsError(
            f"No server: set DATABASE_URL and REDIS_URL, or start `recomengine up` with the data dir "
            f"{settings.data_dir}."
        )
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def with_pool(settings: Settings, work: Callable[[Pool], Coroutine[Any, Any, T]]) -> T:
    pool = await open_pool(settings.database_url, min_size=1, max_size=1)
    try:
        return await work(pool)
    finally:
        await pool.close()
