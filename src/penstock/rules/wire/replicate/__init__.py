"""The format of Replicate's predictions."""
