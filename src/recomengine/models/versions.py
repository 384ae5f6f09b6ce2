"""Builds as answers show them: what each learned, by context, in figures and in a sentence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
from msgspec import UNSET

from recomengine.models.backtest import REPEAT_SHARE
from recomengine.models.cases import CONTEXTS
from recomengine.models.schemas import (
    ContextReport,
    EncoderTrial,
    Interval,
    ModelVersion,
    Progress,
    SourceFigure,
    SourceShare,
    StrategyFigure,
)
from recomengine.models.sources import KIND_OF_STRATEGY, PLACE, SOURCES, EvidenceSource

WHERE = {
    "home": "For a shopper who is known", "home_new": "For a shopper who is known, with something new",
    "session": "During a visit", "product": "On product pages", "cart": "In the cart",
    "session_known": "During another visit", "product_known": "On product pages, for a shopper who is known",
    "cart_known": "In the cart of a shopper who is known",
}  # fmt: skip
STRATEGIES = ("auto", *KIND_OF_STRATEGY)
ALL_EVIDENCE = "all evidence together"
OTHER_SHOPS = "what works in most shops"


def version_of(row: asyncpg.Record, served: str | None) -> ModelVersion:
    """row: of the ledger; served: the version that lists are made with."""
    stats: Mapping[str, Any] = row["stats"]
    repeats = stats.get("repeatShare")
    building = row["status"] == "building" and row["part"] is not None
    return ModelVersion(
        version=row["version"], status=row["status"], served=row["version"] == served, started_at=row["started_at"],
        built_at=row["finished_at"] if row["status"] == "ready" else None, build_seconds=stats.get("buildSeconds"),
        seconds=stats.get("seconds", {}), bytes=stats.get("bytes"), events=stats.get("events", 0),
        users=stats.get("users", 0), items=stats.get("items", 0), robots=stats.get("robots", 0),
        learned_at=stats.get("learnedAt"), repeat_share=repeats,
        repeats_stay=None if repeats is None else repeats >= REPEAT_SHARE, contexts=_contexts(stats),
        error=row["error"] if row["error"] is not None else UNSET,
        progress=Progress(row["part"], round(row["part_seconds"], 1)) if building else UNSET,
    )  # fmt: skip


def _contexts(stats: Mapping[str, Any]) -> list[ContextReport]:
    reports = stats.get("contexts", {})
    return [_context(name, reports[name], stats["strategies"]) for name in CONTEXTS if name in reports]


def _context(name: str, report: Mapping[str, Any], strategies: Mapping[str, Any]) -> ContextReport:
    ahead = report.get("ahead", {})
    weights = [SourceShare(*_named(source), share) for source, share in _largest_first(report.get("shares", {}))]
    sources = sorted(report.get("sources", {}).items(), key=lambda source: -source[1]["value"])
    return ContextReport(
        context=name,  # type: ignore[arg-type]  # one of CONTEXTS
        cases=report["cases"], metric=report["metric"], chosen=report["chosen"],
        strategies=[
            StrategyFigure(**found, strategy=strategy, label=label_of(found["source"]))
            for strategy in STRATEGIES if (found := strategies.get(strategy, {}).get(name)) is not None
        ],
        sources=[
            SourceFigure(
                **figure, source=source, label=_source(source).label, kind=_source(source).kind.name,
                ahead=Interval(**ahead[source]) if source in ahead else UNSET,
            )
            for source, figure in sources
        ],
        weights=weights, summary=in_a_sentence(name, report["chosen"], weights), shrunk_to=report.get("shrunkTo"),
        shrinkage=report.get("shrinkage"),
    )  # fmt: skip


def trial_of(stats: Mapping[str, Any]) -> EncoderTrial | None:
    """What a build says of its encoder."""
    verdict = stats.get("encoder")
    if not verdict:
        return None
    gains = {context: Interval(**gain) for context, gain in verdict["gains"].items()}
    decided_at = datetime.fromisoformat(verdict["decidedAt"])
    return EncoderTrial(
        verdict["used"], verdict["outcome"], decided_at, gains, verdict["places"], verdict["heldBack"]
    )  # fmt: skip


def label_of(chosen: str) -> str:
    """Of what a context chose: a source, the blend or the prior."""
    return {"blend": ALL_EVIDENCE, "prior": OTHER_SHOPS}.get(chosen) or _source(chosen).label


def in_a_sentence(context: str, chosen: str, weights: Sequence[SourceShare]) -> str:
    """Which kinds of evidence count most, of three at most."""
    labels = {kind.name: kind.label for kind in {source.kind for source in SOURCES}}
    shares: dict[str, float] = {}
    for each in weights:
        shares[each.kind] = shares.get(each.kind, 0.0) + each.share
    ranked = _largest_first(shares)[:3]
    where = WHERE[context]
    if not ranked:
        return f"{where}, the next learning says what counts."
    (first, share), others = ranked[0], [f"{labels[kind]} ({rest:.0%})" for kind, rest in ranked[1:]]
    counts = f"{where}, {labels[first]} counts most ({share:.0%})"
    then = f", then {' and '.join(others)}" if others else ""
    few = " There were too few cases to learn from, so this is what works in most shops." if chosen == "prior" else ""
    return f"{counts}{then}.{few}"


def _largest_first(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    """JSON in PostgreSQL keeps no order of members."""
    return sorted(shares.items(), key=lambda share: -share[1])


def _named(source: str) -> tuple[str, str, str]:
    return source, _source(source).label, _source(source).kind.name


def _source(name: str) -> EvidenceSource:
    return SOURCES[PLACE[name]]
