"""The process' metrics, in one place: names, types and labels. Labels are bounded: route templates, never raw paths."""

from prometheus_client import Counter, Gauge, Histogram

LATENCY_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

HTTP_REQUESTS = Counter("http_requests_total", "Requests answered.", ["method", "path", "status"])
HTTP_DURATION_MS = Histogram("http_request_duration_ms", "Time to answer a request.", ["method", "path"], buckets=LATENCY_MS)
RECOMMENDATION_REQUESTS = Counter("recommendation_requests_total", "Recommendations asked for.", ["cached"])
RECOMMENDATION_MS = Histogram(
    "recommendation_latency_ms", "Time to compute a recommendation (cache hits excluded).",
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
)
EVENTS_INGESTED = Counter("event_ingestion_throughput", "Events stored.")
EVENTS_DROPPED = Counter("events_not_stored_total", "Events that were sent and not stored.", ["reason"])
REDIS_FAILURES = Counter("redis_failures_total", "Redis calls that failed or were not tried because Redis was down.")
FALLBACKS = Counter("fallbacks_total", "Times that a part went on without what it normally uses.", ["part"])
MAILS_NOT_SENT = Counter("mails_not_sent_total", "Mails to admins that could not be sent.")
BACKGROUND_FAILURES = Counter("background_failures_total", "Rounds of a background task that failed.", ["task"])
MODELS_LOADED = Gauge("models_loaded", "Models mapped by this process.")
EVENT_LOGS_UNUSABLE = Counter("event_logs_unusable_total", "Logs of events on a worker's disk that could not be used or kept.", ["reason"])
MODELS_KEPT = Counter("models_not_replaced_total", "Builds that backtested worse than the served model, which was kept.")
JOBS_WAITING = Gauge("jobs_waiting", "Jobs in the queue that wait for a worker or for their next try.", ["job"], multiprocess_mode="mostrecent")
JOBS_DEAD = Gauge("jobs_dead", "Jobs that failed at every attempt and wait for somebody.", ["job"], multiprocess_mode="mostrecent")
