"""Who sees what: the published cases, the split, and the draft against a plain one."""

import json
import random
from collections import Counter
from hashlib import sha256
from math import sqrt
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import given

from recomengine.experiments.assignment import bucket, draft, experiment_at, variant_of
from recomengine.shop import TenantConfig
from recomengine.web.caller import Caller, RunningExperiment
from tests.support.databases import fetch

CASES = json.loads((Path(__file__).parent / "assignment.json").read_text(encoding="utf-8"))["cases"]


def experiment(placement_id: str | None = "home", split: int = 50) -> RunningExperiment:
    return RunningExperiment(str(uuid4()), "ab", placement_id, "trending", "auto", split)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['userId'][:20]}-{case['experimentId'][:8]}")
def test_a_bucket_is_that_of_the_published_cases(case: dict[str, Any]) -> None:
    assert bucket(case["userId"], case["experimentId"]) == case["bucket"]


async def test_the_database_finds_the_same_buckets(database_url: str) -> None:
    rows = await fetch(
        database_url, "SELECT experiment_bucket(u, e) AS found FROM unnest($1::text[], $2::text[]) AS c (u, e)",
        [case["userId"] for case in CASES], [case["experimentId"] for case in CASES],
    )  # fmt: skip
    assert [row["found"] for row in rows] == [case["bucket"] for case in CASES]


@pytest.mark.parametrize("split", [1, 20, 50, 70, 99])
def test_a_hundred_thousand_shoppers_are_split_within_three_sigma(split: int) -> None:
    running, share, users = (
        RunningExperiment(str(UUID(int=split)), "ab", None, "auto", "auto", split),
        split / 100,
        100_000,
    )
    shoppers = random.Random(split)
    control = sum(variant_of(f"{shoppers.getrandbits(64):x}", running) == "control" for _ in range(users))
    assert abs(control - users * share) < 3 * sqrt(users * share * (1 - share))


def test_two_experiments_split_independently() -> None:
    one, other = experiment(), experiment()
    both = Counter((variant_of(f"u{n}", one), variant_of(f"u{n}", other)) for n in range(10_000))
    assert all(abs(count - 2500) < 4 * sqrt(10_000 * 0.25 * 0.75) for count in both.values())


def caller(*running: RunningExperiment) -> Caller:
    tenant = uuid4()
    return Caller(
        tenant,
        uuid4(),
        "rk_live_x",
        "read",
        (),
        "active",
        TenantConfig(),
        str(tenant),
        {each.placement_id: each for each in running},
    )


def test_a_placements_own_experiment_comes_first_and_the_shops_own_respects_a_named_strategy() -> None:
    home, shop = experiment("home"), experiment(None)
    both = caller(home, shop)
    assert experiment_at(both, "home", named=False) is home
    assert experiment_at(both, "home", named=True) is home
    assert experiment_at(both, "cart", named=False) is shop
    assert experiment_at(both, None, named=False) is shop
    assert experiment_at(both, "cart", named=True) is None
    assert experiment_at(caller(home), "cart", named=False) is None
    assert experiment_at(caller(home), None, named=False) is None


def plain_draft(control: list[str], variant: list[str], limit: int, coins: list[int]) -> list[tuple[str, str]]:
    """The algorithm as it is printed, round by round."""
    drafted: list[tuple[str, str]] = []
    teams: dict[str, list[str]] = {"control": [], "variant": []}
    while len(drafted) < limit:
        names = {name for name, _ in drafted}
        open_ = {
            team: [name for name in ranking if name not in names]
            for team, ranking in (("control", control), ("variant", variant))
        }
        if len(teams["control"]) < len(teams["variant"]):
            team = "control"
        elif len(teams["control"]) > len(teams["variant"]):
            team = "variant"
        else:
            team = "control" if coins.pop(0) else "variant"
        if not open_[team]:
            return drafted
        teams[team].append(open_[team][0])
        drafted.append((open_[team][0], team))
    return drafted


RANKINGS = st.permutations([f"p{number}" for number in range(12)])


@given(RANKINGS, RANKINGS, st.integers(1, 12), st.text(min_size=1, max_size=20))
def test_a_draft_is_that_of_the_printed_algorithm(
    control: list[str], variant: list[str], limit: int, user: str
) -> None:
    picks = draft(control, variant, limit, user, "x")
    named = [((control if team == "control" else variant)[place], team) for place, team in picks]
    number = int.from_bytes(sha256((user + "x").encode()).digest(), "big")
    assert named == plain_draft(control, variant, limit, [number >> at & 1 for at in range(12)])
    assert len({name for name, _ in named}) == len(named) == limit
    counts = Counter(team for _, team in named)
    assert abs(counts["control"] - counts["variant"]) <= 1
    assert draft(control, variant, limit, user, "x") == picks


def test_neither_captain_is_favoured() -> None:
    ranking = [f"p{number}" for number in range(8)]
    first = Counter(draft(ranking, ranking, 8, f"u{n}", "x")[0][1] for n in range(10_000))
    assert abs(first["control"] - 5000) < 4 * sqrt(10_000 * 0.25)


def test_a_captain_without_a_product_left_ends_the_draft() -> None:
    assert len(draft(["a"], ["a"], 8, "u", "x")) == 1
    assert draft([], [], 8, "u", "x") == []
