"""The use cases of evaluation runs."""
