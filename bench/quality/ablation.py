"""`python -m bench.quality.ablation DIR… [--only SHOP[:PROTOCOL]]`: what each part is worth, on the test cases of real
shops.

For every shop and protocol: the blend as it is, the best single source picked in hindsight, the untaught prior, the
blend without shrinkage, and the blend without each source in turn (weights learned anew). Learning curves: the blend
and the most popular products, with the newest 1 to 100 % of the events. Results go to bench/results/ablation.json.
"""

from pathlib import Path
from typing import Any

import numpy as np

from bench.quality.command import is_asked_for, parser_of, shops_below
from bench.quality.offline import Offline, prepare
from bench.quality.split import protocols_of
from bench.results import write_result
from recomengine.models.blend import MIN_CASES, Lists, fit, head_of, learn, metrics, prior_weights, single_weights
from recomengine.models.sources import PLACE, SOURCES

SHARES = (0.01, 0.03, 0.1, 0.3, 1.0)


def main() -> None:
    options = parser_of("What each part of the blend is worth.", max_cases=2000).parse_args()
    rows = []
    for folder in shops_below(options.dirs):
        for protocol in protocols_of(folder):
            if is_asked_for(options.only, folder, protocol):
                rows.append({"shop": folder.name, "protocol": protocol} | examine(folder, protocol, options.max_cases))
                print(rows[-1], flush=True)
    write_result("ablation", {"rows": rows})


def examine(folder: Path, protocol: str, max_cases: int) -> dict[str, Any]:
    whole = prepare(folder, protocol, max_cases)
    singles = {
        source.name: _figure(whole, single_weights(source.name))
        for source in SOURCES
        if _speaks(whole.learning, source.name)
    }
    best = max(singles, key=lambda name: singles[name])
    direction = np.sum([single_weights(name) for name in sorted(singles, key=lambda name: -singles[name])[:3]], axis=0)
    free = fit(head_of(whole.learning, direction), np.zeros(len(direction)), 1.0)
    return {
        "cases": len(whole.test.sizes), "metric": whole.metric, "auto": _learned(whole),
        "best single": {"source": best, "value": singles[best]},
        "prior, nothing learned": _figure(whole, prior_weights(whole.context)),
        "no shrinkage": _figure(whole, free), "without": {name: _learned(_without(whole, name)) for name in singles},
        "curve": [_point(folder, protocol, max_cases, share) for share in SHARES],
    }  # fmt: skip


def _speaks(lists: Lists, name: str) -> bool:
    return bool((lists.features[:, 2 * PLACE[name]] > 0).any())


def _learned(offline: Offline) -> float:
    return _figure(offline, learn(offline.learning, offline.metric, offline.context).weights)


def _figure(offline: Offline, weights: Any) -> float:
    return round(float(metrics(offline.test, np.asarray(weights, np.float64), offline.metric).mean()), 4)


def _without(offline: Offline, name: str) -> Offline:
    """The same without what one source says; its candidates stay, as far as others know them."""

    def blank(lists: Lists) -> Lists:
        features = lists.features.copy()
        features[:, 2 * PLACE[name] : 2 * PLACE[name] + 2] = 0.0
        return lists._replace(features=features)

    return offline._replace(learning=blank(offline.learning), test=blank(offline.test))


def _point(folder: Path, protocol: str, max_cases: int, share: float) -> dict[str, Any]:
    """The blend and the most popular products with the newest `share` of the events."""
    some = prepare(folder, protocol, max_cases, share)
    taught = len(some.learning.sizes) >= MIN_CASES
    return {
        "share": share,
        "taught": taught,
        "auto": _learned(some),
        "popular": _figure(some, single_weights("popular")),
    }


if __name__ == "__main__":
    main()
