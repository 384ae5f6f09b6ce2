"""What stands at a placement and how it looks there, and all lists of a page in one request."""
