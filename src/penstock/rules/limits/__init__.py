"""Limits and budgets: documents, which apply to a call, what it may use, calendar windows."""
