"""Cohere's formats: chat (version 2), models, errors. Rerankings are beside those of Jina."""
