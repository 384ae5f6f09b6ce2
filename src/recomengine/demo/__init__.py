"""The demo shop: made-up products, shoppers with planted tastes, and a storefront that uses the public API."""
