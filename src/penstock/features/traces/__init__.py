"""Traces: stores each call once; lists, searches and aggregates calls."""
