"""Strategies of routes."""
