"""Shared fixtures only; what a single test needs stands beside it."""
