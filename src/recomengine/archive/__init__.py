"""Months of events past their time: written away as Parquet, verified, dropped; and brought back."""
