"""Gemini's formats: generated content, token counts, embeddings, models, errors."""
