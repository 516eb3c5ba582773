"""Routes: names that callers send as `model`, and that stand for several models."""
