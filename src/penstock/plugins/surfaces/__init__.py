"""Surfaces: the wire formats that clients speak."""
