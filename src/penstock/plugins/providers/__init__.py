"""Model providers. OpenAI-compatible vendors are rows of one table, served by one plugin."""
