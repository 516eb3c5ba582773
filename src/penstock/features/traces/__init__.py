"""Traces: what happened in each call, stored once, listed, searched, summed up."""
