"""What `recomengine demo` does between the migrations and the first request: the sample shop, its traffic, its model.

Done once a data dir. The tenant and its keys are kept in the data dir, so a restart prints the same ones.
"""

import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from recomengine.auth.actor import Member
from recomengine.auth.idempotency import Repeatable
from recomengine.auth.service import admin_of_email, make_admin
from recomengine.catalog.checking import check_item
from recomengine.catalog.schemas import ItemIn
from recomengine.catalog.service import write_items
from recomengine.demo.catalog import demo_products
from recomengine.demo.placements import PLACEMENTS
from recomengine.demo.simulation import regulars, simulate
from recomengine.events.importing import import_lines
from recomengine.events.writer import EventWriter
from recomengine.infra.bus import Bus
from recomengine.infra.data_dir import write_private
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.redis import RedisClient
from recomengine.models.event_log import EventLogs
from recomengine.models.service import refresh
from recomengine.models.store import ModelStore
from recomengine.settings import Settings, SettingsError
from recomengine.shop import Role, TenantConfig
from recomengine.tenants.service import configure, create_tenant
from recomengine.web.origins import as_browsers_send
from recomengine.widgets import service as widgets

DEMO_FILE = "demo.json"
SLICE = 2000
LOCAL = "127.0.0.1"
"""From where the shop is set up, for its audit log."""

_encode = msgspec.json.Encoder().encode


async def prepare_demo(settings: Settings, say: Callable[[str], None]) -> str:
    """Load the sample shop unless this data dir has it, and say so; what to tell the user once the system answers."""
    path = settings.data_dir / DEMO_FILE
    if not path.exists():
        await _load(settings, path, say)
    made = json.loads(path.read_text(encoding="utf-8"))
    pool = await open_pool(settings.database_url, min_size=1, max_size=1)
    try:
        await configure(pool, UUID(made["tenantId"]), TenantConfig(allowed_origins=storefront_origins(settings)))
    finally:
        await pool.close()
    return _greeting(settings, made)


def storefront_origins(settings: Settings) -> tuple[str, ...]:
    """What browsers call the place of the storefront: as it is printed, or by either name of this machine. It may be
    another at each start.
    """
    local = (f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost"))
    try:
        return tuple(dict.fromkeys(as_browsers_send(url) for url in (settings.base_url, *local)))
    except ValueError as error:
        raise SettingsError(f"PUBLIC_URL is no address of this system: {error}. Set it to https://HOST.") from error


async def _load(settings: Settings, path: Path, say: Callable[[str], None]) -> None:
    started = time.perf_counter()
    say("loading the sample shop …")
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, statement_timeout_ms=600_000)
        stack.push_async_callback(pool.close)
        redis = RedisClient(settings.redis_url)
        stack.push_async_callback(redis.close)
        bus = Bus(settings.redis_url, redis)
        email, password = await _make_admin(pool)
        admin = await admin_of_email(pool, email)
        tenant = await create_tenant(pool, settings.api_key_hmac_secret, "Sample shop", TenantConfig(), admin.id)
        owner = Member(admin, LOCAL, None, tenant.tenant_id, Role.OWNER)
        for widget in PLACEMENTS:
            await widgets.create(pool, redis, bus, owner, widget, Repeatable(None, b""))
        products = demo_products()
        items = [check_item(msgspec.convert(product, ItemIn, strict=False)) for product in products]
        await write_items(pool, bus, tenant.tenant_id, items)
        writer = EventWriter(pool, redis)
        stack.push_async_callback(writer.close)
        done = await import_lines(writer, tenant.tenant_id, TenantConfig(), _lines(products))
        if done.rejected:
            raise SettingsError(f"The sample shop's events were refused: {done.errors[:3]}.")
        store, logs = (
            ModelStore(settings.model_store_url, settings.data_dir / "models-cache"),
            EventLogs(settings.data_dir / "event-logs"),
        )
        await refresh(pool, store, logs, bus, tenant.tenant_id)
    keys: dict[str, str] = msgspec.to_builtins(tenant.keys)
    write_private(
        path,
        {"tenantId": str(tenant.tenant_id), **keys, "user": regulars()[0][0], "email": email, "password": password},
    )
    say(f"{len(products)} products, {done.accepted} events, model built in {time.perf_counter() - started:.1f} s")


async def _make_admin(pool: Pool) -> tuple[str, str]:
    """The address and the password of an account for the sample shop; a database may hold sample shops of several data
    dirs.
    """
    password = secrets.token_urlsafe(12)
    for email in ("demo@example.com", f"demo-{secrets.token_hex(4)}@example.com"):
        if await make_admin(pool, email, password, "Demo"):
            return email, password
    raise SettingsError("No account could be made for the sample shop. Try again.")


async def _lines(products: list[dict[str, Any]]) -> AsyncIterator[list[tuple[int, bytes]]]:
    """The simulated traffic as batches of numbered NDJSON lines."""
    events = enumerate(simulate(products, end_ms=int(time.time() * 1000) - 60_000), 1)
    while batch := list(islice(events, SLICE)):
        yield [(number, _encode(event)) for number, event in batch]


def _admin_lines(api: str, made: dict[str, str]) -> tuple[str, str]:
    body = json.dumps({"email": made["email"], "password": made["password"]})
    return (
        f"  admin             {made['email']}, password {made['password']}\n",
        f"curl '{api}/auth/login' -H 'Content-Type: application/json' -d '{body}'\n",
    )


def _greeting(settings: Settings, made: dict[str, str]) -> str:
    api, product = f"{settings.base_url}/api/v1", demo_products()[0]["productId"]
    read, write = f"-H 'Authorization: Bearer {made['read']}'", f"-H 'Authorization: Bearer {made['readWrite']}'"
    event = f'{{"eventType":"view","userId":"you","productId":"{product}"}}'
    admin, sign_in = (
        _admin_lines(api, made) if "email" in made else ("", "")
    )  # a data dir of before there were accounts
    return f"""
RecomEngine runs on {settings.base_url}   (Ctrl-C stops it)

  storefront        {settings.base_url}/shop
  tenant            {made["tenantId"]}
  read key          {made["read"]}
  read-write key    {made["readWrite"]}
  publish key       {made["publish"]}
{admin}
Try it:

curl '{api}/recommendations?userId={made["user"]}&limit=4' {read}
curl '{api}/recommendations?userId=you&productId={product}&strategy=frequently_bought_together&limit=4' {read}
curl '{api}/events' {write} -H 'Content-Type: application/json' -d '{event}'
{sign_in}"""
