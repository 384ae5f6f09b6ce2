"""What the sums are said to mean."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from recomengine.experiments.reporting import report
from recomengine.experiments.schemas import Arm, Experiment, Results

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def said(control: Arm, variant: Arm, **fields: Any) -> Results:
    known: dict[str, Any] = {
        "id": UUID(int=1), "name": "x", "kind": "ab", "placement_id": None, "control_strategy": "trending",
        "variant_strategy": "auto", "traffic_split": 50, "metric": "conversion_rate", "status": "running",
        "started_at": NOW, "completed_at": None, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return report(Experiment(**known | fields), {"control": control, "variant": variant}, NOW)


def arm(users: int, bought: int, spent: int = 10, **fields: int) -> Arm:
    """Of `users` shoppers `bought` spent `spent` each."""
    y, revenue = Decimal(bought), Decimal(bought * spent)
    known: dict[str, Any] = {
        "users": users, "y": y, "d": Decimal(users), "yy": y, "yd": y, "dd": Decimal(users), "impressions": users,
        "clicks": 0, "conversions": bought, "purchases": bought, "revenue": revenue, "revenue_squares": revenue * spent,
        "error_free": users, "foreign": 0, "mismatched": 0,
    }  # fmt: skip
    return Arm(**known | fields)


@pytest.mark.parametrize(
    ("control", "variant", "decision", "words"),
    [
        (
            arm(1000, 100),
            arm(1000, 200),
            "variant",
            "Take the variant (auto): it raises conversion rate (+0.1, +100.0%).",
        ),
        (arm(1000, 200), arm(1000, 100), "control", "Keep control (trending): the variant lowers conversion rate"),
        (arm(1000, 100), arm(1000, 105), "undecided", "No difference in conversion rate is proven"),
        (arm(40, 1), arm(40, 30), "undecided", "Too little is known yet"),
        (arm(1000, 0), arm(1000, 0), "undecided", "Too little is known yet"),
        (arm(1000, 100), arm(1000, 200, spent=2), "undecided", "it lowers revenue per user: decide which counts more"),
        (
            arm(1000, 100),
            arm(1000, 200, error_free=700),
            "undecided",
            "it lowers share of shoppers without a fallback list",
        ),
        (arm(1000, 100), arm(800, 200), "invalid", "1000 and 800 shoppers saw control and variant"),
        (arm(0, 0), arm(0, 0), "undecided", "Too little is known yet"),
    ],
)
def test_the_decision_is_a_plain_sentence(control: Arm, variant: Arm, decision: str, words: str) -> None:
    found = said(control, variant)
    assert found.decision == decision
    assert words in found.summary


def test_a_p_value_that_the_sequential_interval_does_not_bear_out_is_warned_of() -> None:
    found = said(arm(1000, 100), arm(1000, 130))
    assert found.comparison.p_value is not None
    assert found.comparison.p_value < 0.05
    assert found.decision == "undecided"
    assert any("only if the end was fixed before the start" in warning for warning in found.warnings)


def test_a_completed_experiment_does_not_ask_for_more_shoppers() -> None:
    assert said(arm(1000, 100), arm(1000, 105)).summary.endswith("More shoppers would tell.")
    assert said(arm(1000, 100), arm(1000, 105), status="completed").summary.endswith("ended before it could tell.")


def test_few_shoppers_are_warned_of() -> None:
    assert any("Fewer than 100 shoppers" in warning for warning in said(arm(60, 10), arm(60, 12)).warnings)
    assert said(arm(200, 20), arm(200, 20)).warnings == []
