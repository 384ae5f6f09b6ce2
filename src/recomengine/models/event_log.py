"""The events of a tenant's last build, kept on the worker's disk, so that the next build reads only what is new.

Stored events never change, and a product keeps its number. So what a log of all events stored before `through` lacks is
    events stored from `through` on, and events stored before it whose product was made after the log,
and old and new merged are, bit for bit, what reading everything would give. One thing takes stored events away: an
erasure. The log says how many of the tenant's it has followed, and drops the shoppers of later ones; all that it holds
of them is from before, since a build takes its moment between two erasures. Shoppers stand under the ids that their
events came with.

One file a tenant, <tenant>.npz: it is replaced by a rename, and the checksums of the zip tell a damaged one. A log that
cannot be used costs one full read, and what is in the archive only.
"""

import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from recomengine.events.identity import shopper_digest
from recomengine.infra.database import Connection
from recomengine.infra.metrics import EVENT_LOGS_UNUSABLE
from recomengine.models import queries
from recomengine.models.histories import EVENT_TYPES, NO_HISTORIES, Histories, merge, of_users, unpack
from recomengine.models.store import tenants_named

FORMAT = 3
UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
COLUMNS = ("indptr", "items", "kinds", "times_ms", "groups")
"""Of Histories after the users, by the names that they have in the file."""

log = structlog.get_logger()


class EventLog(NamedTuple):
    """histories: all events stored before `through` of products with a number below next_number. digest: of those
    numbers.
    erasures: the number of the newest that is followed."""

    histories: Histories
    through: datetime
    next_number: int
    digest: str
    erasures: int


class LogUnusable(Exception):
    """reason: a word for the metric."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class EventLogs:
    """Blocking: call it from a thread. One build of a tenant at a time reads and writes its log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, tenant_id: UUID) -> EventLog:
        """Raises LogUnusable."""
        path = self._path(tenant_id)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return _from_arrays(arrays)
        except FileNotFoundError:
            raise LogUnusable("missing", f"There is no {path}.") from None
        except UNREADABLE as error:
            raise LogUnusable("damaged", f"{path} cannot be read: {error}.") from error

    def write(self, tenant_id: UUID, kept: EventLog) -> None:
        """Whole or not at all. That it cannot be written is no reason not to build."""
        path = self._path(tenant_id)
        new = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                np.savez(file, allow_pickle=False, **_to_arrays(kept))
            new.replace(path)
        except OSError as error:
            new.unlink(missing_ok=True)
            EVENT_LOGS_UNUSABLE.labels("not_written").inc()
            log.warning("event log not written", tenant=str(tenant_id), error=str(error))

    def followed(self, tenant_id: UUID) -> int:
        """The number of the newest erasure that the log has followed; -1 where the log cannot be used. Reads nothing
        else of it.
        """
        try:
            with self._path(tenant_id).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return int(json.loads(arrays["manifest"].tobytes())["erasures"])
        except UNREADABLE:
            return -1

    def kept(self) -> list[UUID]:
        """The tenants who have a log on this machine."""
        return tenants_named(self._folder, ".npz")

    def remove(self, tenant_id: UUID) -> None:
        self._path(tenant_id).unlink(missing_ok=True)

    def _path(self, tenant_id: UUID) -> Path:
        return self._folder / f"{tenant_id}.npz"


class Unread(NamedTuple):
    """kept: the log so far, None when there is none to go on from; rows: of each query for what it lacks; erased:
    digests of shoppers who were erased since, up to the erasure of this number."""

    tenant_id: UUID
    kept: EventLog | None
    rows: list[list[Any]]
    through: datetime
    next_number: int
    digest: str
    erased: frozenset[bytes]
    erasures: int


async def read_new(
    connection: Connection, tenant_id: UUID, kept: EventLog | None, through: datetime, next_number: int
) -> Unread:
    """What `kept` lacks of all events stored before `through`. The transaction must be a snapshot taken after
    `through`.
    """
    digest = await queries.digest_of_numbers(connection, tenant_id, next_number)
    erasures = await queries.newest_erasure(connection, tenant_id)
    if kept is not None and (
        kept.erasures > erasures or not await _is_of_this_catalog(connection, tenant_id, kept, through)
    ):
        report_unusable(
            tenant_id, LogUnusable("other_catalog", "The database is not the one of the log, or was restored since.")
        )
        kept = None
    since = queries.SINCE_EVER if kept is None else kept.through
    rows = [await queries.load_histories(connection, tenant_id, since, through, EVENT_TYPES)]
    if kept is not None and (made_since := await queries.product_ids_from(connection, tenant_id, kept.next_number)):
        rows.append(
            await queries.load_histories_of_products(connection, tenant_id, kept.through, EVENT_TYPES, made_since)
        )
    erased = frozenset() if kept is None else await queries.erased_after(connection, tenant_id, kept.erasures)
    return Unread(tenant_id, kept, rows, through, next_number, digest, erased, erasures)


async def _is_of_this_catalog(connection: Connection, tenant_id: UUID, kept: EventLog, through: datetime) -> bool:
    """False where the database was put back to before the log, so that numbers may mean other products."""
    return (
        kept.through <= through
        and await queries.digest_of_numbers(connection, tenant_id, kept.next_number) == kept.digest
    )


def append(unread: Unread) -> EventLog:
    """The log as it is from now on."""
    histories = NO_HISTORIES if unread.kept is None else without(unread.kept.histories, unread.tenant_id, unread.erased)
    while unread.rows:
        histories = merge(
            histories, unpack(unread.rows.pop())
        )  # popped: rows and arrays of the same events are not held at once
    return EventLog(histories, unread.through, unread.next_number, unread.digest, unread.erasures)


def without(histories: Histories, tenant_id: UUID, erased: frozenset[bytes]) -> Histories:
    """All shoppers but those with these digests."""
    if not erased:
        return histories
    return of_users(
        histories, np.array([shopper_digest(tenant_id.bytes, user) not in erased for user in histories.users], bool)
    )


def report_unusable(tenant_id: UUID, error: LogUnusable) -> None:
    EVENT_LOGS_UNUSABLE.labels(error.reason).inc()
    log.info("all events are read anew", tenant=str(tenant_id), reason=error.reason, error=str(error))


def _to_arrays(kept: EventLog) -> dict[str, NDArray[Any]]:
    histories = kept.histories
    manifest = {
        "format": FORMAT, "through": kept.through.isoformat(), "nextNumber": kept.next_number, "digest": kept.digest,
        "erasures": kept.erasures,
    }  # fmt: skip
    texts = {"manifest": json.dumps(manifest), "users": "".join([f"{user}\0" for user in histories.users])}
    packed: dict[str, NDArray[Any]] = {name: np.frombuffer(text.encode(), np.uint8) for name, text in texts.items()}
    return packed | dict(zip(COLUMNS, histories[1:], strict=True))


def _from_arrays(arrays: Any) -> EventLog:
    manifest = json.loads(arrays["manifest"].tobytes())
    if manifest["format"] != FORMAT:
        raise LogUnusable("format", f"The log has format {manifest['format']}, expected {FORMAT}.")
    users = arrays["users"].tobytes().decode().split("\0")[:-1]
    histories = Histories(users, *(arrays[name] for name in COLUMNS))
    return EventLog(
        histories,
        datetime.fromisoformat(manifest["through"]),
        manifest["nextNumber"],
        manifest["digest"],
        manifest["erasures"],
    )
