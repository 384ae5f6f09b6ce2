"""A copy of everything in PostgreSQL that must not be lost, and the way back."""
