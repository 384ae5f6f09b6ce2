"""What shoppers do: one event, a batch, or a stream. Each is stored once, and answered after it is stored."""
