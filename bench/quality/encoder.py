"""`python -m bench.quality.encoder DIR… [--only SHOP[:PROTOCOL]]`: what the learned encoder adds, and what it costs.

For every shop and protocol the weights are learned on the shop's own backtest with the encoder and without it, as a
build does, and both blends are asked for the same test cases. Results go to bench/results/encoder.json.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.quality.command import is_asked_for, parser_of, shops_below
from bench.quality.offline import CONTEXT, Known, case_of, read_known
from bench.quality.split import read_meta, split
from bench.results import write_result
from recomengine._core.candidates import Workspace
from recomengine._core.ranking import Ranker
from recomengine.models.backtest import REPEAT_SHARE, collect, metric_of, repeat_share, silence
from recomengine.models.blend import Learned, Lists, gain, learn, metrics
from recomengine.models.cases import Case
from recomengine.models.cases import split as cut
from recomengine.models.encoder import put_encoder, put_near
from recomengine.models.encoder_training import Trained, train
from recomengine.models.evidence import build_evidence, make_ranker
from recomengine.models.histories import Histories
from recomengine.models.sources import ENCODER

AT_ONCE = 1000


def main() -> None:
    options = parser_of("What the learned encoder is worth.", max_cases=5000).parse_args()
    rows = []
    for folder in shops_below(options.dirs):
        for protocol in read_meta(folder)["protocols"]:
            if is_asked_for(options.only, folder, protocol):
                rows.append({"shop": folder.name, "protocol": protocol} | examine(folder, protocol, options.max_cases))
                print(rows[-1], flush=True)
    write_result("encoder", {"rows": rows})


def examine(folder: Path, protocol: str, max_cases: int) -> dict[str, Any]:
    events, tests = split(folder, protocol, max_cases)
    known = read_known(folder, events)
    held_back = cut(known.histories)
    context = CONTEXT.get(protocol) or ("home" if repeat_share(held_back.cases["home"]) >= REPEAT_SHARE else "home_new")
    started = time.process_time()
    trial = train(held_back.before)
    if trial.encoder is None:
        return {"events": len(known.histories.items), "places": trial.places, "used": False}
    final = train(known.histories, trial.encoder)
    seconds = time.process_time() - started
    ranker = _ranker(known, held_back.before, trial)
    whole, without = _both(_lists(known, ranker, held_back.cases[context], context), context)
    asked = [case_of(case, known.histories, known.users, known.numbers) for case in tests]
    ranker, metric, figures = _ranker(known, known.histories, final), metric_of(context), []
    for start in range(0, len(asked), AT_ONCE):
        found = _lists(known, ranker, asked[start : start + AT_ONCE], context)
        with_it = metrics(found, whole.weights.astype(np.float64), metric)
        silence(found, ENCODER)
        figures.append(np.stack([with_it, metrics(found, without.weights.astype(np.float64), metric)]))
    pair = np.concatenate(figures, axis=1)
    difference = pair[0] - pair[1]
    return {
        "cases": pair.shape[1], "metric": metric, "with": round(float(pair[0].mean()), 4),
        "without": round(float(pair[1].mean()), 4), "backtest": gain(whole, without),
        "standard_error": round(float(difference.std() / len(difference) ** 0.5), 4),
        "learning_cpu_s": round(seconds, 1), "places": trial.places + final.places, "held_back": trial.figures,
    }  # fmt: skip


def _both(lists: Lists, context: str) -> tuple[Learned, Learned]:
    """What is learned with the encoder, and without it."""
    whole = learn(lists, metric_of(context), context)
    silence(lists, ENCODER)
    return whole, learn(lists, metric_of(context), context)


def _ranker(known: Known, histories: Histories, trained: Trained) -> Ranker:
    arrays, _ = build_evidence(histories, known.content, len(known.numbers))
    assert trained.encoder is not None
    assert trained.near is not None
    put_encoder(arrays, ENCODER, trained.encoder)
    put_near(arrays, ENCODER, trained.near)
    return make_ranker(arrays, len(known.numbers))


def _lists(known: Known, ranker: Ranker, cases: list[Case], context: str) -> Lists:
    return collect(Workspace(), ranker, cases, known.shelf, new_only=context == "home_new").lists


if __name__ == "__main__":
    main()
