"""For operators and their machines: liveness, readiness, metrics."""
