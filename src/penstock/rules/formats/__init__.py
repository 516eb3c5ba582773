"""Formats that wire dialects share: JSON, forms, server-sent events."""
