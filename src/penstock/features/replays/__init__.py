"""Replays: the request of a recorded call, built again, sent again, compared."""
