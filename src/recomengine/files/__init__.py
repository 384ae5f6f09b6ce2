"""Files as they come, from bytes to records: separators, encodings, quotes, arrays and elements; no product is known."""
