"""Use cases of scores, outcomes and feedback."""
