"""Prompts: named templates with immutable versions, movable labels, and partials."""
