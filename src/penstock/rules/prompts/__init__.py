"""A prompt's version: its document, and its file."""
