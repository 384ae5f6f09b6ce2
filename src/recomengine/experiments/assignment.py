"""Who sees what, without anything being stored.

A/B: bucket = SHA-256(userId + experimentId) as a number, mod 100; below the traffic split it is control. The same
shopper always gets the same variant, and the buckets of two experiments are independent.

Interleaving, by team draft (Radlinski, Kurup, Joachims 2008, section 4.2): two captains pick for one list in turns,
each the best product of its own ranking that is still there. The captain with fewer picks is next; at a draw, the next
bit of the same SHA-256 decides. So the same shopper gets the same draft of the same lists, and over shoppers neither
captain is favoured.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Literal

from recomengine.web.caller import Caller, RunningExperiment

Variant = Literal["control", "variant"]
BUCKETS = 100


def bucket(user_id: str, experiment_id: str) -> int:
    return _number(user_id, experiment_id) % BUCKETS


def variant_of(user_id: str, experiment: RunningExperiment) -> Variant:
    return "control" if bucket(user_id, experiment.id) < experiment.traffic_split else "variant"


def experiment_at(caller: Caller, placement_id: str | None, *, named: bool) -> RunningExperiment | None:
    """What runs on a placement. named: the request or the
    placement's widget names a strategy, which an experiment of the whole shop respects."""
    own = caller.experiments.get(placement_id) if placement_id is not None else None
    return own if own is not None or named else caller.experiments.get(None)


def draft(
    control: Sequence[str], variant: Sequence[str], limit: int, user_id: str, experiment_id: str
) -> list[tuple[int, Variant]]:
    """At most `limit` picks, best first: the place in the list of that captain, and the captain. A list holds nothing
    twice.
    """
    coins = _number(user_id, experiment_id)
    lists: dict[Variant, Sequence[str]] = {"control": control, "variant": variant}
    after: dict[Variant, int] = {"control": 0, "variant": 0}
    count: dict[Variant, int] = {"control": 0, "variant": 0}
    taken: set[str] = set()
    picks: list[tuple[int, Variant]] = []
    while len(picks) < limit:
        for team in after:
            after[team] = _next(lists[team], after[team], taken)
        if count["control"] != count["variant"]:
            captain: Variant = min(count, key=count.__getitem__)
        else:
            captain, coins = ("control" if coins & 1 else "variant"), coins >> 1
        if after[captain] == len(lists[captain]):
            break
        picks.append((after[captain], captain))
        taken.add(lists[captain][after[captain]])
        count[captain] += 1
    return picks


def _next(ranking: Sequence[str], place: int, taken: set[str]) -> int:
    while place < len(ranking) and ranking[place] in taken:
        place += 1
    return place


def _number(user_id: str, experiment_id: str) -> int:
    return int.from_bytes(sha256((user_id + experiment_id).encode()).digest(), "big")
