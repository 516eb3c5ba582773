"""Dry runs: what a gateway would do with a request."""
