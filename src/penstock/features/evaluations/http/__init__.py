"""The routes of evaluation runs."""
