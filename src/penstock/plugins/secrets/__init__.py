"""Secrets managers."""
