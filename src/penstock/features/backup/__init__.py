"""Backups of a running server, and their restore into an empty home."""
