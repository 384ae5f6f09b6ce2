"""Two strategies tried on the shop's own shoppers: who sees which, and which is better."""
