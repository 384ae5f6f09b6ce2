"""`python -m bench.quality.disguise DIR… [--only SHOP[:PROTOCOL]]`: is a shop recognised by its names, ids, order or
dates?

Each shop is measured in this process as it is and in disguise: products, shoppers, orders and sessions under other ids,
the catalog in another order, and all clocks some weeks and hours earlier. The figures should differ by no more than
noise: ties fall otherwise, days begin at another hour, and other cases are drawn where there are too many. Results go
to bench/results/disguise.json.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.quality.command import is_asked_for, parser_of, shops_below
from bench.quality.offline import prepare
from bench.quality.split import read_catalog, read_events, read_meta
from bench.results import write_result
from recomengine.models.blend import learn, metrics

EARLIER_MS = (23 * 7 * 24 + 5) * 3_600_000
SEED = 7
IDS = ("user_id", "order_id", "session_id")


def main() -> None:
    options = parser_of("Measure shops as they are and in disguise.", max_cases=5000).parse_args()
    rows = []
    for folder in shops_below(options.dirs):
        with tempfile.TemporaryDirectory() as other:
            disguise(folder, Path(other))
            for protocol in read_meta(folder)["protocols"]:
                if is_asked_for(options.only, folder, protocol):
                    rows.append(
                        {"shop": folder.name, "protocol": protocol}
                        | compare(folder, Path(other), protocol, options.max_cases)
                    )
                    print(rows[-1], flush=True)
    write_result("disguise", {"rows": rows})


def disguise(folder: Path, out: Path) -> None:
    """The shop in `folder` under other ids, its catalog in another order, at another time."""
    draw = np.random.default_rng(SEED)
    events, catalog = read_events(folder), read_catalog(folder).sample(frac=1.0, random_state=SEED)
    products = _other_names(pd.concat([catalog.item_id, events.item_id]), "p", draw)
    catalog["item_id"], events["item_id"] = catalog.item_id.map(products), events.item_id.map(products)
    for column in IDS:
        if column in events:
            events[column] = events[column].map(_other_names(events[column], column[0], draw) | {"": ""})
    events["timestamp"] -= EARLIER_MS
    events.to_csv(out / "events.csv.gz", index=False)
    catalog.to_csv(out / "catalog.csv.gz", index=False)
    shutil.copy(folder / "meta.json", out / "meta.json")


def _other_names(ids: "pd.Series[str]", prefix: str, draw: np.random.Generator) -> dict[str, str]:
    known = sorted(set(ids))
    return {
        name: f"{prefix}{number}" for name, number in zip(known, draw.permutation(len(known)).tolist(), strict=True)
    }


def compare(folder: Path, disguised: Path, protocol: str, max_cases: int) -> dict[str, Any]:
    """The figures of both, and the standard error of one."""
    as_it_is, in_disguise = (_figures(each, protocol, max_cases) for each in (folder, disguised))
    error = float(as_it_is.std() / len(as_it_is) ** 0.5)
    return {
        "cases": len(as_it_is), "as_it_is": round(float(as_it_is.mean()), 4),
        "in_disguise": round(float(in_disguise.mean()), 4), "standard_error": round(error, 4),
    }  # fmt: skip


def _figures(folder: Path, protocol: str, max_cases: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    offline = prepare(folder, protocol, max_cases)
    weights = learn(offline.learning, offline.metric, offline.context).weights
    return metrics(offline.test, weights.astype(np.float64), offline.metric)


if __name__ == "__main__":
    main()
