"""Which products to show to whom: lists with a reason for each product."""
