"""Evaluators of other libraries, each in a process of its own."""
