"""Releases: immutable bundles of all that decides an answer."""
