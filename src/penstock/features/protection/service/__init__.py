"""Use cases of evidence, approvals, and the check of what enters an environment."""
