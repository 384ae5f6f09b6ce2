"""Recommendation quality on real shops, through HTTP, with default settings."""
