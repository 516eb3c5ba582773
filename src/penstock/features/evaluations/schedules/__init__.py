"""Evaluation schedules: runs that start at times, and after changes of the project."""
