"""The metrics, in one place: names, types, labels, and the text that Prometheus reads.

Labels are bounded: route templates, never raw paths, and no tenant. Figures are those of all processes of one start
(metric_files.py), whichever of them answers. Made when imported, as the library wants it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from recomengine.infra.metric_files import VARIABLE, Place, SharedValue, Window

LATENCY_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ANY, UNMATCHED = "any", "unmatched"
"""In place of the method and the path of a request that no route takes."""

PLACE = Place(Path(os.environ[VARIABLE])) if os.environ.get(VARIABLE) else None
if PLACE is not None:
    SharedValue.place = PLACE
    values.ValueClass = SharedValue
disable_created_metrics()
REGISTRY = CollectorRegistry()
WINDOW = Window(PLACE)
REQUESTS, FAILED, RECOMMENDED, CACHED = range(len(Window.KINDS))


def _counter(name: str, what: str, *labels: str) -> Counter:
    return Counter(name, what, labels, registry=REGISTRY)


def _gauge(name: str, what: str, *labels: str, of_all: Literal["livesum", "livemax"] = "livesum") -> Gauge:
    return Gauge(name, what, labels, registry=REGISTRY, multiprocess_mode=of_all)


HTTP_REQUESTS = _counter("http_requests_total", "Requests answered.", "method", "path", "status")
HTTP_DURATION_MS = Histogram(
    "http_request_duration_ms", "Time to answer a request.", ["method", "path"], buckets=LATENCY_MS, registry=REGISTRY
)
RECOMMENDATION_REQUESTS = _counter("recommendation_requests_total", "Recommendations asked for.", "cached")
RECOMMENDATION_MS = Histogram(
    "recommendation_latency_ms", "Time to compute a recommendation (cache hits excluded).",
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100), registry=REGISTRY,
)  # fmt: skip
LOOP_STALL_MS = Histogram(
    "event_loop_stall_ms", "By how much later than it should the event loop of a serving process wakes.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), registry=REGISTRY,
)  # fmt: skip
EVENTS_INGESTED = _counter("event_ingestion_throughput", "Events stored.")
EVENTS_DROPPED = _counter("events_not_stored_total", "Events that were sent and not stored.", "reason")
REDIS_FAILURES = _counter("redis_failures_total", "Redis calls that failed or were not tried because Redis was down.")
FALLBACKS = _counter("fallbacks_total", "Times that a part went on without what it normally uses.", "part")
MAILS_NOT_SENT = _counter("mails_not_sent_total", "Mails to admins that could not be sent.")
MAILS_SPARED = _counter(
    "mails_spared_total", "Links for a new password that were not sent, as the account has enough that still work."
)
BACKGROUND_FAILURES = _counter("background_failures_total", "Rounds of a background task that failed.", "task")
NOTES_DROPPED = _counter("notes_dropped_total", "Notes of shops' integrations that were not kept.", "reason")
LOG_LINES_LOST = _counter("log_lines_not_written_total", "Lines of the log that could not be written.")
MODELS_LOADED = _gauge("models_loaded", "Models mapped, each once a process that maps it.")
EVENT_LOGS_UNUSABLE = _counter(
    "event_logs_unusable_total", "Logs of events on a worker's disk that could not be used or kept.", "reason"
)
MODELS_KEPT = _counter(
    "models_not_replaced_total", "Builds that backtested worse than the served model, which was kept."
)
PROCESSES = _gauge("recomengine_processes", "Living processes of this start.", "role")
PROCESS_START = _gauge(
    "process_start_time_seconds", "When the newest of the processes started, in Unix time.", "role", of_all="livemax"
)
PROCESS_CPU = _counter("process_cpu_seconds_total", "CPU time of the processes, user and system.", "role")
PROCESS_MEMORY = _gauge(
    "process_resident_memory_bytes", "Resident memory of the processes; what they share counts in each.", "role"
)
PROCESS_FILES = _gauge("process_open_fds", "Open file descriptors of the processes.", "role")
POOL_CONNECTIONS = _gauge(
    "database_pool_connections", "Connections to PostgreSQL that the pools hold.", "role", "state"
)
POOL_MOST = _gauge("database_pool_connections_max", "Connections that the pools may hold.", "role")

ERROR_RATE = "error_rate", "Answers of 500 and above among all of the last 5 minutes; 0 without any."
CACHE_HIT_RATIO = (
    "recommendation_cache_hit_ratio",
    "Recommendations from the cache among all of the last 5 minutes; 0 without any.",
)
ACTIVE_EXPERIMENTS = "active_experiments", "Experiments that run now, of all tenants."
JOBS_WAITING = "jobs_waiting", "Jobs in the queue that wait for a worker or for their next try."
JOBS_DEAD = "jobs_dead", "Jobs that failed at every attempt and wait for somebody."
SECONDS = {
    "http_request_duration_ms": "http_request_duration_seconds",
    "recommendation_latency_ms": "recommendation_latency_seconds",
}


def count_request(method: str, path: str, status: int, duration_ms: float | None = None) -> None:
    """Count an answer; `path` is the route's template, or UNMATCHED. None: it ended before its head was read."""
    method = ANY if path == UNMATCHED else method if method in METHODS else "other"
    _requests(method, path, status).inc()
    WINDOW.count(*((REQUESTS, FAILED) if status >= 500 else (REQUESTS,)))
    if duration_ms is not None:
        _durations(method, path).observe(duration_ms)


def count_recommendation(*, cached: bool) -> None:
    _recommendations(cached).inc()
    WINDOW.count(*((RECOMMENDED, CACHED) if cached else (RECOMMENDED,)))


# The library looks a labelled metric up under a lock, from texts; these know it.
@cache
def _requests(method: str, path: str, status: int) -> Counter:
    return HTTP_REQUESTS.labels(method, path, str(status))


@cache
def _durations(method: str, path: str) -> Histogram:
    return HTTP_DURATION_MS.labels(method, path)


@cache
def _recommendations(cached: bool) -> Counter:
    return RECOMMENDATION_REQUESTS.labels("yes" if cached else "no")


class Asked(NamedTuple):
    """A gauge that is asked for elsewhere: values by what `label` says, or one under "" without a label."""

    name: str
    what: str
    values: Mapping[str, float]
    label: str = ""

    def metric(self) -> Metric:
        metric = Metric(self.name, self.what, "gauge")
        for which, value in self.values.items():
            metric.add_sample(self.name, {self.label: which} if self.label else {}, value)
        return metric


def exposition(more: Sequence[Asked]) -> bytes:
    """The text of all metrics."""
    text = generate_latest(_Shown(more))
    return text.replace(
        b"event_ingestion_throughput_total", b"event_ingestion_throughput"
    )  # the library gives counters an ending


class _Shown(Collector):
    def __init__(self, more: Sequence[Asked]) -> None:
        self._more = more

    def collect(self) -> Iterator[Metric]:
        for metric in sorted(self._counted(), key=lambda metric: metric.name):
            yield metric
            if metric.name in SECONDS:
                yield _in_seconds(metric, SECONDS[metric.name])
        recent = WINDOW.totals()
        ratios = [
            Asked(*ERROR_RATE, {"": recent["failed"] / max(1, recent["requests"])}),
            Asked(*CACHE_HIT_RATIO, {"": recent["cached"] / max(1, recent["recommended"])}),
        ]
        yield from (asked.metric() for asked in [*ratios, *self._more])

    def _counted(self) -> Iterable[Metric]:
        if PLACE is None or PLACE.alone:
            return REGISTRY.collect()
        known = {metric.name: Metric(metric.name, metric.documentation, metric.type) for metric in REGISTRY.collect()}
        return (known | {metric.name: metric for metric in MultiProcessCollector.merge(PLACE.all_files())}).values()


def _in_seconds(metric: Metric, name: str) -> Metric:
    """A histogram of milliseconds as one of seconds."""
    shown = Metric(name, metric.documentation, "histogram")
    for sample in metric.samples:
        labels = {label: _thousandth(value) if label == "le" else value for label, value in sample.labels.items()}
        value = sample.value / 1000 if sample.name.endswith("_sum") else sample.value
        shown.samples.append(Sample(name + sample.name.removeprefix(metric.name), labels, value))
    return shown


def _thousandth(bound: str) -> str:
    return bound if bound == "+Inf" else repr(float(bound) / 1000)
