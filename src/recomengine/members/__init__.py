"""Who works on a shop: its members, their roles, and invitations by mail."""
