"""Evaluation runs: a target on a version of a dataset, measured, reported, compared."""
