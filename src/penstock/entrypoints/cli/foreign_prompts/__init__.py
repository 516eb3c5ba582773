"""Prompts in the formats of Langfuse, LangSmith, MLflow and PromptLayer (docs/prompts.md)."""
