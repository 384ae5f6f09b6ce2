"""Text of others in a table for spreadsheets."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def as_text(text: str) -> str:
    """`text` as a spreadsheet shows it, and does not compute it."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
