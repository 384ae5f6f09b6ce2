"""Shops: their names, configuration and state, and what was done to them."""
