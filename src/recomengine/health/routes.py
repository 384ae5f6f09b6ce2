"""Liveness, readiness and metrics."""

import asyncio
import hmac
from typing import TYPE_CHECKING, Literal

import asyncpg
import msgspec
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response

from recomengine.health.queries import running_experiments
from recomengine.infra.database import DATABASE_AWAY
from recomengine.infra.disk import full, rooms
from recomengine.infra.metrics import ACTIVE_EXPERIMENTS, JOBS_DEAD, JOBS_WAITING, Asked, exposition
from recomengine.infra.migrations import pending
from recomengine.infra.queue import count_jobs
from recomengine.infra.redis import RedisUnavailable
from recomengine.web.codec import JsonResponse
from recomengine.web.operations import Credential, Operation
from recomengine.web.problems import Unauthorized

if TYPE_CHECKING:
    from recomengine.context import Context

CHECK_TIMEOUT_S = 1.5

_encode = msgspec.json.Encoder().encode


class Health(msgspec.Struct):
    status: Literal["ok"]


_OK = _encode(Health("ok"))


class Checks(msgspec.Struct):
    postgresql: str
    redis: str
    disk: str


class Ready(msgspec.Struct):
    status: Literal["ready", "degraded", "not_ready"]
    checks: Checks


async def health(_request: Request) -> Response:
    return JsonResponse(_OK)


async def ready(request: Request) -> Response:
    context: Context = request.app.state.context
    checks = Checks(await _database_check(context), await _redis_check(context), await _disk_check(context))
    sound = checks.redis == checks.disk == "ok"
    found = Ready("not_ready" if checks.postgresql != "ok" else "ready" if sound else "degraded", checks)
    return Response(_encode(found), 503 if found.status == "not_ready" else 200, media_type="application/json")


async def _database_check(context: "Context") -> str:
    try:
        async with context.pool.acquire(limit_s=CHECK_TIMEOUT_S) as connection:
            missing = await pending(connection)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"unreachable: {type(error).__name__}"
    return f"migrations missing: {', '.join(missing)}" if missing else "ok"


async def _redis_check(context: "Context") -> str:
    try:
        await context.redis.call(("PING",))
    except RedisUnavailable as error:
        return f"unreachable: {error}"
    return "ok"


async def _disk_check(context: "Context") -> str:
    missing = full(await asyncio.to_thread(rooms, context.settings))
    return f"full: {missing}" if missing else "ok"


async def metrics(request: Request) -> Response:
    context: Context = request.app.state.context
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    expected = context.settings.internal_api_key
    if scheme.lower() != "bearer" or not expected or not hmac.compare_digest(token.encode(), expected.encode()):
        raise Unauthorized("Send `Authorization: Bearer INTERNAL_API_KEY`.")
    text = await asyncio.to_thread(exposition, await _asked_for(context))
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def _asked_for(context: "Context") -> list[Asked]:
    """Gauges that the database knows, the same for all processes; without it they are left out, and the others still
    shown.
    """
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            jobs = await count_jobs(context.pool)
            return [
                Asked(*ACTIVE_EXPERIMENTS, {"": await running_experiments(context.pool)}),
                Asked(*JOBS_WAITING, {job.name: job.waiting for job in jobs}, "kind"),
                Asked(*JOBS_DEAD, {job.name: job.dead for job in jobs}, "kind"),
            ]
    except (*DATABASE_AWAY, asyncpg.UndefinedFunctionError):  # or not migrated yet
        return []


routes = [
    Operation("GET", "/health", health, "Ask whether the process lives", {200: Health}),
    Operation("GET", "/ready", ready, "Ask whether it can serve", {200: Ready, 503: Ready}),
    Operation(
        "GET", "/internal/metrics", metrics, "Read the metrics", {200: "text/plain"}, needs=(Credential.INTERNAL,)
    ),
]
