"""Runs a coroutine function again and again until cancelled; a failing round is logged and counted, never the end."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from recomengine.infra.logs import said
from recomengine.infra.metrics import BACKGROUND_FAILURES

log = structlog.get_logger()


async def repeat(name: str, round_: Callable[[], Awaitable[object]], *, every_s: float) -> None:
    """Call `round_` every `every_s` seconds, counted from one end to the next start."""
    while True:
        try:
            await round_()
        except Exception as error:  # noqa: BLE001 - the loop outlives any fault of a round
            BACKGROUND_FAILURES.labels(name).inc()
            log.warning("background round failed", task=name, error=said(error))
        await asyncio.sleep(every_s)
