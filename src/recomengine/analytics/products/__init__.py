"""What the figures are by product: kept by hour while a day lasts, by day, and in blocks of days."""
