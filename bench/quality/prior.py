"""`python -m bench.quality.prior DIR…`: learns over all shops below DIR the weights that a new shop starts from.

For each context, one fit over the cases of all shops that have any, each shop counting alike, shrunk to BY_HAND. It
takes the cases of the backtest, which end before the test cases of `bench.quality` begin. What a home page says of
bought products differs too much between shops to be carried from one to another, so `home` starts from what was learned
where they are left out. Writes src/recomengine/models/prior.json, and to bench/results/prior.json how each shop fares
with a prior learned over the others only.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bench.quality.command import shops_below
from bench.quality.offline import learning_lists, read_known
from bench.quality.split import read_meta, split
from bench.results import write_result
from recomengine.models.backtest import metric_of
from recomengine.models.blend import NAMES, TOP, Lists, fit, head, metrics
from recomengine.models.cases import split as cut

PRIOR = Path(__file__).resolve().parents[2] / "src" / "recomengine" / "models" / "prior.json"
PRIORS = ("home", "home_new", "session", "product", "cart")
"""Contexts of shoppers with a history start from the prior of those without."""
TAUGHT = ("home_new", "session", "product", "cart")
CASES = 800
STRENGTH = 100.0
SMALLEST = 0.02
BY_HAND = {
    "sequence": 1.0, "similar": 1.0, "walk": 1.0, "session_neighbours": 1.0, "confidence": 1.0, "affinity": 0.5,
    "content": 1.0, "popular": 0.3, "trending": 0.2, "own": 1.0, "at_hand": -4.0, "in_session": -1.0,
}  # fmt: skip
"""Every kind of evidence counts; what was looked at last is rarely what is wanted next."""
START = np.array([BY_HAND.get(name, 0.0) for name in NAMES])

Weights = np.ndarray[Any, np.dtype[np.float64]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn the weights that a new shop starts from.")
    parser.add_argument("dirs", nargs="+", type=Path, help="folders that hold one folder a shop")
    folders = shops_below(parser.parse_args().dirs)
    shops = {folder.name: _cases_of(folder) for folder in folders}
    taught = {context: _taught(shops.values(), context) for context in TAUGHT}
    words = {context: _in_words(taught["home_new" if context == "home" else context]) for context in PRIORS}
    PRIOR.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")
    rows = [_left_out(shops, name, context) for name in shops for context in PRIORS if len(shops[name][context].sizes)]
    write_result("prior", {"rows": rows})


def _cases_of(folder: Path) -> dict[str, Lists]:
    train, _ = split(folder, read_meta(folder)["protocols"][0], 5000)
    known = read_known(folder, train)
    return learning_lists(known, cut(known.histories), PRIORS, CASES)


def _taught(shops: Iterable[dict[str, Lists]], context: str) -> Weights:
    found = [head(shop[context], START, TOP) for shop in shops if len(shop[context].sizes)]
    return fit(Lists(*map(np.concatenate, zip(*found, strict=True))), START, STRENGTH) if found else START


def _in_words(weights: Weights) -> dict[str, float]:
    return {
        name: round(float(weight), 3) for name, weight in zip(NAMES, weights, strict=True) if abs(weight) >= SMALLEST
    }


def _left_out(shops: dict[str, dict[str, Lists]], name: str, context: str) -> dict[str, Any]:
    others = [shop for other, shop in shops.items() if other != name]
    lists, metric = shops[name][context], metric_of(context)
    prior = _taught(others, "home_new" if context == "home" else context)
    by_hand, by_others = (round(float(metrics(lists, weights, metric).mean()), 4) for weights in (START, prior))
    row = {
        "shop": name,
        "context": context,
        "cases": len(lists.sizes),
        "metric": metric,
        "by_hand": by_hand,
        "prior_of_the_others": by_others,
    }
    print(row, flush=True)
    return row


if __name__ == "__main__":
    main()
