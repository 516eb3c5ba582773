"""Penstock: one gateway in front of every model, and one loop behind it."""
