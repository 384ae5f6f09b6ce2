"""What recommendations bring: figures by day, hour, placement, strategy and product, and today as it happens."""
