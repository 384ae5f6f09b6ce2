"""`recomengine worker` with one kind of job, queued at the start, whose thread cannot be stopped."""

import asyncio
import threading

from recomengine.infra.logs import configure_logs
from recomengine.jobs.registry import Job, Run, Tools
from recomengine.jobs.worker import run_worker
from recomengine.settings import load_settings


async def stubborn(_tools: Tools, _run: Run) -> None:
    await asyncio.to_thread(threading.Event().wait)


if __name__ == "__main__":
    configure_logs("info", "json")
    asyncio.run(run_worker(load_settings(), [Job("stubborn", stubborn, at_start=True)]))
