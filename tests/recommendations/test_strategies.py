"""Scores and weights as an answer gives them."""

import math

import numpy as np
import pytest

from recomengine._core.csr import Int32
from recomengine.models.blend import NAMES
from recomengine.models.sources import FILLING, PLACE, SOURCES
from recomengine.recommendations.strategies import counts_as, shown_scores, weights_of


class Taught:
    """Stands for a model whose backtest found walks the best collaborative source of a session."""

    weights = {"session": np.arange(len(NAMES), dtype=np.float32)}  # noqa: RUF012
    singles = {"session": {"collaborative": "walk"}}  # noqa: RUF012

    def cold(self, seeds: Int32) -> bool:
        return 7 in seeds


WARM, NEW = np.array([3], np.int32), np.array([7], np.int32)


def test_scores_of_the_blend_are_odds_against_the_best_and_of_what_has_no_evidence_0() -> None:
    assert shown_scores("auto", [2.0, 1.0, -math.inf]) == pytest.approx([1.0, math.exp(-1), 0.0])
    assert shown_scores("auto", [-math.inf, -math.inf]) == [0.0, 0.0]
    assert shown_scores("auto", []) == []


def test_scores_of_a_named_strategy_are_its_own_and_never_below_0() -> None:
    assert shown_scores("trending", [0.5, -9.5, -math.inf]) == [0.5, 0.0, 0.0]


def test_a_named_strategy_is_answered_by_its_best_source_and_thinner_evidence_behind_it() -> None:
    weights = dict(zip(NAMES, weights_of(Taught(), "collaborative", "session", WARM).tolist(), strict=True))  # type: ignore[arg-type]
    assert weights["walk"] == 1.0
    assert 0 < weights["trending"] < weights["content"] < weights["walk"] / 100
    usual = dict(zip(NAMES, weights_of(Taught(), "frequently_bought_together", "session", WARM).tolist(), strict=True))  # type: ignore[arg-type]
    assert usual["together"] == 1.0
    assert weights_of(Taught(), "auto", "session", WARM) is Taught.weights["session"]  # type: ignore[arg-type]


def test_where_all_seeds_are_new_likeness_weighs_most_and_popularity_next_to_nothing() -> None:
    weights = dict(zip(NAMES, weights_of(Taught(), "auto", "session", NEW).tolist(), strict=True))  # type: ignore[arg-type]
    assert weights["content"] == max(weights.values()) > 10 * weights["popular"] > 0
    assert weights["at_hand"] < 0
    named = [weights_of(Taught(), "content_based", "session", seeds).tolist() for seeds in (WARM, NEW)]  # type: ignore[arg-type]
    assert named[0] == named[1]


def test_a_list_counts_as_the_strategy_that_was_asked_for_while_any_of_its_evidence_is_in_it() -> None:
    walk, together, trending = (SOURCES[PLACE[name]] for name in ("walk", "together", "trending"))
    assert counts_as("collaborative", [FILLING, walk]) == ("collaborative", False)
    assert counts_as("collaborative", [together, FILLING]) == ("frequently_bought_together", True)
    assert counts_as("content_based", [FILLING, trending]) == ("trending", True)
    assert counts_as("auto", [trending, walk]) == ("auto", False)
    assert counts_as("auto", [trending, FILLING]) == ("auto", True)
    assert counts_as("auto", []) == ("auto", False)
    assert counts_as("trending", []) == ("trending", False)
