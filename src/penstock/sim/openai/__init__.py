"""OpenAI's formats: chat completions, responses, embeddings, errors."""
