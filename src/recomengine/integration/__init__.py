"""How a shop's integration does: what comes wrong of what it sends and asks, and what to do about it."""
