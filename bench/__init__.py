"""The benchmark suite: kernels beside their peers, the HTTP budgets, quality on shops, and faults under load."""
