"""The products that are recommended, with all that filters and reasons need."""
