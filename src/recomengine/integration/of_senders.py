"""Checks of who sends and asks: pages, SDKs, foreign forms, keys; and of what is fed."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from recomengine.integration.facts import Facts, Note, Row
from recomengine.integration.judging import Levels, by_share, found
from recomengine.integration.schemas import Finding, Status

REJECTED, DUPLICATES, ERRORS = Levels(0.005, 0.05), Levels(0.05, 0.5), Levels(0.02, 0.25)
OLD_VERSIONS, UNKNOWN_FOREIGN = Levels(0.05), Levels(0.5)
SILENT, OLD_CATALOG, OLD_MODEL = timedelta(days=1), timedelta(days=7), timedelta(days=2)
UNUSED, IDLE = timedelta(days=7), timedelta(days=60)
_NUMBERS = re.compile(r"[0-9]+")


def events(facts: Facts) -> Finding:
    last, now = facts.feeds["event_at"], facts.feeds["now"]
    remedy = "See that the shop's pages and servers send to POST /api/v1/events, and look at the other findings."
    if last is None:
        return found("events", "problem", "No event has ever come.", remedy)
    status: Status = "ok" if now - last < SILENT else "warning" if facts.events["events"] else "problem"
    return found("events", status, f"The newest event came {_ago(now - last)} ago.", remedy, lastAt=last.isoformat())


def catalog(facts: Facts) -> Finding:
    feeds = facts.feeds
    if not feeds["has_products"]:
        return found(
            "catalog", "problem", "The catalog has no product that is available, so every list is empty.",
            "Import it: `recomengine import catalog`, or POST /api/v1/catalog/import.",
        )  # fmt: skip
    age = feeds["now"] - feeds["catalog_at"]
    return found(
        "catalog", "ok" if age < OLD_CATALOG else "warning", f"The catalog last changed {_ago(age)} ago.",
        "Have the feed run every day: prices, stock and new products come from it.",
        lastAt=feeds["catalog_at"].isoformat(),
    )  # fmt: skip


def model(facts: Facts) -> Finding:
    feeds, remedy = facts.feeds, "See that a worker runs, and why in `recomengine jobs list --dead`."
    if feeds["model_at"] is None:
        if feeds["last_build"] == "failed":
            return found("model", "problem", "No build of the model has succeeded, the last one failed.", remedy)
        status: Status = "unknown" if feeds["event_at"] is None else "warning"
        return found("model", status, "There is no model yet; lists are of what is popular.", remedy)
    age, newer = feeds["now"] - feeds["model_at"], feeds["event_at"] and feeds["event_at"] > feeds["model_at"]
    failed = feeds["last_build"] == "failed"
    status = "problem" if failed else "warning" if newer and age > OLD_MODEL else "ok"
    said = f"The model was built {_ago(age)} ago{', and the newest build failed' if failed else ''}."
    return found("model", status, said, remedy, lastAt=feeds["model_at"].isoformat())


def origins(facts: Facts) -> Finding:
    allowed = {*facts.config.allowed_origins, *(origin for key in facts.keys for origin in key["origins"])}
    refused = {each: note.times for each, note in facts.noted("origin_refused").items() if each not in allowed}
    sites = {_site(origin) for origin in allowed}
    own = [origin for origin in refused if _site(origin) in sites]
    status: Status = "ok" if not refused else "problem" if own or not allowed else "warning"
    times = sum(refused.values())
    said = f"{times:,} requests of {len(refused)} origins were refused." if refused else "No origin was refused."
    remedy = (
        "Add the origins that are the shop's to the key's or the tenant's allowedOrigins, each as browsers send it. "
        "Others are pages that copied the key, and need nothing."
    )
    return found("origins", status, said, remedy, [*own, *(each for each in refused if each not in own)], refused=times)


def rejected_events(facts: Facts) -> Finding:
    refused, reasons = facts.times("event_rejected"), facts.noted("event_rejected")
    remedy = "The examples name the code and the member; the answer to each request says in words what was expected."
    return by_share(
        "rejected_events", REJECTED, refused, refused + facts.times("event_received"), "Events that were rejected",
        remedy, reasons, **_counts(reasons),
    )  # fmt: skip


def duplicates(facts: Facts) -> Finding:
    received = facts.noted("event_received")
    twice = received["duplicate"].times if "duplicate" in received else 0
    remedy = (
        "Some of it is right: what is sent again counts once. If it is much, an eventId is used for different events, "
        "or a page and a server both send the same."
    )
    return by_share(
        "duplicates", DUPLICATES, twice, facts.times("event_received"), "Events that were stored already", remedy
    )


def sdk_versions(facts: Facts) -> Finding:
    versions, now = facts.noted("sdk"), facts.feeds["now"]
    newest = {name: max(_version(each) for each in versions if _name(each) == name) for name in map(_name, versions)}
    old = [each for each in versions if _version(each) < newest[_name(each)] and now - versions[each].last_at < SILENT]
    remedy = "Pages or servers still use an old version. Load /sdk/v1/recomengine.js, and update what is installed."
    return by_share(
        "sdk_versions", OLD_VERSIONS, sum(versions[each].times for each in old), facts.times("sdk"),
        "Batches from SDKs that are older than another one in use", remedy, old, **_counts(versions),
    )  # fmt: skip


def sdk_errors(facts: Facts) -> Finding:
    errors = facts.noted("sdk_error")
    remedy = "docs/sdk.md says what each code means. Blocked requests and storage mostly come from a CSP or a blocker."
    batches = facts.times("sdk")
    return by_share(
        "sdk_errors", ERRORS, min(facts.times("sdk_error"), batches), batches, "Errors in SDKs, by batches", remedy,
        errors, **_counts(errors),
    )  # fmt: skip


def segment(facts: Facts) -> Finding:
    known, unknown = facts.times("segment_event"), facts.times("segment_unknown")
    remedy = (
        "Name them as the e-commerce specification does, such as Product Viewed and Order Completed, or leave them: "
        "they do no harm."
    )
    names = facts.noted("segment_unknown")
    return by_share(
        "segment", UNKNOWN_FOREIGN, unknown, known + unknown, "Events in Segment's form that mean nothing here", remedy,
        names, **_counts(facts.noted("segment_event")),
    )  # fmt: skip


def keys(facts: Facts) -> Finding:
    now = facts.feeds["now"]
    ending = [key["name"] for key in facts.keys if key["revoked_at"] and _used_since(key, now - SILENT)]
    never = [key["name"] for key in facts.keys if not key["last_used_at"] and now - key["created_at"] > UNUSED]
    idle = [key["name"] for key in facts.keys if key["last_used_at"] and now - key["last_used_at"] > IDLE]
    if ending:
        said = f"{len(ending)} keys were rotated, will soon be refused, and are in use."
        return found("keys", "problem", said, "Give their users the new keys now.", ending, ending=len(ending))
    said = f"Of {len(facts.keys)} keys {len(never)} were never used, and {len(idle)} not for {IDLE.days} days."
    remedy = "Revoke the keys that nobody needs: DELETE /api/v1/tenants/{tenantId}/api-keys/{keyId}."
    return found(
        "keys", "warning" if never or idle else "ok", said, remedy, [*never, *idle], neverUsed=len(never),
        idle=len(idle),
    )  # fmt: skip


def _used_since(key: Row, moment: datetime) -> bool:
    used_at: datetime | None = key["last_used_at"]
    return used_at is not None and used_at > moment


def _counts(notes: Mapping[str, Note]) -> dict[str, int]:
    return {subject: note.times for subject, note in list(notes.items())[:20]}


def _name(sdk: str) -> str:
    return sdk.partition("/")[0]


def _version(sdk: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBERS.findall(sdk.partition("/")[2])[:4])


def _site(origin: str) -> str:
    """What pages of one shop mostly share: the last two labels of the host."""
    host = origin.partition("://")[2].partition(":")[0]
    return ".".join(host.split(".")[-2:])


def _ago(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    return (
        f"{max(0, hours * 60):.0f} minutes" if hours < 2 else f"{hours:.0f} hours" if hours < 48 else f"{age.days} days"
    )


CHECKS = (
    events, catalog, model, origins, rejected_events, duplicates, sdk_versions, sdk_errors, segment, keys,
)  # fmt: skip
