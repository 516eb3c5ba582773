"""The Anthropic dialect: requests, answers, streams, usage and errors of its messages."""
