"""Shoppers: what is stored of one is given out and erased, and the ids of one are joined."""
