"""Whether the learned encoder earns its place: a trial in the backtest, whose verdict is kept with the model.

The trial's encoder learns from what came before the cut alone, from the start or from the trial's encoder of the former
build, which saw less still. It has earned its place where the lists of some context are better with it than without it:
where the paired difference over the cases, all weights learned anew on both sides, is above its standard error.
Else the model has none, and it is not tried again for RESTS_FOR, unless the shop's events have doubled since.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from recomengine._core.csr import Int32
from recomengine.models.blend import Z_95
from recomengine.models.encoder import Encoder, encoder_in, near_in
from recomengine.models.encoder_training import Trained, train
from recomengine.models.histories import Histories
from recomengine.models.sources import ENCODER

RESTS_FOR = timedelta(days=7)
GROWN = 2
BEFORE = "encoder_before"
"""The arrays of the trial's encoder, from which the next one sets out."""
TOO_FEW, NO_GAIN, GAINS = "too_few_events", "no_gain", "gains"


class FormerTrial(NamedTuple):
    """What a served model says of its trial. before: the trial's encoder, which learned from events up to through_ms;
    verdict: while it forbids another one, itself."""

    before: Encoder | None
    through_ms: int
    verdict: Mapping[str, Any] | None


class Tried(NamedTuple):
    """verdict: as the manifest has it. before: the trial's encoder, served: the one that learned from all events, and
    near, what lies near in it; none where it is still to be learned, or the verdict is against it."""

    verdict: dict[str, Any]
    before: Encoder | None = None
    served: Encoder | None = None
    near: Int32 | None = None

    @property
    def used(self) -> bool:
        return bool(self.verdict.get("used"))


NEVER_TRIED = FormerTrial(None, 0, None)


def former_trial(arrays: Mapping[str, Any], manifest: Mapping[str, Any], events: int, now: datetime) -> FormerTrial:
    """events: how many a new trial would have."""
    verdict = manifest.get("encoder")
    if not verdict:
        return NEVER_TRIED
    rests = (
        verdict["outcome"] == NO_GAIN
        and now - datetime.fromisoformat(verdict["decidedAt"]) < RESTS_FOR
        and events < GROWN * verdict["events"]
    )
    return FormerTrial(encoder_in(arrays, BEFORE), verdict["throughMs"], verdict if rests else None)


def taken_over(arrays: Mapping[str, Any], manifest: Mapping[str, Any]) -> Tried:
    """Both encoders of a model whose learning still holds, as they are."""
    served = encoder_in(arrays, ENCODER)
    near = None if served is None else near_in(arrays, ENCODER)
    return Tried(dict(manifest.get("encoder", {})), encoder_in(arrays, BEFORE), served, near)


def begin(before: Histories, former: FormerTrial) -> Trained:
    """The trial's encoder, or none where the former verdict still stands."""
    if former.verdict is not None:
        return Trained(None, [], 0)
    saw_less = former.through_ms <= before.newest_ms
    return train(before, former.before if saw_less else None)


def judge(
    trained: Trained, former: FormerTrial, gains: Mapping[str, dict[str, float]], before: Histories, events: int
) -> Tried:
    """gains: of the contexts with cases enough, how much better the lists are with the encoder, with an interval."""
    if former.verdict is not None:
        return Tried(dict(former.verdict))
    used = any(_is_above_its_error(gain) for gain in gains.values())
    verdict = {
        "used": used, "outcome": GAINS if used else TOO_FEW if trained.encoder is None else NO_GAIN,
        "gains": dict(gains), "heldBack": trained.figures, "places": trained.places, "events": events,
        "throughMs": before.newest_ms,
    }  # fmt: skip
    return Tried(verdict, trained.encoder if used else None)


def _is_above_its_error(gain: Mapping[str, float]) -> bool:
    """Taking a source that is worth nothing costs no accuracy, leaving one that is worth a little does."""
    return gain["value"] > max(0.0, (gain["high"] - gain["low"]) / (2 * Z_95))


def learned_from_all(histories: Histories, tried: Tried) -> Tried:
    """The encoder to be served, which sets out from the trial's."""
    if not tried.used or tried.served is not None:
        return tried
    learned = train(histories, tried.before)
    return tried._replace(served=learned.encoder, near=learned.near)
