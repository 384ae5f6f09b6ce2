"""What a field of a name may hold, for the examples of the document. A test holds each to the schemas that it stands in."""

from typing import Any

EXAMPLES: dict[str, Any] = {
    # shoppers, products, events
    "userId": "shopper-17", "sessionId": "session-4", "placementId": "home", "productId": "boot-41", "eventType": "view",
    "eventId": "c8b1f1d2-0001", "timestamp": "2026-01-15T09:30:00Z", "name": "Trail boot", "category": "Shoes > Boots", "price": 129.9,
    "currency": "EUR", "imageUrl": "https://shop.example/boot-41.jpg", "url": "https://shop.example/boot-41", "brand": "Northfell",
    "description": "A light boot for long days on rough paths.", "attributes": {"colour": "brown"}, "q": "trail boot",
    "metadata": {"price": 129.9, "currency": "EUR", "quantity": 1, "orderId": "order-9", "placementId": "home"},
    # lists
    "exclude": ["boot-7"], "minPrice": 20, "maxPrice": 200, "context": "home", "excludePurchased": True, "diversity": 0.2, "score": 0.84,
    "reason": "Bought together with Trail boot", "kind": "together", "productIds": ["boot-41"], "strategy": "auto",
    "requestedStrategy": "auto", "recommendationId": "0f2c7a6be1d94e0c9b8f4a7d5e3c2b1a", "modelVersion": "20260115T093000-5f2a",
    # accounts, tenants, keys
    "email": "ann@example.com", "password": "correct horse battery", "token": "kq3t…", "accessToken": "eyJhbGciOi…", "expiresIn": 3600,
    "role": "admin", "permissions": "publish", "origins": ["https://shop.example"], "allowedOrigins": ["https://shop.example"],
    "timezone": "Europe/Berlin", "prefix": "rk_pub_ab12cd34", "action": "tenant.created", "subject": "the tenant's id", "address": "192.0.2.1",
    # answers
    "index": 0, "accepted": 1, "duplicates": 0, "rejected": 0, "errors": [], "line": 1, "path": "$.price", "code": "invalid",
    "message": "expected at most 2 decimal places, got 1.999. Round it", "nextCursor": None, "version": "20260115T093000-5f2a",
    "builtAt": "2026-01-15T09:30:00Z", "createdAt": "2026-01-15T09:30:00Z", "updatedAt": "2026-01-15T09:30:00Z", "at": "2026-01-15T09:30:00Z",
    "events": 125_000, "users": 9_400, "items": 1_200, "buildSeconds": 3.1, "postgresql": "ok", "redis": "ok",
}  # fmt: skip
