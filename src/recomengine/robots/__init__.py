"""Ids that are no shopper's: found by the worker, named or cleared by an admin, and left out of what is learned."""
