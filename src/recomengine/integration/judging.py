"""From a share to a finding: how much is too much, and how it is said."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from recomengine.integration.schemas import Check, Finding, Status

MAX_EXAMPLES = 5
SEVERITY: tuple[Status, ...] = ("problem", "warning", "ok", "unknown")


class Levels(NamedTuple):
    """From which share on something is a warning, and from which a problem; more than 1 is never."""

    warning: float
    problem: float = 2.0

    def judge(self, share: float) -> Status:
        return "problem" if share >= self.problem else "warning" if share >= self.warning else "ok"


def by_share(
    check: Check,
    levels: Levels,
    amiss: int,
    of: int,
    summary: str,
    remedy: str,
    examples: Iterable[str] | None = (),
    **values: int | float | str,
) -> Finding:
    """Finds `amiss` of `of`; the values also hold both."""
    if not of:
        return Finding(check, "unknown", f"{summary}: nothing came that would tell.")
    share = amiss / of
    status = levels.judge(share)
    said = f"{summary}: {amiss:,} of {of:,} ({percent(share)})."
    shown = list(examples or ())[:MAX_EXAMPLES]
    counts: dict[str, int | float | str] = {"amiss": amiss, "of": of}
    return Finding(check, status, said, "" if status == "ok" else remedy, round(share, 6), counts | values, shown)


def found(
    check: Check,
    status: Status,
    summary: str,
    remedy: str,
    examples: Iterable[str] = (),
    **values: int | float | str,
) -> Finding:
    """remedy: dropped where nothing is to be done."""
    to_do = "" if status in ("ok", "unknown") else remedy
    return Finding(check, status, summary, to_do, None, values, list(examples)[:MAX_EXAMPLES])


def worst(statuses: Collection[Status]) -> Status:
    """Of several; what is unknown takes nothing from what is known."""
    return min(statuses, key=SEVERITY.index)


def percent(share: float) -> str:
    return "0 %" if not share else "less than 0.1 %" if share < 0.001 else f"{share * 100:.3g} %"
