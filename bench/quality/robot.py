"""`python -m bench.quality.robot DIR… [--only SHOP[:PROTOCOL]]`: what one robot, of 5 % of all events, changes.

Each shop is measured in this process as it is, and with a robot among its shoppers that nobody has marked, so that
only what counts once and less holds it. `page` opens one page again and again within an hour, `crawl` opens everything
within an hour, `slow page` and `slow crawl` do the same over all the time that the shop has, too slowly to be found.
The fast ones are found in a running system, and then the build is the one without them. Compared are the figures of
the learned blend and of the rankings' first ten products. Results go to bench/results/robot.json.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bench.quality.command import is_asked_for, parser_of, shops_below
from bench.quality.offline import Known, prepare_known, read_known
from bench.quality.split import Case, read_meta, split
from bench.results import write_result
from recomengine.models.blend import learn, metrics
from recomengine.models.grouping import Grouped
from recomengine.models.rankings import descending, popularity, trend

SHARE = 0.05
HOUR_MS = 3_600_000
SEED = 11
ROBOT = "robot"


class Habit(NamedTuple):
    """pages: how many different ones it opens, None for all that there are; slow: whether it takes all the time that
    there is."""

    pages: int | None
    slow: bool
    does: str = "view"


HABITS = {
    "page": Habit(1, slow=False), "crawl": Habit(None, slow=False),
    "slow page": Habit(1, slow=True), "slow crawl": Habit(None, slow=True),
    "buy one": Habit(1, slow=False, does="purchase"), "buy all": Habit(None, slow=False, does="purchase"),
}  # fmt: skip


def main() -> None:
    options = parser_of("Measure what one robot changes.", max_cases=2000).parse_args()
    rows = []
    for folder in shops_below(options.dirs):
        for protocol in read_meta(folder)["protocols"]:
            if is_asked_for(options.only, folder, protocol):
                for row in compare(folder, protocol, options.max_cases):
                    rows.append({"shop": folder.name, "protocol": protocol} | row)
                    print(rows[-1], flush=True)
    write_result("robot", {"share": SHARE, "rows": rows})


def compare(folder: Path, protocol: str, max_cases: int) -> list[dict[str, Any]]:
    train, cases = split(folder, protocol, max_cases)
    alone = read_known(folder, train)
    value = _figure(alone, cases, protocol)
    rows = []
    for name, habit in HABITS.items():
        known = read_known(folder, planted(train, habit))
        found = _figure(known, cases, protocol)
        kept = {ranking: len(set(first) & set(_firsts(alone)[ranking])) for ranking, first in _firsts(known).items()}
        rows.append(
            {"robot": name, "alone": round(value, 4), "with": round(found, 4), "ratio": round(found / value, 4)}
            | {"of the first ten stay": kept}
        )
    return rows


def planted(train: pd.DataFrame, habit: Habit) -> pd.DataFrame:
    """The events and the robot's, in one session a day where the shop has sessions."""
    draw = np.random.default_rng(SEED)
    count = round(len(train) * SHARE / (1 - SHARE))
    products = np.sort(train.item_id.unique())[::-1][: habit.pages]
    end_ms = int(train.timestamp.max())
    begin_ms = int(train.timestamp.min()) if habit.slow else end_ms - HOUR_MS
    times = np.linspace(begin_ms, end_ms, count).astype(np.int64)
    robot = pd.DataFrame(
        {"user_id": ROBOT, "item_id": draw.choice(products, count), "event_type": habit.does, "timestamp": times}
    )
    if "session_id" in train:
        robot["session_id"] = [f"{ROBOT}-{day}" for day in times // (24 * HOUR_MS)]
    return pd.concat([train, robot], ignore_index=True)


def _figure(known: Known, cases: Sequence[Case], protocol: str) -> float:
    offline = prepare_known(known, cases, protocol)
    weights = learn(offline.learning, offline.metric, offline.context).weights
    return float(metrics(offline.test, np.asarray(weights, np.float64), offline.metric).mean())


def _firsts(known: Known) -> dict[str, list[int]]:
    """The first ten of each ranking, which are the same for everybody."""
    shop = Grouped(known.histories, len(known.numbers))
    scores = {
        "popular": shop.figures.recent, "trending": trend(shop.counts, shop.size),
        "fallback": popularity(shop.counts, shop.size),
    }  # fmt: skip
    return {name: descending(score)[:10].tolist() for name, score in scores.items()}


if __name__ == "__main__":
    main()
