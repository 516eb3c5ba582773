"""Datasets, evaluators and runs: what they have in common, pure."""
