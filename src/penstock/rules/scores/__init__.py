"""Scores, outcomes and feedback: their vocabulary, for server, SDK and evaluators."""
