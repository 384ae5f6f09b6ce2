"""Signals that tests wait for in place of a time."""

import asyncio

from recomengine.infra.bus import Bus


def told(bus: Bus, kind: str) -> asyncio.Event:
    """Set when the next message of `kind` has reached all who had subscribed before."""
    heard = asyncio.Event()
    bus.subscribe(kind, lambda *_: heard.set())
    return heard
