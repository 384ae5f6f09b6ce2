"""What a tenant's lists are made from; built again every 15 minutes where something is new."""
