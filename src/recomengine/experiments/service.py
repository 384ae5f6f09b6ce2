"""Experiments: made, changed, run, measured. Each change is written into the audit log, and what runs is announced to
all processes.

A process learns which experiments run together with the key of a request (`api_keys/service.py: KeyCache`), so a
request costs no query.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from recomengine.auth.actor import Member, audit
from recomengine.auth.idempotency import Repeatable, once
from recomengine.experiments import queries
from recomengine.experiments.schemas import (
    Arm,
    Experiment,
    ExperimentIn,
    ExperimentPatch,
    Power,
    PowerQuery,
    Results,
    as_experiment,
)
from recomengine.infra.bus import Bus
from recomengine.infra.database import DATABASE_AWAY, Connection, Pool, tenant_transaction
from recomengine.infra.logs import said
from recomengine.infra.metrics import BACKGROUND_FAILURES, FALLBACKS
from recomengine.web.problems import Conflict, NotFound, invalid

TRANSITIONS = {
    "start": (("draft",), "running"), "pause": (("running",), "paused"), "resume": (("paused",), "running"),
    "complete": (("running", "paused"), "completed"),
}  # fmt: skip
DONE = {"start": "started", "pause": "paused", "resume": "resumed", "complete": "completed"}
BEFORE = timedelta(days=28)
"""The time before an experiment that CUPED looks at."""
TRAFFIC = timedelta(days=14)

log = structlog.get_logger()


def check(given: ExperimentIn) -> None:
    """Raise Invalid for what one field alone does not show."""
    if given.kind == "interleaving" and given.metric != "ctr":
        raise invalid("$.metric", f"expected ctr with kind interleaving, which credits clicks, got {given.metric}")
    if given.kind == "interleaving" and given.traffic_split != 50:
        raise invalid(
            "$.trafficSplit",
            f"expected 50 with kind interleaving, where every shopper sees both, got {given.traffic_split}",
        )


async def create(pool: Pool, member: Member, given: ExperimentIn, repeatable: Repeatable) -> Experiment:
    check(given)
    tenant_id = member.tenant_id
    async with tenant_transaction(pool, tenant_id) as connection:

        async def make(experiment_id: UUID) -> None:
            await queries.insert_experiment(connection, tenant_id, experiment_id, given)
            await audit(connection, member, "experiment.created", experiment_id, None, msgspec.to_builtins(given))

        experiment_id = await once(connection, member, repeatable, make)
        return _found(await queries.one_experiment(connection, tenant_id, experiment_id))


async def one(pool: Pool, tenant_id: UUID, experiment_id: UUID) -> Experiment:
    async with tenant_transaction(pool, tenant_id) as connection:
        return _found(await queries.one_experiment(connection, tenant_id, experiment_id))


async def experiments_of(
    pool: Pool, tenant_id: UUID, after: UUID | None, limit: int, status: str | None
) -> list[asyncpg.Record]:
    async with tenant_transaction(pool, tenant_id) as connection:
        return await queries.experiments_of(connection, tenant_id, after, limit, status)


async def change(pool: Pool, member: Member, experiment_id: UUID, patch: ExperimentPatch) -> Experiment:
    """Once it has started only its name may become another: else its figures would be of two experiments."""
    tenant_id = member.tenant_id
    async with tenant_transaction(pool, tenant_id) as connection:
        old = _found(await queries.lock_experiment(connection, tenant_id, experiment_id))
        given = msgspec.to_builtins(patch)
        if old.status != "draft" and given.keys() - {"name"}:
            raise Conflict(
                f"The experiment is {old.status}: only its name can be changed. Make a new one.",
                code="experiment_started",
            )
        merged = msgspec.to_builtins(old) | given
        new = msgspec.convert({name: merged[name] for name in ExperimentIn.__struct_encode_fields__}, ExperimentIn)
        check(new)
        await queries.update_experiment(connection, tenant_id, experiment_id, new)
        await _audit_change(connection, member, experiment_id, "experiment.changed", old, given)
        return _found(await queries.one_experiment(connection, tenant_id, experiment_id))


async def delete(pool: Pool, member: Member, experiment_id: UUID) -> None:
    tenant_id = member.tenant_id
    async with tenant_transaction(pool, tenant_id) as connection:
        old = _found(await queries.lock_experiment(connection, tenant_id, experiment_id))
        if old.status in ("running", "paused"):
            raise Conflict(
                f"The experiment is {old.status}. Complete it before you delete it.", code="experiment_started"
            )
        await queries.delete_experiment(connection, tenant_id, experiment_id)
        await audit(connection, member, "experiment.deleted", experiment_id, msgspec.to_builtins(old), None)


async def move(pool: Pool, bus: Bus, member: Member, experiment_id: UUID, step: str) -> Experiment:
    """step: one of TRANSITIONS. A completed experiment's figures are kept."""
    tenant_id, (allowed, status) = member.tenant_id, TRANSITIONS[step]
    try:
        async with tenant_transaction(pool, tenant_id) as connection:
            old = _found(await queries.lock_experiment(connection, tenant_id, experiment_id))
            if old.status not in allowed:
                raise Conflict(
                    f"To {step} an experiment it must be {' or '.join(allowed)}; this one is {old.status}.",
                    code="wrong_transition",
                )
            await queries.set_status(connection, tenant_id, experiment_id, status)
            await _audit_change(connection, member, experiment_id, f"experiment.{DONE[step]}", old, {"status": status})
            new = _found(await queries.one_experiment(connection, tenant_id, experiment_id))
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "experiments_one_running_per_placement":
            raise
        raise Conflict(
            "Another experiment runs on this placement. Pause or complete it first.", code="placement_taken"
        ) from None
    await bus.publish("tenant", tenant_id)
    if step == "complete":
        await _keep(pool, tenant_id, new)
    return new


async def complete_overdue(pool: Pool, bus: Bus, longest: timedelta) -> int:
    """Complete what was started more than `longest` ago, before its first events go to the archive; keep figures that
    are not kept; how many.
    """
    overdue = await queries.to_complete(pool, datetime.now(UTC) - longest)
    for tenant_id, experiment_id in overdue:
        try:
            await _complete_overdue(pool, bus, tenant_id, experiment_id)
        except Exception as error:  # noqa: BLE001 - what ails one experiment keeps no other from its figures
            BACKGROUND_FAILURES.labels("experiments").inc()
            log.error(
                "experiment not completed", tenant=str(tenant_id), experiment=str(experiment_id), error=said(error)
            )
    return len(overdue)


async def _complete_overdue(pool: Pool, bus: Bus, tenant_id: UUID, experiment_id: UUID) -> None:
    async with tenant_transaction(pool, tenant_id) as connection:
        experiment = _found(await queries.lock_experiment(connection, tenant_id, experiment_id))
        if experiment.status in TRANSITIONS["complete"][0]:
            await queries.set_status(connection, tenant_id, experiment_id, "completed")
            log.info("experiment completed by its age", tenant=str(tenant_id), experiment=str(experiment_id))
    await bus.publish("tenant", tenant_id)
    await _keep(pool, tenant_id, await one(pool, tenant_id, experiment_id))


async def results(pool: Pool, tenant_id: UUID, experiment_id: UUID) -> Results:
    """As they are now; of a completed experiment, as they were kept."""
    async with tenant_transaction(pool, tenant_id, snapshot=True) as connection:
        experiment = _found(await queries.one_experiment(connection, tenant_id, experiment_id))
        kept = (
            await queries.kept_results(connection, tenant_id, experiment_id)
            if experiment.status == "completed"
            else None
        )
        arms, computed_at = kept or (await _measure(connection, tenant_id, experiment), datetime.now(UTC))
    if experiment.status == "completed" and kept is None:
        await _keep(pool, tenant_id, experiment)
    return await asyncio.to_thread(_report, experiment, arms, computed_at)


async def power(pool: Pool, tenant_id: UUID, experiment_id: UUID, asked: PowerQuery) -> Power:
    async with tenant_transaction(pool, tenant_id, snapshot=True) as connection:
        experiment = _found(await queries.one_experiment(connection, tenant_id, experiment_id))
        traffic = await queries.traffic(
            connection, tenant_id, experiment.placement_id, datetime.now(UTC) - TRAFFIC, experiment.metric
        )

    def answer() -> Power:
        from recomengine.experiments.reporting import power_of

        return power_of(experiment, traffic, asked.lift, asked.power)

    return await asyncio.to_thread(answer)


async def _measure(connection: Connection, tenant_id: UUID, experiment: Experiment) -> dict[str, Arm]:
    """Of one that has not started: nothing."""
    now = datetime.now(UTC)
    since, until = experiment.started_at or now, experiment.completed_at or now + timedelta(minutes=1)
    return await queries.measure(connection, tenant_id, experiment, since, until, since - BEFORE)


async def _keep(pool: Pool, tenant_id: UUID, experiment: Experiment) -> None:
    """Where it does not succeed, the next look at the results does it."""
    try:
        async with tenant_transaction(pool, tenant_id, snapshot=True) as connection:
            arms = await _measure(connection, tenant_id, experiment)
            for variant, arm in arms.items():
                await queries.keep_result(connection, tenant_id, experiment.id, variant, arm, datetime.now(UTC))
    except DATABASE_AWAY as error:
        FALLBACKS.labels("results").inc()
        log.warning("results not kept", experiment=str(experiment.id), error=f"{type(error).__name__}: {error}")


def _report(experiment: Experiment, arms: Mapping[str, Arm], computed_at: datetime) -> Results:
    from recomengine.experiments.reporting import (
        report,
    )  # brings SciPy, which a process that shows no results does without

    return report(experiment, arms, computed_at)


async def _audit_change(
    connection: Connection, member: Member, experiment_id: UUID, action: str, old: Experiment, given: Mapping[str, Any]
) -> None:
    was = msgspec.to_builtins(old)
    await audit(connection, member, action, experiment_id, {name: was[name] for name in given}, given)


def _found(row: asyncpg.Record | None) -> Experiment:
    if row is None:
        raise NotFound("There is no such experiment of this tenant. Check the id.")
    return as_experiment(row)
