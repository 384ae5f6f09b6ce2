"""What a process and its pool use, put into the metrics every few seconds."""

import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Literal

from recomengine.infra.database import Pool
from recomengine.infra.metrics import (
    PLACE,
    POOL_CONNECTIONS,
    POOL_MOST,
    PROCESS_CPU,
    PROCESS_FILES,
    PROCESS_MEMORY,
    PROCESS_START,
    PROCESSES,
)

EVERY_S = 5.0


def gauges_of(role: Literal["serve", "worker"], pool: Pool) -> Callable[[], Coroutine[Any, Any, None]]:
    """A round of measuring, for `repeat`."""
    counted_s, started = 0.0, time.time()

    async def measure() -> None:
        nonlocal counted_s
        spent_s = time.process_time()
        PROCESS_CPU.labels(role).inc(spent_s - counted_s)
        counted_s = spent_s
        PROCESSES.labels(role).set(1)
        PROCESS_START.labels(role).set(started)
        if sys.platform == "linux":
            PROCESS_MEMORY.labels(role).set(_resident_bytes())
            PROCESS_FILES.labels(role).set(len(os.listdir("/proc/self/fd")))
        idle = pool.get_idle_size()
        POOL_CONNECTIONS.labels(role, "idle").set(idle)
        POOL_CONNECTIONS.labels(role, "used").set(pool.get_size() - idle)
        POOL_MOST.labels(role).set(pool.get_max_size())
        if PLACE is not None:
            PLACE.settle()

    return measure


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
