"""Limits and budgets: how much the calls of a project may use."""
