"""What stops the event loop is seen, and garbage collection is kept from it in processes that serve."""

import asyncio
import subprocess
import sys
import time

from recomengine.infra.metrics import REGISTRY
from recomengine.infra.stalls import STEP_S, measure_stall


def stalled_ms() -> float:
    return REGISTRY.get_sample_value("event_loop_stall_ms_sum") or 0.0


async def test_a_stop_of_the_loop_is_measured() -> None:
    before = stalled_ms()
    measured = asyncio.create_task(measure_stall())
    await asyncio.sleep(0)  # let it begin
    stopped_s = 3 * STEP_S
    end = time.monotonic() + stopped_s
    while time.monotonic() < end:
        pass
    await measured
    assert stalled_ms() - before >= (stopped_s - 2 * STEP_S) * 1000


def run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True)


def test_only_a_process_that_serves_puts_anything_out_of_sight_of_collections() -> None:
    run("""
import gc
from recomengine.infra.stalls import settle
settle()
assert gc.get_freeze_count() == 0
""")


def test_what_a_serving_process_settles_is_out_of_sight_of_collections_and_is_freed_all_the_same() -> None:
    run("""
import gc, weakref
from recomengine.infra.stalls import THRESHOLDS, collect_seldom, settle
class Kept: pass
collect_seldom()
assert gc.get_threshold() == THRESHOLDS
kept = [Kept() for _ in range(1000)]
seen = weakref.ref(kept[0])
settle()
assert not any(each is kept for each in gc.get_objects())
kept.clear()
assert seen() is None
""")
