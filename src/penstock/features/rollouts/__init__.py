"""Rollouts: which releases answer the calls of a use case, in each of its environments."""
