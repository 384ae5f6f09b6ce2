"""Keys for servers (read, read-write) and for pages (publish). A key is shown once."""
