"""Anthropic's formats: messages, token counts, models, errors."""
