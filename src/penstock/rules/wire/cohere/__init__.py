"""Cohere's chat API (version 2), on the side of providers."""
