"""Accounts of the admins who own tenants, and their sessions."""
