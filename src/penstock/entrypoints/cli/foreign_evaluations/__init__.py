"""Evaluations of other tools: files read without their packages; nothing of them is run."""
