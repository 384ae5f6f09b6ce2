"""What stops the event loop: garbage collection is kept from it, and all stalls are measured.

A collection looks at every container of the generations that it collects, and holds up every request meanwhile. So what
stays for as long as the process is put out of its sight (`settle`): modules at the start, and catalogs once they are
read. What is left is what requests make, and there is little of that at a time.
"""

import asyncio
import gc

from recomengine.infra.metrics import LOOP_STALL_MS

THRESHOLDS = (10_000, 20, 20)
"""The first in objects, each next one in collections of the one before. 10,000 objects take less than a millisecond."""
STEP_S = 0.05


def collect_seldom() -> None:
    """Called by a process that is about to serve, once its modules are imported."""
    gc.collect()
    gc.set_threshold(*THRESHOLDS)
    gc.freeze()


def settle() -> None:
    """All that a serving process holds now stays: no collection will look at it. Whatever of it is let go of is freed
    all the same, unless it holds itself in a circle.
    """
    if gc.get_freeze_count():
        gc.freeze()


async def measure_stall() -> None:
    """By how much later than it should the loop wakes one who sleeps."""
    loop = asyncio.get_running_loop()
    due = loop.time() + STEP_S
    await asyncio.sleep(STEP_S)
    LOOP_STALL_MS.observe(max(0.0, loop.time() - due) * 1000)
