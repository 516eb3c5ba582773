"""Datasets: examples in versions, for evaluations."""
