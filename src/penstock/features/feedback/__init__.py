"""Scores, outcomes and feedback on calls, and the inbox of feedback."""
