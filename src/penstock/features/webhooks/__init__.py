"""Signed webhooks: what happens to releases and feedback, reported to other systems."""
