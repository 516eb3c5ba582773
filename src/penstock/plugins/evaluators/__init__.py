"""Evaluators: what measures an answer. The formulas are in `rules/evaluation`."""
