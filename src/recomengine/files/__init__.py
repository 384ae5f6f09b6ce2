"""Files as they come, from bytes to records: separators, encodings, quotes, arrays, elements. No product is known."""
