"""Work in the background: what there is to do, when, how often it is tried, and what became of it."""
