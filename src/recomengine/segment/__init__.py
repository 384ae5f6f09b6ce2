"""What the libraries of Segment and RudderStack send, as they send it: e-commerce events, identities and traits."""
