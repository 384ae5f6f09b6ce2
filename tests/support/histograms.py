"""Whether a histogram is one."""

import pytest
from prometheus_client import Metric


def consistent(histogram: Metric) -> bool:
    """Of every series the buckets rise to a last one that has all, and the sum fits between the bounds."""
    series: dict[frozenset[tuple[str, str]], dict[str, float]] = {}
    for sample in histogram.samples:
        labels = frozenset((name, value) for name, value in sample.labels.items() if name != "le")
        part = sample.labels.get("le", sample.name.removeprefix(histogram.name))
        assert series.setdefault(labels, {}).setdefault(part, sample.value) == sample.value, f"twice: {sample}"
    for parts in series.values():
        count, total = parts.pop("_count"), parts.pop("_sum")
        buckets = sorted((float(bound), value) for bound, value in parts.items())
        values = [value for _, value in buckets]
        assert values == sorted(values)
        assert buckets[-1] == (float("inf"), count)
        within = [value - before for value, before in zip(values, [0.0, *values], strict=False)]
        least = sum(held * lower for held, lower in zip(within, [0.0, *(bound for bound, _ in buckets)], strict=False))
        most = sum(held * upper for held, (upper, _) in zip(within, buckets, strict=True) if held)
        assert least <= total <= most or total == pytest.approx(least)
    return bool(series)
