"""Whether a build starts anew or takes over what the served model has learned, and whether it may replace that
model.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from recomengine.models.arrays import Arrays
from recomengine.models.backtest import Backtest
from recomengine.models.blend import WIDTH
from recomengine.models.build import NOTHING_FORMER, Former
from recomengine.models.cases import CONTEXTS
from recomengine.models.encoder_trial import former_trial, taken_over
from recomengine.models.following import following_in
from recomengine.models.held_back import HeldBack

NEW_SHARE = 0.05
"""From this share of new events on, and after LEARNED_FOR, a build learns anew."""
LEARNED_FOR = timedelta(hours=24)
ENOUGH_CASES = 200
GUARDED_FOR = timedelta(days=7)
"""A served model older than this makes way even for one that backtests worse: shops change."""
COMPARABLE_SHARE = 0.06
"""Two backtests are of other cases; only while fewer events than this share came between does the difference blame the
build, not the shop.
"""


class Published(NamedTuple):
    """A published model, as the store opens it."""

    arrays: Arrays
    manifest: Mapping[str, Any]


class WorseThanServed(Exception):
    """The message says where, and by how much."""


def still_holds(served: Published, events: int, now: datetime) -> bool:
    """Whether what `served` has learned is good enough for a build from this many events."""
    manifest = served.manifest
    if "learnedAt" not in manifest or any(
        len(served.arrays.get(f"weights.{context}", ())) != WIDTH for context in CONTEXTS
    ):
        return False
    few_are_new = 0 <= events - manifest["learnedEvents"] < NEW_SHARE * manifest["learnedEvents"]
    return few_are_new and now - datetime.fromisoformat(manifest["learnedAt"]) < LEARNED_FOR


def former_of(served: Published, replay: Sequence[HeldBack]) -> Former:
    """replay: what of it may still be kept."""
    manifest = served.manifest
    weights = {context: served.arrays[f"weights.{context}"] for context in CONTEXTS}
    learned = Backtest(
        weights, manifest["singles"], manifest["repeatShare"], manifest["contexts"], replay,
        following_in(served.arrays), taken_over(served.arrays, manifest),
    )  # fmt: skip
    return Former(learned, served.arrays, served.manifest["contentDigest"])


def former_of_new(served: Published | None, events: int, now: datetime) -> Former:
    """For a build from so many events that learns anew."""
    if served is None:
        return NOTHING_FORMER
    return NOTHING_FORMER._replace(trial=former_trial(served.arrays, served.manifest, events, now))


def check_not_worse(stats: Mapping[str, Any], served: Mapping[str, Any], now: datetime) -> None:
    """Raises WorseThanServed where the whole interval of a context lies below that of the served model (stats: of the
    new one).
    """
    came_between = stats["events"] - served["learnedEvents"]
    if (
        now - datetime.fromisoformat(served["builtAt"]) >= GUARDED_FOR
        or came_between >= COMPARABLE_SHARE * served["learnedEvents"]
        or stats.get("robots", 0) != served.get("robots", 0)  # what a robot will do next is told easily
        or stats["contexts"].keys() != served["contexts"].keys()  # an older backtest, which asked other questions
    ):
        return
    worse = [
        f"{context} {new['value']:.2f} against {old['value']:.2f}"
        for context in CONTEXTS
        if (new := _figure(stats, context)) and (old := _figure(served, context)) and new["high"] < old["low"]
    ]
    if worse:
        raise WorseThanServed(f"backtests worse than the served model: {', '.join(worse)}; kept the served one")


def _figure(stats: Mapping[str, Any], context: str) -> Mapping[str, Any] | None:
    """What the backtest says of `auto` there, if it had cases enough to tell."""
    enough = stats["contexts"].get(context, {}).get("cases", 0) >= ENOUGH_CASES
    figure: Mapping[str, Any] | None = stats["strategies"]["auto"].get(context) if enough else None
    return figure
