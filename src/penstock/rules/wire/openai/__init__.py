"""The OpenAI dialect: requests, answers, streams, usage and errors of its chat and embeddings."""
